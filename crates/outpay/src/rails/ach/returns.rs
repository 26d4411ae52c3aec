//! A bank's file of returns: entries that came back (addenda 99, reasons `R01` and so on), and corrections that a receiving bank asks
//! for (addenda 98, codes `C01` and so on), which are shown and not applied.
//!
//! Invariant: an entry returns a payment only if it names it and carries its reason. A returned test entry carries no money and
//! returns nothing; dishonored and contested returns (`R61` to `R77`) are between banks, and a person judges them.

use super::PaymentNames;
use super::record::{EntryBatch, NachaRecord, batches, padded};
use crate::rails::bank::{noted, plain, reference, us_reason};
use crate::rails::{AnswerLine, BankVerdict, RailText};

const MOST_BYTES: usize = 10 << 20;
const CURRENCY: &str = "USD";

/// The lines of a file.
///
/// # Errors
/// What is wrong with it, in words for the operator.
pub(super) fn read(file: &[u8], names: &PaymentNames) -> Result<Vec<AnswerLine>, String> {
    if file.len() > MOST_BYTES {
        return Err("the file is larger than 10 MiB".to_owned());
    }
    let text = std::str::from_utf8(file).map_err(|_| "the file is not a text")?;
    let text = padded(text)?;
    let mut lines = Vec::new();
    // International entries have other fields, and none of them is ours.
    for batch in batches(&text)?.iter().filter(|batch| batch.class != "IAT") {
        lines.extend(lines_of(batch, names)?);
    }
    Ok(lines)
}

fn lines_of(batch: &EntryBatch<'_>, names: &PaymentNames) -> Result<Vec<AnswerLine>, String> {
    let mut lines = Vec::new();
    for (entry, addenda) in &batch.entries {
        for addendum in addenda {
            match addendum.field(2, 3) {
                "98" => lines.push(line(entry, addendum, names, |_| Ok(correction(addendum)))?),
                "99" => lines.push(line(entry, addendum, names, |amount| returned(addendum, amount))?),
                _ => {}
            }
        }
    }
    Ok(lines)
}

fn line(
    entry: &NachaRecord<'_>,
    addendum: &NachaRecord<'_>,
    names: &PaymentNames,
    verdict: impl FnOnce(i64) -> Result<BankVerdict, String>,
) -> Result<AnswerLine, String> {
    let id = entry.field(40, 54).trim();
    let order_id = names.order_id(id).unwrap_or_else(|| plain(id));
    let amount = i64::try_from(entry.number(30, 39)?).map_err(|wrong| wrong.to_string())?;
    let (code, original, own) = (addendum.field(4, 6), addendum.field(7, 21), addendum.field(80, 94));
    let parts = [id, code, original, own, entry.field(30, 39)];
    let reference = reference(&["ach", code, original], &parts);
    let verdict = verdict(amount)?;
    let is_paid = amount > 0;
    let currency = is_paid.then(|| CURRENCY.to_owned());
    Ok(AnswerLine { order_id, batch: None, reference, amount: is_paid.then_some(amount), currency, verdict })
}

fn correction(addendum: &NachaRecord<'_>) -> BankVerdict {
    let (code, data) = (addendum.field(4, 6), addendum.field(36, 64).trim());
    let meaning = match code {
        "C01" => "account number",
        "C02" => "routing number",
        "C03" => "routing number and account number",
        "C04" => "name",
        "C05" => "kind of account",
        "C06" => "account number and kind of account",
        "C07" => "routing number, account number and kind of account",
        _ => "entry",
    };
    noted(code, RailText::code("bank_corrects").with("what", format!("{code}, {meaning} {data}")))
}

fn returned(addendum: &NachaRecord<'_>, amount: i64) -> Result<BankVerdict, String> {
    let code = addendum.field(4, 6);
    let digits = code.strip_prefix('R').and_then(super::record::number);
    let reason =
        digits.ok_or_else(|| format!("line {}: {code:?} is not a reason of a return", addendum.line))?;
    let text = us_reason(code);
    Ok(match (reason, amount) {
        (61..=77, _) => {
            noted(code, RailText::code("bank_unclear").with("what", format!("{code}, a dispute of a return")))
        }
        (_, 0) => noted(code, RailText::code("bank_test_entry").with("why", text.english())),
        _ => BankVerdict::Returned { code: code.to_owned(), text },
    })
}
