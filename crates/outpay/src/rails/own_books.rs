//! What a rail's own books say, for reconciliation. Not here: the comparison with our attempts.

pub use crate::store::Standing;
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
