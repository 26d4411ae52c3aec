//! Why a payment batch cannot be made, approved, given out, dissolved or answered: the product says no. Not here: the checks
//! (batches/, batch_answers/).

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchRefused {
    #[error("There is no payment batch with this id.")]
    NotFound,
    #[error(
        "There is no payment of this method that is queued or in progress, may leave, and is in no batch."
    )]
    NothingToPay,
    /// The currency.
    #[error("The payments are made in {0}. Give the rate: {0} per US dollar, as in 0.9215.")]
    RateIsNeeded(String),
    #[error("The payments are made in US dollars. Leave the rate out.")]
    RateIsOne,
    /// An order id.
    #[error(
        "At this rate the payment {0} is less than the smallest coin, or more than can be counted. Check the rate."
    )]
    AmountNotPossible(String),
    /// In the rail's words.
    #[error("The file of the batch cannot be written: {0}")]
    FileNotPossible(String),
    /// The word of its state.
    #[error("The batch is {0}, which does not allow this.")]
    State(&'static str),
    /// How many.
    #[error(
        "{0} payments of the batch have ended since it was made: its file would pay them again. Dissolve it and make another one."
    )]
    PaymentsEnded(i64),
    /// How many.
    #[error(
        "{0} payments of the batch are paused or switched off. Resume them, or dissolve the batch and make another one."
    )]
    PaymentsStopped(i64),
    #[error(
        "The batch was made of payments from before there were batches, and its file was not kept. Dissolve the batch once you know that it was not paid."
    )]
    FileNotKept,
    /// What is wrong with it.
    #[error("Nothing was taken from the file: {0}.")]
    AnswerUnreadable(String),
    #[error("The batch has changed at this moment. Look at it, and try again.")]
    Changed,
}

impl BatchRefused {
    /// The stable words of all, for the OpenAPI document.
    pub const CODES: [&'static str; 12] = [
        "batch_not_found",
        "batch_nothing_to_pay",
        "batch_rate_missing",
        "batch_rate_not_one",
        "batch_amount_not_possible",
        "batch_file_not_possible",
        "batch_state",
        "batch_payments_ended",
        "batch_payments_stopped",
        "batch_file_not_kept",
        "batch_answer_unreadable",
        "batch_changed",
    ];

    /// The stable word for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        let place = match self {
            Self::NotFound => 0,
            Self::NothingToPay => 1,
            Self::RateIsNeeded(_) => 2,
            Self::RateIsOne => 3,
            Self::AmountNotPossible(_) => 4,
            Self::FileNotPossible(_) => 5,
            Self::State(_) => 6,
            Self::PaymentsEnded(_) => 7,
            Self::PaymentsStopped(_) => 8,
            Self::FileNotKept => 9,
            Self::AnswerUnreadable(_) => 10,
            Self::Changed => 11,
        };
        Self::CODES[place]
    }
}
