//! The bank's report on a file, `pain.002`: taken or refused as a whole, by block, or payment by payment. A report settles nothing: a
//! payment has left the account when the statement says so (camt053.rs).
//!
//! Invariant: only `RJCT` and `CANC` end a payment, and never where the reason is that the bank has the file or the payment already:
//! such a refusal of a second copy says nothing of the first, which may be paid.

use super::answer;
use super::xml::Element;
use crate::rails::bank::{noted, plain, reference, world_reason};
use crate::rails::{AnswerLine, BankVerdict, RailText};

/// Reasons that say: this came before.
const DUPLICATES: [&str; 7] = ["AM05", "DU01", "DU02", "DU03", "DU04", "DU05", "DUPL"];

/// The lines of a report: payments first, then what it says of blocks and of the file, which are about the rest.
pub(super) fn read(root: &Element) -> Result<Vec<AnswerLine>, String> {
    let report = root.child("CstmrPmtStsRpt").ok_or("the file has no CstmrPmtStsRpt")?;
    let group = report.child("OrgnlGrpInfAndSts").ok_or("the file does not say which file it answers")?;
    let original = group.text_at(&["OrgnlMsgNmId"]).unwrap_or_default();
    if !original.starts_with("pain.001") {
        return Err(format!("the report answers {:?}, not a file of transfers", plain(original)));
    }
    let message = group.text_at(&["OrgnlMsgId"]).ok_or("the report does not say which file it answers")?;
    let mut lines = Vec::new();
    let mut wholes = Vec::new();
    for block in report.all("OrgnlPmtInfAndSts") {
        let id = block.text_at(&["OrgnlPmtInfId"]).unwrap_or(message);
        for one in block.all("TxInfAndSts") {
            lines.extend(line_of_payment(one, &[block, group], message)?);
        }
        wholes.extend(line_of_whole(block, "PmtInfSts", &[group], id));
    }
    // A report on the whole file may name payments outside of any block.
    for one in report.all("TxInfAndSts") {
        lines.extend(line_of_payment(one, &[group], message)?);
    }
    wholes.extend(line_of_whole(group, "GrpSts", &[], message));
    // One block per file: the block and the file are the same payments, told once.
    wholes.dedup_by(|one, other| one.order_id == other.order_id && one.verdict == other.verdict);
    lines.extend(wholes);
    Ok(lines)
}

fn line_of_payment(one: &Element, above: &[&Element], message: &str) -> Result<Option<AnswerLine>, String> {
    let Some(status) = one.text_at(&["TxSts"]) else { return Ok(None) };
    let order_id = answer::payment(one.text_at(&["OrgnlEndToEndId"]));
    let sent = one.at(&["OrgnlTxRef", "Amt", "InstdAmt"]).map(answer::amount).transpose()?;
    let (amount, currency) = sent.map_or((None, None), |(amount, currency)| (Some(amount), currency));
    let code = code(one, above);
    let reference = reference(&["pain.002", status, &code], &["payment", message, &order_id, status, &code]);
    let (verdict, batch) = (verdict(status, code, one), Some(answer::batch(message)));
    Ok(Some(AnswerLine { order_id, batch, reference, amount, currency, verdict }))
}

/// What is said of a block or of the file. That a part of it was taken (`PART`) says nothing: its payments follow one by one.
fn line_of_whole(whole: &Element, field: &str, above: &[&Element], id: &str) -> Option<AnswerLine> {
    let status = whole.text_at(&[field]).filter(|status| *status != "PART")?;
    let order_id = answer::batch(id);
    let code = code(whole, above);
    let reference = reference(&["pain.002", status, &code], &["batch", &order_id, status, &code]);
    let (verdict, batch) = (verdict(status, code, whole), Some(order_id.clone()));
    Some(AnswerLine { order_id, batch, reference, amount: None, currency: None, verdict })
}

/// The reason that is given here, or else above. Empty where there is none.
fn code(here: &Element, above: &[&Element]) -> String {
    let own = |element: &Element| {
        let mut reasons = element.all("StsRsnInf").filter_map(|info| info.child("Rsn"));
        reasons.find_map(|reason| Some(plain(reason.text_at(&["Cd"]).or(reason.text_at(&["Prtry"]))?)))
    };
    std::iter::once(&here).chain(above).find_map(|element| own(element)).unwrap_or_default()
}

fn verdict(status: &str, code: String, said: &Element) -> BankVerdict {
    let status = plain(status);
    match status.as_str() {
        "RJCT" | "CANC" if DUPLICATES.contains(&code.as_str()) => {
            let what = format!("{status} {code}: it has received this before");
            noted(&code, RailText::code("bank_unclear").with("what", what))
        }
        "RJCT" | "CANC" => {
            let text = world_reason(&code);
            BankVerdict::Rejected { code: if code.is_empty() { status } else { code }, text }
        }
        "RCVD" | "ACTC" | "ACCP" | "ACSP" | "ACWC" | "ACSC" | "ACCC" | "ACFC" | "ACWP" | "PDNG" | "PATC" => {
            BankVerdict::Accepted
        }
        _ => {
            let info =
                said.child("StsRsnInf").and_then(|info| info.text_at(&["AddtlInf"])).unwrap_or_default();
            let info: String = info.chars().filter(|one| !one.is_control()).take(105).collect();
            let what = format!("{status} {code} {info}");
            noted(&status, RailText::code("bank_unclear").with("what", what.trim()))
        }
    }
}
