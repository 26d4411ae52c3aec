//! E-mail addresses as identities: one normal form per mailbox, so that case and IDN spelling never make two people.
//! Not here: whether the mailbox exists.
//!
//! Syntax follows the WHATWG definition of a valid e-mail address (HTML Standard, "email state"), with three
//! changes: the local part is a dot-atom (RFC 5322: no leading, trailing or doubled dot) of at most 64 octets (RFC 5321,
//! 4.5.3.1.1: a longer one cannot be mailed), a domain may be written in Unicode and is compared in IDNA form (UTS 46), and it
//! must have a dot, because a payout to `user@gmail` is a typo.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// A valid address in normal form: local part and domain in lower case, domain in ASCII. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(Arc<str>);

/// Why a text is not an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailProblem {
    /// More than [`Email::MAX_CHARACTERS`].
    TooLong,
    /// Not of the form described at the top of this file.
    NotAnAddress,
}

impl Email {
    /// Contract, 1.2: counted in characters of the text as it was sent.
    pub const MAX_CHARACTERS: usize = 255;

    /// RFC 5321, 4.5.3.1.1.
    pub const MAX_LOCAL_OCTETS: usize = 64;

    /// Reads an address and brings it to normal form.
    ///
    /// # Errors
    /// [`EmailProblem`] names the rule it breaks; the length is checked first.
    pub fn parse(text: &str) -> Result<Self, EmailProblem> {
        if text.len() > Self::MAX_CHARACTERS && text.chars().count() > Self::MAX_CHARACTERS {
            return Err(EmailProblem::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailProblem::NotAnAddress)?;
        if local.len() > Self::MAX_LOCAL_OCTETS || !is_dot_atom(local) {
            return Err(EmailProblem::NotAnAddress);
        }
        let domain = normal_domain(domain).ok_or(EmailProblem::NotAnAddress)?;
        let mut normal = String::with_capacity(local.len() + 1 + domain.len());
        normal.push_str(local);
        normal.make_ascii_lowercase();
        normal.push('@');
        normal.push_str(&domain);
        // A domain is longer in ASCII than in Unicode; what we show must be an address that we take.
        if normal.len() > Self::MAX_CHARACTERS { Err(EmailProblem::TooLong) } else { Ok(Self(normal.into())) }
    }

    /// Takes a text that was stored in normal form before. Only the store calls this.
    #[must_use]
    pub fn from_stored(normal: String) -> Self {
        Self(normal.into())
    }

    /// The normal form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_dot_atom(local: &str) -> bool {
    !local.is_empty() && local.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))
}

fn is_atom_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte)
}

fn normal_domain(domain: &str) -> Option<String> {
    if is_plain_domain(domain) {
        return Some(domain.to_ascii_lowercase());
    }
    let ascii = idna::domain_to_ascii_strict(domain).ok()?;
    is_ascii_domain(&ascii).then_some(ascii)
}

/// Most domains: ASCII letters, digits and hyphens without an `xn--` label, which need no IDNA work.
fn is_plain_domain(domain: &str) -> bool {
    is_ascii_domain(domain)
        && !domain
            .split('.')
            .any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")))
}

/// Two labels or more, each of 1 to 63 letters, digits and inner hyphens; 253 octets in all (RFC 1035, 2.3.4); the
/// last label not all digits, which would be an IP address.
fn is_ascii_domain(domain: &str) -> bool {
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && domain.rsplit('.').next().is_some_and(|last| last.bytes().any(|byte| !byte.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_mailbox_has_one_normal_form() {
        for (text, normal) in [
            ("User@Example.COM", "user@example.com"),
            ("a.b+c@sub.example.org", "a.b+c@sub.example.org"),
            ("x@bücher.example", "x@xn--bcher-kva.example"),
            ("x@XN--BCHER-KVA.example", "x@xn--bcher-kva.example"),
            ("o'neil@example.com", "o'neil@example.com"),
        ] {
            assert_eq!(Email::parse(text).map(|email| email.to_string()), Ok(normal.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "plain",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            "a@exa mple.com",
            "a@b@c",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            "a@example..com",
            "a@.example.com",
            "a@example.com.",
            "a@-x.com",
            "a@x-.com",
            "ü@example.com",
            "a@1.2.3.4",
            "a@[1.2.3.4]",
            "\"a\"@example.com",
            "a\0@example.com",
            "a@exam\0ple.com",
            "a@example.com\n",
            " a@example.com",
            "a@example.com ",
            "a@xn--\u{fffd}.com",
            "<a@example.com>",
            "a@example,com",
            "a@exa_mple.com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailProblem::NotAnAddress), "{text:?}");
        }
    }

    #[test]
    fn a_local_part_has_at_most_64_octets() {
        let of = |octets: usize| Email::parse(&format!("{}@example.com", "a".repeat(octets)));
        assert!(of(64).is_ok());
        assert_eq!(of(65), Err(EmailProblem::NotAnAddress));
        assert_eq!(of(243), Err(EmailProblem::NotAnAddress));
        assert_eq!(
            Email::parse(&format!("{0}.{0}@example.com", "a".repeat(32))),
            Err(EmailProblem::NotAnAddress)
        );
    }

    #[test]
    fn length_is_counted_in_characters_up_to_255() {
        let of = |last: usize| {
            let label = "a".repeat(63);
            format!("{}@{label}.{label}.{}.com", "a".repeat(64), "a".repeat(last))
        };
        assert_eq!((of(58).len(), Email::parse(&of(58)).is_ok()), (255, true));
        assert_eq!(Email::parse(&of(59)), Err(EmailProblem::TooLong));
        // In characters, not in bytes: the domain is shorter in ASCII.
        let label = "\u{1d41a}".repeat(60);
        let fits = format!("{}@{label}.{label}.{label}.com", "a".repeat(64 - 1));
        assert!(fits.len() > 255 && fits.chars().count() <= 255);
        assert!(Email::parse(&fits).is_ok());
        assert_eq!(Email::parse(&format!("{}@example.com", "a".repeat(244))), Err(EmailProblem::TooLong));
        let label = "a".repeat(64);
        assert_eq!(Email::parse(&format!("a@{label}.com")), Err(EmailProblem::NotAnAddress));
    }
}
