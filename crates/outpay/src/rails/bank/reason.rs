//! What a bank's reason means for the person: one sentence per group of codes, with what to do next. The code itself goes to the
//! operator beside it. Not here: which lines of a file end a payment (sepa/, ach/).

use crate::rails::{BankVerdict, RailText};

/// A reason of ISO 20022 (external code set `ExternalStatusReason1Code` and `ExternalReturnReason1Code`).
pub fn world_reason(code: &str) -> RailText {
    match code {
        "AC01" | "AC03" | "AC15" => RailText::code("bank_account_wrong"),
        "AC04" | "AC07" => RailText::code("bank_account_closed"),
        "AC06" | "AC14" | "AG01" | "AG03" => RailText::code("bank_account_blocked"),
        "BE01" | "BE04" | "BE05" | "BE06" | "BE15" | "BE16" | "BE17" | "BE22" | "RR03" => {
            RailText::code("bank_holder_wrong")
        }
        "RC01" | "RC03" | "RC04" | "RC07" | "RC10" => RailText::code("bank_bank_wrong"),
        "AC02" | "AC05" | "AC13" | "AM02" | "AM04" | "AM14" | "AM21" | "FOCR" | "CUST" | "DS02" | "DS0H"
        | "RR01" | "RR02" => RailText::code("bank_sender"),
        // MD07 says that the holder has died: nothing that a page should say.
        _ => RailText::code("bank_declined"),
    }
}

/// A return reason of the ACH network (Nacha Operating Rules, appendix four).
pub fn us_reason(code: &str) -> RailText {
    match code {
        "R03" | "R04" | "R17" | "R18" => RailText::code("bank_account_wrong"),
        "R02" | "R12" => RailText::code("bank_account_closed"),
        "R16" | "R20" | "R23" => RailText::code("bank_account_blocked"),
        "R13" | "R28" | "R32" => RailText::code("bank_bank_wrong"),
        "R06" | "R25" | "R26" | "R27" | "R30" | "R31" => RailText::code("bank_sender"),
        _ => RailText::code("bank_declined"),
    }
}

/// What decides nothing, with the bank's own words for the operator.
pub fn noted(code: &str, text: RailText) -> BankVerdict {
    BankVerdict::Noted { code: code.to_owned(), text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_sentence_that_says_what_to_do() {
        for (text, start) in [
            (world_reason("AC01"), "The bank does not know this account."),
            (world_reason("AC04"), "This account is closed."),
            (world_reason("AC06"), "This account does not take"),
            (world_reason("BE04"), "The account holder"),
            (world_reason("AM04"), "The transfer was stopped on the sender's side"),
            (world_reason("MD07"), "The bank did not carry out the transfer"),
            (world_reason("MS03"), "The bank did not carry out the transfer"),
            (us_reason("R03"), "The bank does not know this account."),
            (us_reason("R02"), "This account is closed."),
            (us_reason("R13"), "The bank was not found"),
            (us_reason("R99"), "The bank did not carry out the transfer"),
        ] {
            let text = text.english();
            assert!(text.starts_with(start) && text.ends_with('.'), "{text}");
        }
    }
}
