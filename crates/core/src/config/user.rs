//! The default user, the only one there is: it may do everything, and may have passwords.

use super::Config;
use crate::num::sha256::{hex, sha256};

/// Rules that say what is so anyway.
const USUAL: [&[u8]; 9] = [
    b"on",
    b"sanitize-payload",
    b"skip-sanitize-payload",
    b"~*",
    b"allkeys",
    b"&*",
    b"allchannels",
    b"+@all",
    b"allcommands",
];

impl Config {
    /// Whether clients have to give a password.
    pub fn needs_password(&self) -> bool {
        !self.requirepass.is_empty() || !self.passwords.is_empty()
    }

    /// The hashes of the passwords of the default user.
    pub fn password_hashes(&self) -> Vec<[u8; 32]> {
        let first = (!self.requirepass.is_empty()).then(|| sha256(&self.requirepass));
        first.into_iter().chain(self.passwords.iter().copied()).collect()
    }

    /// Whether this is one of the passwords. Takes as long for a near miss as for any other.
    pub fn is_password(&self, given: &[u8]) -> bool {
        let given = sha256(given);
        let same = |hash: &[u8; 32]| hash.iter().zip(given).fold(0, |d, (a, b)| d | (a ^ b)) == 0;
        self.password_hashes().iter().filter(|hash| same(hash)).count() > 0
    }

    /// The user as `ACL LIST` shows it and as a config file has it.
    pub fn user_line(&self) -> String {
        let hashes: Vec<String> =
            self.password_hashes().iter().map(|hash| format!("#{}", hex(hash))).collect();
        let passwords = if hashes.is_empty() { "nopass".into() } else { hashes.join(" ") };
        format!("user default on {passwords} ~* &* +@all")
    }

    /// Applies rules of `ACL SETUSER default`, or of a `user` line; all or none of them.
    ///
    /// # Errors
    /// The rule that is refused, and why.
    pub fn set_user<'a>(
        &mut self,
        rules: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<(), (&'a [u8], &'static str)> {
        let mut changed = (self.requirepass.clone(), self.passwords.clone());
        for rule in rules {
            apply(&mut changed, rule).map_err(|why| (rule, why))?;
        }
        (self.requirepass, self.passwords) = changed;
        Ok(())
    }
}

fn apply((plain, hashes): &mut (Vec<u8>, Vec<[u8; 32]>), rule: &[u8]) -> Result<(), &'static str> {
    const BAD_HASH: &str = "The provided password hash must be exactly 64 characters and contain \
                            only lowercase hexadecimal characters";
    const NOT_THERE: &str = "The password you are trying to remove from the user does not exist";
    let is = |word: &[u8]| rule.eq_ignore_ascii_case(word);
    match rule {
        _ if USUAL.iter().any(|word| is(word)) => {}
        _ if is(b"nopass") || is(b"resetpass") => (*plain, *hashes) = Default::default(),
        [mark @ (b'>' | b'<' | b'#' | b'!'), word @ ..] => {
            let hash = match mark {
                b'>' | b'<' => sha256(word),
                _ => parse_hash(word).ok_or(BAD_HASH)?,
            };
            let known = hashes.contains(&hash);
            let is_plain = !plain.is_empty() && sha256(plain) == hash;
            match mark {
                b'>' | b'#' if !known && !is_plain => hashes.push(hash),
                b'>' | b'#' => {}
                _ if known => hashes.retain(|other| *other != hash),
                _ if is_plain => plain.clear(),
                _ => return Err(NOT_THERE),
            }
        }
        [b'~' | b'&' | b'+' | b'-' | b'%' | b'(', ..] => return Err(UNRESTRICTED),
        _ if [&b"off"[..], b"reset", b"resetkeys", b"resetchannels", b"nocommands"]
            .iter()
            .any(|word| is(word)) =>
        {
            return Err(UNRESTRICTED);
        }
        _ => return Err("Syntax error"),
    }
    Ok(())
}

/// What this server says to rules that it cannot keep: it must not seem to obey them.
const UNRESTRICTED: &str = "Lockstep does not restrict users: the default user may do everything";

fn parse_hash(text: &[u8]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 || !text.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    for (byte, digits) in hash.iter_mut().zip(text.chunks_exact(2)) {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(config: &mut Config, rules: &[&'static str]) -> Result<(), &'static str> {
        config.set_user(rules.iter().map(|rule| rule.as_bytes())).map_err(|(_, why)| why)
    }

    #[test]
    fn passwords_come_and_go_and_are_shown_by_their_hash() {
        let mut config = Config::default();
        assert_eq!(config.user_line(), "user default on nopass ~* &* +@all");
        let foo = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        set(&mut config, &[">foo", ">foo", "on"]).expect("valid");
        assert_eq!(config.user_line(), format!("user default on #{foo} ~* &* +@all"));
        assert!(config.needs_password() && config.is_password(b"foo"));
        assert!(!config.is_password(b"") && !config.is_password(b"fop"));
        config.requirepass = b"bar".to_vec();
        assert!(config.is_password(b"foo") && config.is_password(b"bar"));
        set(&mut config, &["<bar"]).expect("valid");
        assert!(!config.is_password(b"bar"));
        set(&mut config, &["nopass"]).expect("valid");
        assert!(!config.needs_password());
        let hash = "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";
        set(&mut config, &[hash]).expect("valid");
        assert!(config.is_password(b"foo"));
    }

    #[test]
    fn what_cannot_be_kept_is_refused_and_changes_nothing() {
        let mut config = Config::default();
        for rule in ["off", "-@all", "~a*", "resetkeys", "+get", "(~a)"] {
            assert_eq!(set(&mut config, &[">x", rule]), Err(UNRESTRICTED), "{rule}");
        }
        assert_eq!(set(&mut config, &["foo"]), Err("Syntax error"));
        assert!(set(&mut config, &["#12"]).is_err_and(|why| why.contains("64 characters")));
        assert!(set(&mut config, &["<x"]).is_err_and(|why| why.contains("does not exist")));
        assert_eq!(config, Config::default());
    }
}
