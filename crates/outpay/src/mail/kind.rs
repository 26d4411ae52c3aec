//! The kinds of mails, and which of them a business chooses. Not here: what they say (letter.rs).

use ledger::EntryKind;

/// What a mail tells. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MailKind {
    /// There is money for you, behind this link.
    ClaimLink = 1,
    /// A withdrawal was paid.
    Delivered = 2,
    /// A withdrawal did not work; the money is back.
    Failed = 3,
    /// The business said no to a withdrawal; the money is back.
    Rejected = 4,
    /// A paid withdrawal came back; so did the money.
    Returned = 5,
    /// Unclaimed money will soon go back.
    Expiring = 6,
    /// You are invited into a team.
    Invitation = 20,
    /// Set your password and second factor anew.
    Reset = 21,
    /// Somebody signed in from a browser that was not used before.
    NewSignIn = 22,
    /// Your password was changed.
    PasswordChanged = 23,
    /// Your second factor was changed.
    SecondFactorChanged = 24,
    /// An API key was made.
    KeyCreated = 25,
    /// An API key was revoked.
    KeyRevoked = 26,
    /// Mail works.
    Test = 30,
}

use MailKind::{ClaimLink, Delivered, Expiring, Failed, Rejected, Returned};

/// Mails to payout users: from which entry, with which bit in a stored choice. Never reuse or change a bit.
const CHOICES: [(MailKind, EntryKind, i64); 6] = [
    (ClaimLink, EntryKind::UserCreated, 1),
    (Delivered, EntryKind::WithdrawalSucceeded, 2),
    (Failed, EntryKind::WithdrawalFailed, 4),
    (Rejected, EntryKind::WithdrawalRejected, 8),
    (Returned, EntryKind::WithdrawalReturned, 16),
    (Expiring, EntryKind::UserMoneyExpiring, 32),
];

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
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
        Self::Test,
    ];

    /// The number that is stored.
    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// The word in lists and commands.
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
            Self::Test => "test",
        }
    }
}

/// Mails to payout users that a business chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice(i64);

impl Choice {
    /// All there are.
    pub const ALL: Self = Self(63);

    /// The words of all there are.
    #[must_use]
    pub fn words() -> Vec<&'static str> {
        Self::ALL.chosen()
    }

    /// Of these words; `None` where one of them is no mail that can be chosen.
    #[must_use]
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let bit = |word: &str| CHOICES.iter().find(|(kind, ..)| kind.word() == word).map(|choice| choice.2);
        words.into_iter().try_fold(0, |bits, word| Some(bits | bit(word)?)).map(Self)
    }

    /// As stored.
    #[must_use]
    pub fn from_bits(bits: i64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// As stored.
    #[must_use]
    pub fn bits(self) -> i64 {
        self.0
    }

    /// Is this mail wanted?
    #[must_use]
    pub fn contains(self, kind: MailKind) -> bool {
        CHOICES.iter().any(|choice| choice.0 == kind && self.0 & choice.2 != 0)
    }

    /// The mail that tells of an entry of this kind, where it is wanted.
    #[must_use]
    pub fn mail_of(self, entry: EntryKind) -> Option<MailKind> {
        CHOICES.iter().find(|choice| choice.1 == entry && self.0 & choice.2 != 0).map(|choice| choice.0)
    }

    /// The words of those that are chosen.
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
        let some = Choice::of_words(["delivered", "claim_link", "claim_link"]).unwrap();
        assert_eq!((some.bits(), some.chosen()), (3, vec!["claim_link", "delivered"]));
        assert!(some.contains(ClaimLink) && !some.contains(Failed) && !some.contains(MailKind::Invitation));
        assert_eq!(some.mail_of(EntryKind::UserCreated), Some(ClaimLink));
        assert_eq!(some.mail_of(EntryKind::WithdrawalFailed), None);
        assert_eq!(Choice::of_words(["invitation"]), None, "no business chooses those");
        assert_eq!(Choice::of_words([]), Some(Choice::default()));
        assert_eq!(Choice::of_words(Choice::words()), Some(Choice::ALL));
    }

    #[test]
    fn numbers_and_words_name_one_kind_each() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::from_code(kind.code()), Some(kind));
            assert_eq!(MailKind::ALL.iter().filter(|other| other.word() == kind.word()).count(), 1);
        }
    }
}
