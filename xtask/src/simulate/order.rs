//! A request that a client has sent, and its replies so far.

use ledger::{BookId, Budget, Ceilings, Cents, Command, Reply, Request};

use super::auditor::ceilings::{BOOK, BUDGET, MOST_PER_DAY, MOST_PER_PERSON};

/// What a client does when no reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Nothing: sending it again could carry it out again.
    Never,
    /// It repeats it under the same key.
    Key,
    /// It repeats it, because every row has a reference.
    References,
}

#[derive(Debug)]
pub struct Order {
    pub book: BookId,
    pub request: Request,
    /// The idempotency key's text, if it has one.
    pub key: Option<String>,
    pub retry: Retry,
    /// The wishes of the order: one per row of a batch (`None` for a row that must be refused), one for other
    /// movements.
    pub wishes: Vec<Option<u32>>,
    /// The only refusal allowed, if it must be refused.
    pub must_be_refused: Option<&'static str>,
    /// Copies in flight.
    pub copies: u32,
    /// Times it was sent because no reply, or not the wanted one, came.
    pub tries: u32,
    /// A reply was lost and none has come since.
    pub lost: bool,
    pub answer: Option<Reply>,
}

impl Order {
    pub fn new(book: BookId, command: Command) -> Self {
        Self {
            book,
            request: Request::plain(command),
            key: None,
            retry: Retry::Never,
            wishes: Vec::new(),
            must_be_refused: None,
            copies: 0,
            tries: 0,
            lost: false,
            answer: None,
        }
    }

    pub fn with_wish(mut self, wish: u32) -> Self {
        self.wishes.push(Some(wish));
        self
    }

    pub fn refused_as(mut self, code: &'static str) -> Self {
        self.must_be_refused = Some(code);
        self
    }

    pub fn name(&self) -> &'static str {
        match &self.request.command {
            Command::Create { .. } => "create",
            Command::CreateMany { .. } => "batch",
            Command::Transfer { .. } => "transfer",
            Command::Deposit { .. } => "deposit",
            Command::Debit { .. } => "debit",
            Command::SetStatus { .. } => "status",
            Command::RotateHash { .. } => "rotate",
            other => unreachable!("withdrawals are simulated by rails.rs: {other:?}"),
        }
    }

    /// The refusals that a valid command of this kind can meet.
    pub fn may_be_refused_as(&self) -> &'static [&'static str] {
        use ledger::Direction::{ToMain, ToPayout};
        match &self.request.command {
            Command::Create { .. } | Command::CreateMany { .. } if self.budget().is_some() => {
                &["insufficient_payout_balance", "key_day_ceiling", "key_recipient_ceiling"]
            }
            Command::Create { .. } | Command::CreateMany { .. } => &["insufficient_payout_balance"],
            Command::Transfer { direction: ToPayout, .. } => &["insufficient_balance"],
            Command::Transfer { direction: ToMain, .. } => &["insufficient_payout_balance"],
            Command::Debit { .. } => &["insufficient_user_balance"],
            Command::Deposit { .. } | Command::SetStatus { .. } | Command::RotateHash { .. } => &[],
            other => unreachable!("withdrawals are simulated by rails.rs: {other:?}"),
        }
    }

    /// One book pays with a key that has ceilings.
    pub fn budget(&self) -> Option<Budget> {
        let ceilings = Ceilings {
            per_request: None,
            per_day: Some(Cents(MOST_PER_DAY)),
            per_recipient_day: Some(Cents(MOST_PER_PERSON)),
        };
        (self.book.0 == BOOK && self.pays()).then_some(Budget { number: BUDGET, ceilings })
    }

    /// Rows that were not paid may be paid by a repeat.
    pub fn is_partial(&self) -> bool {
        matches!(self.request.command, Command::CreateMany { partial: true, .. })
    }

    /// Does it pay people, so that the payout switch is checked before everything but its key?
    pub fn pays(&self) -> bool {
        matches!(self.request.command, Command::Create { .. } | Command::CreateMany { .. })
    }
}
