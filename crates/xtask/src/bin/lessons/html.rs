//! Markdown to HTML, in what a lesson needs of it.
//!
//! HTML within the Markdown is refused, so that nothing but what Markdown makes reaches the page,
//! which shows it unescaped. Terms (`{{TERM}}`) stay as they are, escaped as text is.

use lockstep_sim::lesson::text::Section;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, html};

/// The sections with their texts as HTML. A title is one line, its text escaped; choices are one
/// line too, without a paragraph around it.
///
/// # Errors
/// The section, and what of it is not allowed.
pub(crate) fn render(sections: &[Section]) -> Result<Vec<Section>, String> {
    let one = |(name, text): &Section| {
        let html = to_html(text).map_err(|why| format!("`{name}`: {why}"))?;
        let inline = name == "title" || name.starts_with("choice ") || name == "lead";
        let html = if inline { inner(&html) } else { html };
        Ok((name.clone(), html))
    };
    sections.iter().map(one).collect()
}

/// What is inside the one paragraph.
fn inner(html: &str) -> String {
    let html = html.trim();
    let inside = html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>"));
    inside.unwrap_or(html).replace('\n', " ")
}

fn to_html(markdown: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut events = Vec::new();
    for event in Parser::new_ext(markdown, Options::ENABLE_TABLES) {
        events.push(match event {
            Event::Html(text) | Event::InlineHtml(text) => {
                return Err(format!("HTML is not allowed: {text}"));
            }
            Event::Start(Tag::Image { .. }) => return Err("images are not allowed".into()),
            Event::Start(Tag::Heading { .. }) => return Err("headings are not allowed here".into()),
            Event::Start(Tag::Link {
                link_type: LinkType::Inline | LinkType::Autolink,
                dest_url,
                ..
            }) if dest_url.starts_with("https://") => {
                Event::InlineHtml(CowStr::from(anchor(&dest_url)))
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                return Err(format!("only links to https:// are allowed: {dest_url}"));
            }
            other => other,
        });
    }
    html::push_html(&mut out, events.into_iter());
    Ok(out)
}

/// A link that leaves the page where it is.
fn anchor(address: &str) -> String {
    let address = address.replace('&', "&amp;").replace('"', "%22").replace('<', "%3C");
    format!("<a href=\"{address}\" target=\"_blank\" rel=\"noopener noreferrer\">")
}

/// A text that HTML escaped.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, text: &str) -> Result<String, String> {
        render(&[(name.to_owned(), text.to_owned())]).map(|all| all[0].1.clone())
    }

    #[test]
    fn markdown_becomes_html_and_nothing_else_does() {
        assert_eq!(one("title", "The *cut* & more").unwrap(), "The <em>cut</em> &amp; more");
        assert_eq!(
            one("story", "`a < b`, {{master(GET \"x\")}}").unwrap(),
            "<p><code>a &lt; b</code>, {{master(GET \"x\")}}</p>\n"
        );
        let link = one("after", "[r](https://redis.io/?a&b)").unwrap();
        assert!(link.contains("href=\"https://redis.io/?a&amp;b\" target=\"_blank\""), "{link}");
        assert!(link.contains(">r</a>"), "{link}");
        for bad in ["<b>x</b>", "<script>x</script>", "![a](b.png)", "# a", "[a](javascript:b)"] {
            assert!(one("story", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_was_escaped_comes_back() {
        assert_eq!(unescape("&lt;a&gt; &amp;amp; &quot;"), "<a> &amp; \"");
    }
}
