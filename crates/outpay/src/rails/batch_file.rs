//! Files of payment batches: what a rail that people pay by hand writes for a bank, and what the bank answers. Not here: batches
//! themselves, and the CSV of rails that have no format of their own (by_hand).

use super::RailText;
use crate::store::Failure;
use anyhow::ensure;
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
    /// The payment's public number at the rail. Where the bank speaks of a whole batch: that batch's [`message_id`].
    pub order_id: String,
    /// The [`message_id`] of the batch whose file the line answers, where the bank says it. A payment keeps its number when it is moved to
    /// another batch, so a refusal of the first file says nothing of the second, which may be paid.
    pub batch: Option<String>,
    /// Names this line of all files, so that it counts once however often a file is brought.
    pub reference: String,
    /// In the smallest unit of the currency, where the file says it. Of a whole batch: its total.
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
    /// Something that decides nothing: a correction of the account, or what only a person can judge. The text is for the operator.
    Noted { code: String, text: RailText },
}

/// The longest id of a message, and of a payment in it, in ISO 20022.
const LONGEST_ID: usize = 35;

/// Under which name a bank knows the batch with this public id: the digits of its UUID. A public id is longer than a message's id may be,
/// and an underscore is not in the character set of banks.
///
/// # Errors
/// When the id is not a prefix and a UUID.
pub fn message_id(batch: &str) -> Result<String, Failure> {
    let digits: String = batch.rsplit('_').next().unwrap_or_default().split('-').collect();
    let fits =
        (1..=LONGEST_ID).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ensure!(fits, "a bank cannot be told the batch id {batch:?}");
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_named_in_the_characters_of_banks() {
        let id = "bat_0f9a1c2e-3b4d-8e5f-a607-18293a4b5c6d";
        assert_eq!(message_id(id).unwrap(), "0f9a1c2e3b4d8e5fa60718293a4b5c6d");
        for other in ["", "bat_", "bat_ä", "bat_a/b", &"a".repeat(36)] {
            assert!(message_id(other).is_err(), "{other}");
        }
    }
}
