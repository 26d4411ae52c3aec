//! The kinds of mail, and the subset that a business can choose. Not here: their text (letter.rs).

use ledger::EntryKind;

/// The kind of a mail. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MailKind {
    /// To a payout user: money was credited, with the claim link.
    ClaimLink = 1,
    /// To a payout user: a withdrawal was paid.
    Delivered = 2,
    /// To a payout user: a withdrawal failed; the money is back on the balance.
    Failed = 3,
    /// To a payout user: the business rejected a withdrawal; the money is back on the balance.
    Rejected = 4,
    /// To a payout user: a paid withdrawal was returned; so was the money.
    Returned = 5,
    /// To a payout user: unclaimed money will soon expire.
    Expiring = 6,
    /// To a new member: an invitation to a team.
    Invitation = 20,
    /// To a member: a link to set a new password.
    Reset = 21,
    /// To a member: a sign-in from a new browser.
    NewSignIn = 22,
    /// To a member: the password was changed.
    PasswordChanged = 23,
    /// To a member: the second factor was changed.
    SecondFactorChanged = 24,
    /// To the members who manage keys: an API key was created or rolled.
    KeyCreated = 25,
    /// To the members who manage keys: an API key was revoked.
    KeyRevoked = 26,
    /// To a member's new address: a link that confirms it.
    EmailChange = 27,
    /// To a member's old address: the address was changed.
    EmailChanged = 28,
    /// To a member: a passkey was added.
    PasskeyAdded = 29,
    /// To the members who manage webhooks: an endpoint only failed and was switched off.
    WebhookDisabled = 31,
    /// A test of the mail settings.
    Test = 30,
}

use MailKind::{ClaimLink, Delivered, Expiring, Failed, Rejected, Returned};

/// Mails to payout users: the entry that triggers each, and its bit in a stored choice. Never reuse or change a bit.
const CHOICES: [(MailKind, EntryKind, i64); 6] = [
    (ClaimLink, EntryKind::UserCreated, 1),
    (Delivered, EntryKind::WithdrawalSucceeded, 2),
    (Failed, EntryKind::WithdrawalFailed, 4),
    (Rejected, EntryKind::WithdrawalRejected, 8),
    (Returned, EntryKind::WithdrawalReturned, 16),
    (Expiring, EntryKind::UserMoneyExpiring, 32),
];

impl MailKind {
    pub const ALL: [Self; 18] = [
        ClaimLink,
        Delivered,
        Failed,
        Rejected,
        Returned,
        Expiring,
        Self::Invitation,
        Self::Reset,
        Self::NewSignIn,
        Self::PasswordChanged,
        Self::SecondFactorChanged,
        Self::KeyCreated,
        Self::KeyRevoked,
        Self::EmailChange,
        Self::EmailChanged,
        Self::PasskeyAdded,
        Self::WebhookDisabled,
        Self::Test,
    ];

    /// The stored number.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The name used in lists and commands.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            ClaimLink => "claim_link",
            Delivered => "delivered",
            Failed => "failed",
            Rejected => "rejected",
            Returned => "returned",
            Expiring => "expiring",
            Self::Invitation => "invitation",
            Self::Reset => "reset",
            Self::NewSignIn => "new_sign_in",
            Self::PasswordChanged => "password_changed",
            Self::SecondFactorChanged => "second_factor_changed",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
            Self::EmailChange => "email_change",
            Self::EmailChanged => "email_changed",
            Self::PasskeyAdded => "passkey_added",
            Self::WebhookDisabled => "webhook_disabled",
            Self::Test => "test",
        }
    }
}

/// The kinds of mail to payout users that a business has chosen, as a bit set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MailKinds(i64);

impl MailKinds {
    pub const ALL: Self = Self(63);

    /// The names of all kinds that can be chosen.
    #[must_use]
    pub fn words() -> Vec<&'static str> {
        Self::ALL.chosen()
    }

    /// Parses a list of names; `None` if one of them is not a kind that can be chosen.
    #[must_use]
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let bit = |word: &str| CHOICES.iter().find(|(kind, ..)| kind.word() == word).map(|choice| choice.2);
        words.into_iter().try_fold(0, |bits, word| Some(bits | bit(word)?)).map(Self)
    }

    /// Unknown bits are dropped.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(bits & Self::ALL.0)
    }

    #[must_use]
    pub fn bits(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn contains(self, kind: MailKind) -> bool {
        CHOICES.iter().any(|choice| choice.0 == kind && self.0 & choice.2 != 0)
    }

    /// The kind of mail that an entry triggers, if it is chosen.
    #[must_use]
    pub fn mail_of(self, entry: EntryKind) -> Option<MailKind> {
        CHOICES.iter().find(|choice| choice.1 == entry && self.0 & choice.2 != 0).map(|choice| choice.0)
    }

    /// The names of the chosen kinds.
    #[must_use]
    pub fn chosen(self) -> Vec<&'static str> {
        CHOICES.iter().filter(|choice| self.0 & choice.2 != 0).map(|choice| choice.0.word()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_stored_as_bits_and_named_by_words() {
        let some = MailKinds::of_words(["delivered", "claim_link", "claim_link"]).unwrap();
        assert_eq!((some.bits(), some.chosen()), (3, vec!["claim_link", "delivered"]));
        assert!(some.contains(ClaimLink) && !some.contains(Failed) && !some.contains(MailKind::Invitation));
        assert_eq!(some.mail_of(EntryKind::UserCreated), Some(ClaimLink));
        assert_eq!(some.mail_of(EntryKind::WithdrawalFailed), None);
        assert_eq!(MailKinds::of_words(["invitation"]), None, "no business chooses those");
        assert_eq!(MailKinds::of_words([]), Some(MailKinds::default()));
        assert_eq!(MailKinds::of_words(MailKinds::words()), Some(MailKinds::ALL));
    }

    #[test]
    fn numbers_and_words_name_one_kind_each() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::from_code(kind.code()), Some(kind));
            assert_eq!(MailKind::ALL.iter().filter(|other| other.word() == kind.word()).count(), 1);
        }
    }
}
