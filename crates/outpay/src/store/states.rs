//! The states of rows that are stored as numbers, each with its words. Not here: the states of withdrawals and the kinds of
//! entries, which are the ledger's; the names that statements use for the numbers (codes.rs).

/// How far an import is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ImportState {
    /// Checked, not confirmed.
    Draft = 1,
    /// Confirmed; needs another member's word.
    Waiting = 2,
    /// Being paid.
    Running = 3,
    /// Every line was tried.
    Done = 4,
    /// It pays nothing.
    Discarded = 5,
}

impl ImportState {
    pub const ALL: [Self; 5] = [Self::Draft, Self::Waiting, Self::Running, Self::Done, Self::Discarded];

    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "not confirmed",
            Self::Waiting => "waits for approval",
            Self::Running => "being paid",
            Self::Done => "done",
            Self::Discarded => "discarded",
        }
    }
}

/// What became of a line. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LineState {
    /// Not tried yet.
    Open = 1,
    /// Paid.
    Paid = 2,
    /// An earlier import of the file, or of its reference, had paid it.
    PaidBefore = 3,
    /// A rule said no.
    NotPaid = 4,
}

impl LineState {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Open, Self::Paid, Self::PaidBefore, Self::NotPaid];

    /// The word for people and files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::PaidBefore => "already paid",
            Self::NotPaid => "not paid",
        }
    }
}

/// Where a mail stands. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MailState {
    /// Will be tried, or tried again.
    Pending = 1,
    /// The mail server has it.
    Sent = 2,
    /// Given up, until an operator retries it.
    Failed = 3,
}

impl MailState {
    pub const ALL: [Self; 3] = [Self::Pending, Self::Sent, Self::Failed];

    /// The word in lists.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    pub(super) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == code)
    }
}

/// Where a delivery stands. The numbers are stored: never reuse or change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum DeliveryState {
    /// Will be tried, or tried again.
    Pending = 1,
    /// The receiver has it.
    Delivered = 2,
    /// Given up, until it is retried by hand.
    Failed = 3,
    /// Not delivered, and the outcome of its withdrawal was; it can be retried by hand.
    Superseded = 4,
}

impl DeliveryState {
    pub const ALL: [Self; 4] = [Self::Pending, Self::Delivered, Self::Failed, Self::Superseded];

    /// The word clients see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    pub(super) fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| *state as i64 == code)
    }
}

/// How far a payment batch is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BatchState {
    /// Made, and waits for its check; its file cannot be had yet.
    Waiting = 1,
    /// Checked; its file can be had.
    Approved = 2,
    /// It was not sent: its open payments are free for another batch.
    Dissolved = 3,
}

impl BatchState {
    pub(super) fn from_code(code: i64) -> Option<Self> {
        [Self::Waiting, Self::Approved, Self::Dissolved].into_iter().find(|state| *state as i64 == code)
    }
}

/// Where a proposal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ProposalState {
    /// It waits for a second person.
    Open = 1,
    /// A second person has confirmed it.
    Confirmed = 2,
    /// It was taken back, or a second person said no.
    Withdrawn = 3,
}

/// What the screening service said of a withdrawal. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ScreeningState {
    /// It may be paid.
    Allowed = 1,
    /// It may not: it stays in review, which one person does not end.
    Denied = 2,
    /// Two people have agreed that it may be paid although it was denied.
    Released = 3,
}

impl ScreeningState {
    pub(super) fn from_code(code: i64) -> Option<Self> {
        [Self::Allowed, Self::Denied, Self::Released].into_iter().find(|state| *state as i64 == code)
    }
}

impl ProposalState {
    pub(super) fn from_code(code: i64) -> Option<Self> {
        [Self::Open, Self::Confirmed, Self::Withdrawn].into_iter().find(|state| *state as i64 == code)
    }
}
