//! Files of payment batches: what a rail that people pay by hand writes for a bank, and what the bank answers. Not here: batches
//! themselves, and the CSV of rails that have no format of their own (by_hand).

use super::RailText;
use ledger::Micros;

/// A batch as the rail writes it.
#[derive(Clone, Debug)]
pub struct BatchToWrite<'a> {
    /// The batch's public id.
    pub id: &'a str,
    /// 1, 2, … in the book.
    pub number: i64,
    /// When the batch was made: a file that is written again is the same to the byte.
    pub made_at: Micros,
    /// In the order of their lines.
    pub payments: &'a [BatchPayment],
}

/// One payment of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchPayment {
    /// The withdrawal's number in the book.
    pub withdrawal: i64,
    /// The payment's public number at the rail (`SEPA-…`).
    pub order_id: String,
    /// In the smallest unit of the rail's currency, converted at the batch's rate.
    pub amount: i64,
    /// As the rail has checked and stored it.
    pub destination: String,
}

/// A file for a bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchFile {
    /// For example `outpay-12.xml`.
    pub name: String,
    /// For example `application/xml`.
    pub media_type: &'static str,
    pub bytes: Vec<u8>,
}

/// What a bank says of one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerLine {
    /// The payment's public number at the rail.
    pub order_id: String,
    /// Names this line of all files, so that it counts once however often a file is brought.
    pub reference: String,
    /// In the smallest unit of the currency, where the file says it.
    pub amount: Option<i64>,
    /// For example `EUR`, where the file says it.
    pub currency: Option<String>,
    pub verdict: BankVerdict,
}

/// What has become of a payment at the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankVerdict {
    /// The bank has it and works on it.
    Accepted,
    /// It left the account.
    Booked,
    /// It was not carried out: the bank's code (`AC01`, `R03`), and a sentence for the person.
    Rejected { code: String, text: RailText },
    /// It came back, before or after it was booked: as in `Rejected`.
    Returned { code: String, text: RailText },
}
