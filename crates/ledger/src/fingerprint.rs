//! Fingerprints of commands: a digest of everything a command says, which distinguishes a repeat from another request. Not here:
//! the names under which answers are remembered (once.rs).

use crate::once::short_digest;
use crate::{BatchPayout, Cents, Command, Email, Fingerprint, Metadata, Progress};

impl BatchPayout {
    /// What a reference identifies: this address and this amount. The memo is no part of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(paid(b"payout", &self.email, self.amount, ""))
    }
}

impl Command {
    /// A digest of everything the command says. Two spellings of one request (white space, order of fields, case
    /// of an address) have one fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(match self {
            Self::Create { email, amount, memo, metadata } => {
                noted(b"create noted", paid(b"create", email, *amount, memo), metadata)
            }
            Self::CreateMany { payouts, partial } => {
                let rows: Vec<[u8; 16]> = payouts.iter().map(row_digest).collect();
                short_digest(b"create many", &[&[u8::from(*partial)], &rows.concat()])
            }
            Self::Transfer { direction, amount } => {
                short_digest(b"transfer", &[&direction.accounts().0.0.to_be_bytes(), &amount.0.to_be_bytes()])
            }
            Self::Deposit { amount, reference, .. } => {
                short_digest(b"deposit", &[reference.as_bytes(), &amount.0.to_be_bytes()])
            }
            Self::Debit { user, amount, reason } => {
                short_digest(b"debit", &[&user.to_be_bytes(), &amount.0.to_be_bytes(), reason.as_bytes()])
            }
            Self::SetStatus { user, status } => {
                short_digest(b"set status", &[&user.to_be_bytes(), status.word().as_bytes()])
            }
            Self::RotateHash { user } => short_digest(b"rotate hash", &[&user.to_be_bytes()]),
            // The terms are the business's, not the person's: they may change between a request and its repeat.
            Self::Withdraw(order) => short_digest(
                b"withdraw",
                &[
                    &order.user.to_be_bytes(),
                    order.method.as_bytes(),
                    &order.amount.0.to_be_bytes(),
                    order.destination.as_bytes(),
                ],
            ),
            Self::Advance(progress) => step_digest(progress),
            Self::Record { occurrence, user, withdrawal, note } => short_digest(
                b"record",
                &[
                    &[*occurrence as u8],
                    &user.unwrap_or_default().to_be_bytes(),
                    &withdrawal.unwrap_or_default().to_be_bytes(),
                    note.as_bytes(),
                ],
            ),
            // The answer is not part of what was asked.
            Self::Remember { request, .. } => short_digest(b"remember", &[request.as_bytes()]),
            Self::Recover { epoch } => short_digest(b"recover", &[&epoch.to_be_bytes()]),
            Self::Correct(confirmed) => {
                let (debit, credit) = confirmed.correction.accounts();
                let numbers = [
                    confirmed.proposal,
                    confirmed.correction.kind().code(),
                    confirmed.correction.deposit(),
                    debit.0,
                    credit.0,
                    confirmed.amount.0,
                    confirmed.proposed_by.0,
                ]
                .map(i64::to_be_bytes);
                short_digest(b"correct", &[numbers.as_flattened(), confirmed.reason.as_bytes()])
            }
            Self::Expire { user, head } => {
                short_digest(b"expire", &[&user.to_be_bytes(), &head.to_be_bytes()])
            }
        })
    }
}

/// Absent parts are digested as empty texts.
fn step_digest(progress: &Progress) -> [u8; 16] {
    let (code, text) =
        progress.reason.as_ref().map_or(("", ""), |reason| (reason.code.as_str(), reason.text.as_str()));
    let [note, detail] = [&progress.note, &progress.detail].map(|text| text.as_deref().unwrap_or_default());
    let words = [progress.step.word(), code, text, note, detail].map(str::as_bytes);
    let number = progress.withdrawal.to_be_bytes();
    let [step, code, text, note, detail] = words;
    short_digest(b"advance", &[&number, step, code, text, note, detail])
}

