//! The scenarios that come with this program.

/// Name and text of each, sorted by name.
pub const LIBRARY: &[(&str, &str)] = &[(
    "a07-partial-if-id-and-offset-fit",
    include_str!("../../scenarios/a07-partial-if-id-and-offset-fit.scenario"),
)];

/// The text of a scenario of the library.
pub fn find(name: &str) -> Option<&'static str> {
    LIBRARY.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
