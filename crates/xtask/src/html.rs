//! index.html, read as Trunk reads it: `<link data-trunk rel=...>` says what belongs to the page.
//!
//! So that one index.html serves both, this understands the link types the page uses and refuses
//! any other by name rather than leaving it out silently.

use anyhow::{Result, bail};

/// One `data-trunk` link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asset {
    /// What to do with it.
    pub(crate) kind: Kind,
    /// The file, relative to index.html.
    pub(crate) href: String,
    /// The attributes Trunk would leave on the tag (`sizes`, `media`, `type`...), as written.
    pub(crate) rest: String,
}

/// The link types of Trunk that the page may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The Cargo package of the page.
    Rust,
    /// A style sheet, linked.
    Css,
    /// A file put into the document: a style sheet as `<style>`, anything else as it is.
    Inline,
    /// An icon, linked.
    Icon,
    /// A file copied under its own name.
    CopyFile,
    /// A directory copied under its own name.
    CopyDir,
}

/// A piece of index.html.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// To be kept as it is.
    Text(String),
    /// To be replaced by what the asset becomes.
    Asset(Asset),
}

/// Splits index.html at its `data-trunk` links.
pub(crate) fn pieces(html: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = html;
    let mut text = String::new();
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        text.push_str(before);
        if tag.starts_with("<!--") {
            let end = tag.find("-->").map_or(tag.len(), |at| at + 3);
            text.push_str(&tag[..end]);
            rest = &tag[end..];
            continue;
        }
        let end = tag_end(tag);
        let attributes = attributes(&tag[1..end]);
        if attributes.iter().any(|(name, _)| name == "data-trunk") {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            pieces.push(Piece::Asset(asset(&tag[..end], attributes)?));
        } else {
            text.push_str(&tag[..end]);
        }
        rest = &tag[end..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    Ok(pieces)
}

/// The length of the tag at the start of `text`; a `>` inside quotes does not end it.
fn tag_end(text: &str) -> usize {
    let mut quote = None;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (None, '"' | '\'') => quote = Some(char),
            (None, '>') => return at + 1,
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// Name and value of everything inside a tag, the tag's own name first (with an empty value).
fn attributes(tag: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = tag.trim_end_matches('>').trim_end_matches('/');
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            return found;
        }
        let end = rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let Some(value) = rest.strip_prefix('=').map(str::trim_start) else {
            found.push((name, String::new()));
            continue;
        };
        let (value, after) = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            _ => value.split_at(value.find(char::is_whitespace).unwrap_or(value.len())),
        };
        found.push((name, value.to_owned()));
        rest = after;
    }
}

fn asset(tag: &str, attributes: Vec<(String, String)>) -> Result<Asset> {
    let value = |wanted: &str| {
        attributes.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value.as_str())
    };
    let kind = match value("rel") {
        "rust" => Kind::Rust,
        "css" => Kind::Css,
        "inline" => Kind::Inline,
        "icon" => Kind::Icon,
        "copy-file" => Kind::CopyFile,
        "copy-dir" => Kind::CopyDir,
        other => bail!("index.html: {tag}\n`cargo xtask web` does not know rel=\"{other}\""),
    };
    let href = value("href").to_owned();
    if href.is_empty() && kind != Kind::Rust {
        bail!("index.html: {tag}\nhas no href");
    }
    let rest = attributes
        .iter()
        .skip(1)
        .filter(|(name, _)| !matches!(name.as_str(), "rel" | "href") && !name.starts_with("data-"))
        .map(|(name, value)| format!(" {name}=\"{value}\""))
        .collect();
    Ok(Asset { kind, href, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_between_other_tags() {
        let html = "<!doctype html><link data-trunk rel=\"css\" href='a b.css' media=print/>\n\
                    <link rel=\"x\" title=\"data-trunk > no\"><!-- <link data-trunk> --><p>1 < 2";
        let found = pieces(html).unwrap();
        let asset =
            Asset { kind: Kind::Css, href: "a b.css".into(), rest: " media=\"print\"".into() };
        assert_eq!(
            found,
            [
                Piece::Text("<!doctype html>".into()),
                Piece::Asset(asset),
                Piece::Text(html[html.find('\n').unwrap()..].to_owned()),
            ]
        );
    }

    #[test]
    fn rust_takes_the_package_beside_it_by_default() {
        let found = pieces("<link data-trunk rel=rust>").unwrap();
        let Piece::Asset(asset) = &found[1] else { panic!("{found:?}") };
        assert_eq!((asset.kind, asset.href.as_str()), (Kind::Rust, ""));
    }

    #[test]
    fn an_unknown_kind_is_refused_by_name() {
        let error = pieces("<link data-trunk rel=\"sass\" href=\"a.scss\">").unwrap_err();
        assert!(error.to_string().contains("rel=\"sass\""), "{error}");
    }
}
