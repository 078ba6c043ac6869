//! The words of the page, in every language it speaks.
//!
//! One table holds all texts. Each entry has all languages, so a missing text does not compile;
//! a translation whose placeholders differ from the English ones does not compile either.

mod catalogue;

pub(crate) use catalogue::Key;

/// A language of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Lang {
    #[default]
    En,
    Zh,
}

impl Lang {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The language for a BCP 47 tag such as `zh-CN`, English for what the page does not speak.
    pub(crate) fn from_tag(tag: &str) -> Self {
        if tag.to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// The tag for the `lang` attribute.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// The other language, for the toggle.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::En => Self::Zh,
            Self::Zh => Self::En,
        }
    }

    /// A text without placeholders.
    pub(crate) fn t(self, key: Key) -> &'static str {
        catalogue::text(self, key)
    }

    /// A text with its placeholders filled in.
    pub(crate) fn fill(self, key: Key, args: &[&str]) -> String {
        let mut out = String::new();
        let mut rest = self.t(key);
        while let Some(at) = rest.find('{') {
            out.push_str(&rest[..at]);
            let index = usize::from(rest.as_bytes()[at + 1] - b'0');
            out.push_str(args.get(index).copied().unwrap_or_default());
            rest = &rest[at + 3..];
        }
        out.push_str(rest);
        out
    }

    /// `1 byte`, `273 bytes`, `273 字节`.
    pub(crate) fn bytes(self, count: u64) -> String {
        self.fill(if count == 1 { Key::OneByte } else { Key::Bytes }, &[&grouped(count)])
    }

    /// `1 key`, `20 keys`, `20 个键`.
    pub(crate) fn keys(self, count: u64) -> String {
        self.fill(if count == 1 { Key::OneKey } else { Key::Keys }, &[&grouped(count)])
    }
}

/// A text that is not yet in a language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Say {
    pub(crate) key: Key,
    pub(crate) args: Vec<String>,
}

impl Say {
    pub(crate) fn with(key: Key, args: &[&dyn ToString]) -> Self {
        Self { key, args: args.iter().map(|arg| arg.to_string()).collect() }
    }

    /// The text in a language.
    pub(crate) fn to(&self, lang: Lang) -> String {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        lang.fill(self.key, &args)
    }
}

impl From<Key> for Say {
    fn from(key: Key) -> Self {
        Self { key, args: Vec::new() }
    }
}

/// A number with its thousands apart (a narrow space that does not break): `1 437`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 2);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// As [`grouped`], for numbers that may be negative.
pub(crate) fn grouped_signed(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", grouped(number.unsigned_abs()))
}

/// The set of placeholders of a text as bits; fails the build on braces that are none.
const fn placeholders(text: &str) -> u16 {
    let bytes = text.as_bytes();
    let mut found = 0;
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'{' {
            assert!(at + 2 < bytes.len(), "a brace without an end");
            assert!(bytes[at + 1].is_ascii_digit(), "a placeholder is one digit");
            assert!(bytes[at + 2] == b'}', "a placeholder is one digit");
            found |= 1 << (bytes[at + 1] - b'0');
            at += 2;
        }
        at += 1;
    }
    found
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn every_text_is_there_in_every_language() {
        for &key in Key::ALL {
            for lang in Lang::ALL {
                assert!(!lang.t(key).trim().is_empty(), "{key:?} in {lang:?}");
            }
        }
    }

    #[test]
    fn chinese_texts_are_chinese() {
        let latin_only = Key::ALL.iter().filter(|&&key| Lang::Zh.t(key).is_ascii());
        let latin_only: Vec<_> = latin_only.collect();
        // Names of things that Chinese texts leave as they are.
        for key in latin_only {
            assert_eq!(Lang::Zh.t(*key), Lang::En.t(*key), "{key:?}");
        }
    }

    #[test]
    fn placeholders_are_filled() {
        assert_eq!(Lang::En.bytes(1), "1 byte");
        assert_eq!(Lang::En.bytes(1437), "1\u{202f}437 bytes");
        assert_eq!(Lang::Zh.bytes(1), "1 字节");
        assert_eq!(Say::with(Key::Bytes, &[&7]).to(Lang::Zh), "7 字节");
    }

    #[test]
    fn languages_are_chosen_by_their_tag() {
        for (tag, lang) in [("zh-CN", Lang::Zh), ("ZH", Lang::Zh), ("en-GB", Lang::En)] {
            assert_eq!(Lang::from_tag(tag), lang);
        }
        assert_eq!(Lang::from_tag("fr"), Lang::En);
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1\u{202f}000");
        assert_eq!(grouped(12_345_678), "12\u{202f}345\u{202f}678");
        assert_eq!(grouped_signed(-1), "-1");
    }
}
