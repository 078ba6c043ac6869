//! Strings.

/// A string value: an integer, a short string in place, or bytes on the heap.
#[derive(Debug, Clone)]
pub struct Str(Vec<u8>);

impl Str {
    /// The bytes as a value (canonical integers are stored as such).
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}
