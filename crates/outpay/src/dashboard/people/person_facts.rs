//! What the page of a recipient says beside the time line: lifetime totals, metadata, the latest mails.

use crate::dashboard::door::signed_in::SignedIn;
use crate::mail_kind::MailKind;
use crate::store::{Failure, MOST_ENTRIES, MailState, RecipientTotals, UserRow};
use ledger::{Metadata, Micros};

const MAILS: i64 = 20;

pub(crate) struct PersonFacts {
    /// `None`: the history is too long to be added up.
    pub totals: Option<ShownTotals>,
    pub metadata: Vec<(String, String)>,
    pub mails: Vec<SentMail>,
}

/// Lines that add up to the balance.
pub(crate) struct ShownTotals {
    pub lines: [TotalLine; 5],
    /// Contained in the withdrawals.
    pub fees: i64,
}

pub(crate) struct TotalLine {
    pub title: &'static str,
    pub amount: i64,
}

impl From<RecipientTotals> for ShownTotals {
    fn from(totals: RecipientTotals) -> Self {
        let line = |title, amount| TotalLine { title, amount };
        Self {
            lines: [
                line("Payouts", totals.given.0),
                line("Returned from withdrawals", totals.returned.0),
                line("Reclaimed", -totals.reclaimed.0),
                line("Expired", -totals.expired.0),
                line("Withdrawals requested", -totals.withdrawn.0),
            ],
            fees: totals.fees.0,
        }
    }
}

pub(crate) struct SentMail {
    pub at: Micros,
    pub title: &'static str,
    pub badge: (&'static str, &'static str),
}

pub(crate) async fn load(who: &SignedIn, row: &UserRow) -> Result<PersonFacts, Failure> {
    let (store, user) = (&who.platform.store, row.user.number);
    let totals = store.recipient_totals(who.book, user, row.history, MOST_ENTRIES).await?;
    let metadata = store.metadata_of_users(who.book, vec![user]).await?.remove(&user);
    let pairs = metadata.iter().flat_map(Metadata::pairs);
    let metadata = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mails = store.mails_to_user(who.book, user, MAILS).await?;
    let mails = mails.into_iter().map(|mail| SentMail {
        at: mail.mail.at,
        title: title(mail.mail.kind),
        badge: badge(mail.state),
    });
    Ok(PersonFacts { totals: totals.map(ShownTotals::from), metadata, mails: mails.collect() })
}

fn title(kind: MailKind) -> &'static str {
    match kind {
        MailKind::ClaimLink => "Claim link",
        MailKind::Delivered => "Withdrawal paid",
        MailKind::Failed => "Withdrawal failed",
        MailKind::Rejected => "Withdrawal rejected",
        MailKind::Returned => "Withdrawal returned",
        MailKind::Expiring => "Money expires soon",
        other => other.word(),
    }
}

fn badge(state: MailState) -> (&'static str, &'static str) {
    match state {
        MailState::Pending => ("badge-quiet", "pending"),
        MailState::Sent => ("badge-good", "sent"),
        MailState::Failed => ("badge-bad", "failed"),
    }
}

#[cfg(test)]
impl PersonFacts {
    pub(crate) fn sample() -> Self {
        use ledger::Cents;
        Self {
            totals: Some(ShownTotals::from(RecipientTotals {
                given: Cents(25_000),
                reclaimed: Cents(2_500),
                withdrawn: Cents(12_500),
                ..RecipientTotals::default()
            })),
            metadata: vec![("team".to_owned(), "north".to_owned())],
            mails: vec![SentMail {
                at: 1_800_000_000_000_000,
                title: title(MailKind::ClaimLink),
                badge: badge(MailState::Sent),
            }],
        }
    }
}
