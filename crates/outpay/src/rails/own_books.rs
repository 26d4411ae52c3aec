//! What a rail's own books say, for reconciliation. Not here: the comparison with our attempts.

use ledger::{Cents, Micros};

/// One payment in the rail's own books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Booked {
    /// What we gave it there: the attempt's key, or the transaction's hash where the key is that. Empty where the payment bears nothing of
    /// ours.
    pub reference: String,
    /// The rail's own number of it, for the operator.
    pub rail_number: String,
    /// What it pays, in cents of US dollars.
    pub amount: Cents,
    /// What the rail charged for it; `None` where its books do not say.
    pub fee: Option<Cents>,
    /// When it was booked.
    pub at: Micros,
    /// What has become of it.
    pub standing: Standing,
}

/// What has become of a payment, as the rail's books have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Ordered; the money has not left, or not for good.
    Open,
    /// Paid.
    Paid,
    /// Ordered, and never paid.
    NotPaid,
    /// Paid, and come back.
    Returned,
}
