//! One line of the file: a JSON object with a head, the time of signing, the digest of the line before, and a
//! signature.
//!
//! The signature is Ed25519, with the key of receipts, over this text: `outpay head`, then book, sequence, digest,
//! at, epoch (0 if the line has none) and previous, each after a line feed. A receipt is a JSON object, so neither
//! can be mistaken for the other.

use crate::auth::Secrets;
use crate::chain_head::{Head, digest_from_hex};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The bits of a sequence from this one on are the installation's epoch.
const EPOCH_FROM: u32 = 40;

/// A head as a line of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    book: i64,
    sequence: i64,
    digest: String,
    /// Time of signing; RFC 3339.
    pub at: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    epoch: i64,
    /// [`line_digest`] of the line before; zeros in the first line.
    pub previous: String,
    signature: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(epoch: &i64) -> bool {
    *epoch == 0
}

impl SignedHead {
    /// Signs a head; `previous` is the digest of the line before it.
    #[must_use]
    pub fn sign(head: &Head, at: String, previous: &[u8; 32], secrets: &Secrets) -> Self {
        let mut signed = Self {
            book: head.book,
            sequence: head.sequence,
            digest: HEXLOWER.encode(&head.digest),
            at,
            epoch: head.sequence >> EPOCH_FROM,
            previous: HEXLOWER.encode(previous),
            signature: String::new(),
        };
        signed.signature = HEXLOWER.encode(&secrets.sign_head(&signed.text()));
        signed
    }

    pub fn parse(line: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(line)
    }

    /// The line, without a line feed.
    #[must_use]
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }

    /// The head, if this installation's key signed it.
    #[must_use]
    pub fn head(&self, secrets: &Secrets) -> Option<Head> {
        let signature = HEXLOWER.decode(self.signature.as_bytes()).ok()?;
        let digest = digest_from_hex(&self.digest)?;
        secrets.head_signature_fits(&self.text(), &signature).then_some(Head {
            book: self.book,
            sequence: self.sequence,
            digest,
        })
    }

    /// The head, with the signature unchecked.
    #[must_use]
    pub(super) fn unchecked(&self) -> Head {
        let digest = digest_from_hex(&self.digest).unwrap_or_default();
        Head { book: self.book, sequence: self.sequence, digest }
    }

    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\n{}\n{}\n{}",
            self.book, self.sequence, self.digest, self.at, self.epoch, self.previous
        )
    }
}

/// The digest that the next line holds: SHA-256 of the bytes without the line feed.
#[must_use]
pub fn line_digest(line: &[u8]) -> [u8; 32] {
    Sha256::digest(line).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: Head = Head { book: 2, sequence: 7, digest: [0xab; 32] };

    #[test]
    fn a_signed_line_reads_back_and_no_change_of_it_does() {
        let secrets = Secrets::derive(&[7; 32]);
        let line =
            SignedHead::sign(&HEAD, "2026-01-01T00:00:00.000000Z".to_owned(), &[1; 32], &secrets).line();
        assert_eq!(SignedHead::parse(line.as_bytes()).unwrap().head(&secrets), Some(HEAD));
        assert!(!line.contains("epoch"), "{line}");
        let other = Secrets::derive(&[8; 32]);
        assert_eq!(SignedHead::parse(line.as_bytes()).unwrap().head(&other), None, "another key");
        for (from, to) in [
            ("\"book\":2", "\"book\":4"),
            ("\"sequence\":7", "\"sequence\":8"),
            ("\"digest\":\"a", "\"digest\":\"0"),
            ("2026-01-01", "2026-01-02"),
            ("\"previous\":\"0", "\"previous\":\"1"),
            ("\"previous\"", "\"epoch\":1,\"previous\""),
            ("\"signature\":\"", "\"signature\":\"00"),
        ] {
            let changed = line.replacen(from, to, 1);
            assert_ne!(changed, line, "{from}");
            let read = SignedHead::parse(changed.as_bytes()).unwrap();
            assert_eq!(read.head(&secrets), None, "{changed}");
        }
        assert!(SignedHead::parse(line.replacen('{', "{\"more\":1,", 1).as_bytes()).is_err());
    }

    #[test]
    fn the_epoch_is_told_where_there_is_one() {
        let secrets = Secrets::derive(&[7; 32]);
        let later = Head { sequence: (3 << 40) | 5, ..HEAD };
        let line = SignedHead::sign(&later, String::new(), &[0; 32], &secrets).line();
        assert!(line.contains("\"epoch\":3"), "{line}");
        assert_eq!(SignedHead::parse(line.as_bytes()).unwrap().head(&secrets), Some(later));
    }

    #[test]
    fn a_signature_of_a_receipt_is_none_of_a_head() {
        let secrets = Secrets::derive(&[7; 32]);
        let mut line = SignedHead::sign(&HEAD, String::new(), &[0; 32], &secrets);
        line.signature = HEXLOWER.encode(&secrets.sign_receipt(line.text().as_bytes()));
        assert_eq!(line.head(&secrets), None);
    }

    #[test]
    fn a_head_reads_as_it_prints() {
        assert_eq!(HEAD.to_string().parse::<Head>().unwrap(), HEAD);
        let digest = "ab".repeat(32);
        for wrong in [
            String::new(),
            "2:7".to_owned(),
            format!("2:7:{digest}:1"),
            format!("2:0:{digest}"),
            format!("-2:7:{digest}"),
            format!("x:7:{digest}"),
            "2:7:abcd".to_owned(),
        ] {
            assert!(wrong.parse::<Head>().is_err(), "{wrong}");
        }
    }
}
