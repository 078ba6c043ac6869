//! `INFO`, taken apart.

use std::collections::BTreeMap;

/// The fields of an `INFO` reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info(BTreeMap<String, String>);

impl Info {
    /// Parses the text; comments and empty lines are left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let fields = lines.filter_map(|line| line.trim_end().split_once(':'));
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    /// A field's text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A field's text.
    ///
    /// # Panics
    /// If there is no such field.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_else(|| panic!("INFO has no {name}: {self:#?}"))
    }

    /// A field's number.
    ///
    /// # Panics
    /// If there is no such field or it is no number.
    #[must_use]
    pub fn number(&self, name: &str) -> i64 {
        let text = self.text(name);
        text.parse().unwrap_or_else(|_| panic!("INFO {name}:{text} is no number"))
    }

    /// The parts of `slaveN`: `ip=...,port=...,state=...,offset=...,lag=...`.
    #[must_use]
    pub fn replica(&self, number: usize) -> Option<BTreeMap<&str, &str>> {
        let text = self.get(&format!("slave{number}"))?;
        Some(text.split(',').filter_map(|part| part.split_once('=')).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_replicas() {
        let info = Info::parse(
            "# Replication\r\nrole:master\r\nmaster_repl_offset:14\r\n\
             slave0:ip=127.0.0.1,port=6381,state=online,offset=14,lag=1\r\n",
        );
        assert_eq!(info.text("role"), "master");
        assert_eq!(info.number("master_repl_offset"), 14);
        assert_eq!(info.replica(0).unwrap()["port"], "6381");
        assert_eq!(info.replica(1), None);
    }
}
