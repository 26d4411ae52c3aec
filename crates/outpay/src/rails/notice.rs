//! Notices: what a counterpart posts when a payment changed there. Not here: the endpoint that receives them, and what follows.
//!
//! Invariant: a notice is a hint. It moves the next query forward and decides no outcome, so a forged, repeated or late one does no harm.

/// What a counterpart told, once the rail has verified that it is from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The counterpart's id of the event, by which a repeated delivery is recognized.
    pub id: String,
    /// The payments to ask about, by their public numbers at the rail (`PP-…`). One that is not ours is ignored.
    pub orders: Vec<String>,
}

/// Why a notice is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeRefused {
    /// This rail receives none.
    Unexpected,
    /// The signature is missing or wrong, or the content cannot be read.
    Forged,
    /// Whether it is genuine could not be found out now. The counterpart sends it again.
    Unverifiable,
}
