//! The file of a batch: a NACHA file with one batch of PPD credits (Nacha Operating Rules, appendix three). The same payments can be
//! written as test entries (prenotes), which carry no money: a bank that does not know the account returns them.
//!
//! Invariant: the file follows from configuration and batch alone, so one that is written again is the same to the byte.

use super::PaymentNames;
use super::config::Originator;
use super::destination::{AccountType, AchDestination};
use super::record::{self, HASH_MODULUS, LINE};
use crate::rails::bank::{moment, to_latin, total, working_day};
use crate::rails::batch_file::{BatchFile, BatchPayment, BatchToWrite};
use crate::store::Failure;
use anyhow::{Context, anyhow, ensure};
use jiff::civil::{Date, DateTime};

/// 99,999,999.99: an entry has ten digits.
const MOST: i64 = 9_999_999_999;
/// Twelve digits.
const MOST_TOTAL: i64 = 999_999_999_999;
/// Six digits count the entries of a batch.
const MOST_ENTRIES: usize = 999_999;
/// Lines of a block.
const BLOCK: usize = 10;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FilePurpose {
    Pay,
    /// Entries of zero dollars, by which banks check the accounts.
    Test,
}

/// The file of this batch.
pub(super) fn write(
    from: &Originator,
    names: &PaymentNames,
    batch: &BatchToWrite<'_>,
    purpose: FilePurpose,
) -> Result<BatchFile, Failure> {
    let sum = total(batch.payments, MOST)?;
    ensure!(sum <= MOST_TOTAL, "the total of the file is too large for this format");
    ensure!(batch.payments.len() <= MOST_ENTRIES, "the file has more payments than this format counts");
    let total = if purpose == FilePurpose::Pay { sum } else { 0 };
    let made_at = moment(batch.made_at)?;
    let effective = working_day(batch.made_at, from.effective_days)?;
    let mut lines =
        vec![file_header(from, made_at, (batch.number, purpose))?, batch_header(from, effective, purpose)];
    let mut hash = 0;
    for (payment, sequence) in batch.payments.iter().zip(1..) {
        let (line, routing) = entry(from, names, (payment, sequence), purpose)?;
        lines.push(line);
        hash = (hash + routing) % HASH_MODULUS;
    }
    let count = batch.payments.len();
    lines.push(format!(
        "8220{count:06}{hash:010}{:012}{total:012}{:<10}{:25}{}{:07}",
        0, from.company_id, "", from.odfi, 1
    ));
    let blocks = (lines.len() + 1).div_ceil(BLOCK);
    lines.push(format!("9{:06}{blocks:06}{count:08}{hash:010}{:012}{total:012}{:39}", 1, 0, ""));
    lines.resize(blocks * BLOCK, "9".repeat(LINE));
    if let Some(line) = lines.iter().find(|line| line.len() != LINE || !line.is_ascii()) {
        return Err(anyhow!("a record has {} characters and not {LINE}", line.len()));
    }
    let end = if purpose == FilePurpose::Pay { "" } else { "-test" };
    let name = format!("outpay-{}{end}.ach", batch.number);
    Ok(BatchFile { name, media_type: "text/plain", bytes: (lines.join("\n") + "\n").into_bytes() })
}

fn file_header(
    from: &Originator,
    made_at: DateTime,
    (number, purpose): (i64, FilePurpose),
) -> Result<String, Failure> {
    // Tells the files of one day apart. A batch's file with the number of its test file would be refused as a duplicate.
    let modifiers = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let begin = if purpose == FilePurpose::Pay { 0 } else { 18 };
    let at = usize::try_from((begin + number - 1).rem_euclid(36))?;
    let modifier = char::from(modifiers[at]);
    let when = made_at.strftime("%y%m%d%H%M");
    let (to, origin) = (&from.destination, &from.origin);
    let (to_name, origin_name) = (&from.destination_name, &from.origin_name);
    Ok(format!("101 {to}{origin:>10}{when}{modifier}094101{to_name:<23}{origin_name:<23}{:8}", ""))
}

fn batch_header(from: &Originator, effective: Date, purpose: FilePurpose) -> String {
    let day = effective.strftime("%y%m%d").to_string();
    // Tells the bank's staff what entries without an amount are.
    let description = if purpose == FilePurpose::Pay { from.description.as_str() } else { "PRENOTE" };
    let (company, id, odfi) = (&from.company_name, &from.company_id, &from.odfi);
    format!("5220{company:<16}{:20}{id:<10}PPD{description:<10}{:6}{day}{:3}1{odfi}{:07}", "", "", "", 1)
}

/// The record of one payment, and what it adds to the entry hash.
fn entry(
    from: &Originator,
    names: &PaymentNames,
    (payment, sequence): (&BatchPayment, u32),
    purpose: FilePurpose,
) -> Result<(String, u64), Failure> {
    let order = &payment.order_id;
    let to: AchDestination = serde_json::from_str(&payment.destination)
        .with_context(|| format!("the destination of {order} cannot be read"))?;
    let name = to_latin(&to.name)
        .map_err(|_| anyhow!("the name of {order} cannot be written in the letters of banks"))?
        .to_uppercase();
    let name: String = name.chars().take(22).collect();
    let code = match (to.account_type, purpose) {
        (AccountType::Checking, FilePurpose::Pay) => 22,
        (AccountType::Checking, FilePurpose::Test) => 23,
        (AccountType::Savings, FilePurpose::Pay) => 32,
        (AccountType::Savings, FilePurpose::Test) => 33,
    };
    let amount = if purpose == FilePurpose::Pay { payment.amount } else { 0 };
    let (routing, account, id) = (&to.routing_number, &to.account_number, names.short(order)?);
    let line =
        format!("6{code}{routing}{account:<17}{amount:010}{id}{name:<22}{:2}0{}{sequence:07}", "", from.odfi);
    let hashed = routing.get(..8).and_then(record::number).context("a routing number has nine digits")?;
    Ok((line, hashed))
}