/// An absent memo adds no part, so that the digest of a payout without a memo does not depend on memos existing.
fn paid(what: &[u8], email: &Email, amount: Cents, memo: &str) -> [u8; 16] {
    let (email, amount) = (email.as_str().as_bytes(), &amount.0.to_be_bytes());
    if memo.is_empty() {
        short_digest(what, &[email, amount])
    } else {
        short_digest(what, &[email, amount, memo.as_bytes()])
    }
}

fn row_digest(payout: &BatchPayout) -> [u8; 16] {
    let marker: &[u8] = if payout.reference.is_some() { b"r" } else { b"" };
    let reference = payout.reference.as_deref().unwrap_or_default();
    let amount = payout.amount.0.to_be_bytes();
    let mut parts = vec![payout.email.as_str().as_bytes(), &amount, marker, reference.as_bytes()];
    parts.extend((!payout.memo.is_empty()).then_some(payout.memo.as_bytes()));
    noted(b"row noted", short_digest(b"row", &parts), &payout.metadata)
}

/// Without metadata the digest is the same as before metadata existed.
fn noted(what: &[u8], digest: [u8; 16], metadata: &Metadata) -> [u8; 16] {
    if metadata.is_empty() { digest } else { short_digest(what, &[&digest, &metadata.digested()]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(memo: &str) -> BatchPayout {
        let email = Email::parse("user@example.com").expect("an address");
        let reference = Some("one".to_owned());
        BatchPayout {
            email,
            amount: Cents(5),
            reference,
            memo: memo.to_owned(),
            metadata: Metadata::default(),
        }
    }

    #[test]
    fn a_memo_is_part_of_a_request_and_no_part_of_a_reference() {
        let create = |memo: &str| {
            let BatchPayout { email, amount, memo, metadata, .. } = row(memo);
            Command::Create { email, amount, memo, metadata }.fingerprint()
        };
        let many =
            |memo: &str| Command::CreateMany { payouts: vec![row(memo)], partial: false }.fingerprint();
        for of in [&create as &dyn Fn(&str) -> Fingerprint, &many] {
            assert_ne!(of(""), of("October"));
            assert_ne!(of("October"), of("November"));
        }
        assert_eq!(row("").fingerprint(), row("October").fingerprint());
    }

    #[test]
    fn metadata_is_part_of_a_request_and_no_part_of_a_reference() {
        let noted = |value: &str| {
            let metadata = Metadata::new([("order".to_owned(), value.to_owned())]).expect("it is short");
            BatchPayout { metadata, ..row("") }
        };
        let many =
            |row: BatchPayout| Command::CreateMany { payouts: vec![row], partial: false }.fingerprint();
        let create = |row: BatchPayout| {
            let BatchPayout { email, amount, memo, metadata, .. } = row;
            Command::Create { email, amount, memo, metadata }.fingerprint()
        };
        for of in [&create as &dyn Fn(BatchPayout) -> Fingerprint, &many] {
            assert_ne!(of(row("")), of(noted("7")));
            assert_ne!(of(noted("7")), of(noted("8")));
        }
        assert_eq!(row("").fingerprint(), noted("7").fingerprint());
    }

    #[test]
    fn without_a_memo_digests_are_those_of_before() {
        let (row, amount) = (row(""), 5_i64.to_be_bytes());
        let email = row.email.as_str().as_bytes();
        let (email_of, memo, metadata) = (row.email.clone(), String::new(), Metadata::default());
        let create = Command::Create { email: email_of, amount: row.amount, memo, metadata };
        assert_eq!(create.fingerprint().0, short_digest(b"create", &[email, &amount]));
        assert_eq!(row_digest(&row), short_digest(b"row", &[email, &amount, b"r", b"one"]));
    }
}
