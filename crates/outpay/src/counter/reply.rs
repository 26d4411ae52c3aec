//! The one place where the ledger's replies are unpacked: a function per kind, which gives nothing for every other kind.

use ledger::{Cents, HashBasis, Reply, RowReply, UserSnapshot, Withdrawal};

/// A user who was paid, or whose hash was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaidUser {
    /// The user's number.
    pub user: i64,
    /// What the user's hash is computed from.
    pub basis: HashBasis,
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaidMany {
    /// In the order of the payouts.
    pub rows: Vec<RowReply>,
    /// Cents of all rows that are paid, now or earlier under the same reference.
    pub total: Cents,
}

/// A business's own balances afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnBalances {
    /// The main balance.
    pub main: Cents,
    /// The payout balance.
    pub payout: Cents,
}

pub(super) fn paid(reply: Reply) -> Option<PaidUser> {
    match reply {
        Reply::Paid { user, generation, salt } | Reply::HashRotated { user, generation, salt } => {
            Some(PaidUser { user, basis: HashBasis { generation, salt } })
        }
        _ => None,
    }
}

pub(super) fn paid_many(reply: Reply) -> Option<PaidMany> {
    match reply {
        Reply::PaidMany { rows, total } => Some(PaidMany { rows, total }),
        _ => None,
    }
}

pub(super) fn own_balances(reply: Reply) -> Option<OwnBalances> {
    match reply {
        Reply::Balances { main, payout } => Some(OwnBalances { main, payout }),
        _ => None,
    }
}

pub(super) fn user(reply: Reply) -> Option<UserSnapshot> {
    match reply {
        Reply::User(user) => Some(user),
        _ => None,
    }
}

pub(super) fn withdrawal(reply: Reply) -> Option<Withdrawal> {
    match reply {
        Reply::Withdrawal(withdrawal) => Some(*withdrawal),
        _ => None,
    }
}

pub(super) fn recorded(reply: Reply) -> Option<()> {
    matches!(reply, Reply::Recorded).then_some(())
}

pub(super) fn said(reply: Reply) -> Option<String> {
    match reply {
        Reply::Said(text) => Some(text),
        _ => None,
    }
}
