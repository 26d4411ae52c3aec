//! Files of payments by hand, for every door: taking what is queued into work as a CSV, and settling every line of a CSV. A
//! line that cannot be settled is named, and the others are settled.

mod destination;

use crate::audit_log;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::line::typed_reference;
use crate::line_numbers::LineNumbers;
use crate::platform::Platform;
use crate::proposals::{self, DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::sheet::{self, CURRENCY, Sheet};
use crate::stopped::Stopped;
use crate::store::{HandedOut, WithdrawalFilter};
use crate::withdrawals::offer::is_paused;
use destination::{DestinationColumns, SentDestination};
use ledger::{Actor, BookId, Origin, Refusal, Withdrawal, WithdrawalState};
use serde_json::json;

/// Lines that could not be settled before the rest of a file is left alone: it is the wrong file.
const MOST_NOT_SETTLED: usize = 1_000;

const PAGE: i64 = 500;

/// What became of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many lines were settled.
    pub settled: usize,
    /// A sentence for each of the others.
    pub not_settled: Vec<String>,
}

/// A file of payments to make.
pub struct Taken {
    /// The CSV.
    pub sheet: Sheet,
    /// How many payments are in it.
    pub payments: usize,
    /// How many are in work and not in it, because an earlier file has them.
    pub left_out: usize,
}

/// Takes a method's queued payments into work and gives those in work as a CSV: each in one file. What an earlier file has is
/// given `again` only where that is asked for, and the file says so.
pub async fn take(
    platform: &Platform,
    book: BookId,
    method: &str,
    again: bool,
    by: impl Into<Origin>,
) -> Result<Taken, Stopped> {
    let by = by.into();
    let mounted = platform.rails.get(book.mode(), method);
    let provider = mounted.map(|mounted| mounted.facts().provider);
    // Paying by hand what a rail is paying would pay twice.
    if provider.is_some_and(|provider| !provider.is_paid_by_hand()) {
        return Err(Refusal::WithdrawalIsNotManual.into());
    }
    if is_paused(platform, book, method).await? {
        return Err(Refusal::MethodIsPaused.into());
    }
    // The oldest first: below a ceiling there may not be room for all.
    for withdrawal in all(platform, book, method, WithdrawalState::Queued).await?.iter().rev() {
        // What is switched off waits in the queue.
        if platform.store.stop_of(book, withdrawal.number).await?.is_some() {
            continue;
        }
        match platform.counter(book, by).begin(withdrawal.number).await {
            // The person took it back a moment ago, it was paused, or it waits for room or for the screening service.
            Ok(_)
            | Err(
                Stopped::Waits(_)
                | Stopped::Refused(Refusal::StepIsNotPossible(..) | Refusal::MethodIsPaused),
            ) => {}
            Err(stopped) => return Err(stopped),
        }
    }
    let mut sending = all(platform, book, method, WithdrawalState::Sending).await?;
    let pauses = platform.store.pauses_of(book).await?;
    let is_stopped = |one: &Withdrawal| pauses.iter().any(|pause| pause.names(one.user, &one.method));
    sending.retain(|withdrawal| withdrawal.provider.is_paid_by_hand() && !is_stopped(withdrawal));
    // Withdrawals outlive the configuration that they were asked for under.
    if provider.is_none() && sending.is_empty() {
        return Err(Stopped::UnknownMethod);
    }
    sending.reverse();
    hand_out(platform, book, (method, again), &sending, by.actor).await
}

/// Only what this file claims in the database is in it: of two at once, each payment is in one.
async fn hand_out(
    platform: &Platform,
    book: BookId,
    (method, again): (&str, bool),
    sending: &[Withdrawal],
    actor: Actor,
) -> Result<Taken, Stopped> {
    let earlier = platform.store.handed_out(book).await?;
    let wanted: Vec<(&Withdrawal, Option<HandedOut>)> = (sending.iter())
        .map(|withdrawal| (withdrawal, earlier.get(&withdrawal.number).copied()))
        .filter(|(_, before)| again || before.is_none())
        .collect();
    let claims: Vec<(i64, Option<HandedOut>)> =
        wanted.iter().map(|(withdrawal, before)| (withdrawal.number, *before)).collect();
    let detail = json!({ "again": again });
    let entry = audit_log::in_book(platform, book, actor, "withdrawals.handed_out", method, &detail);
    let claimed = platform.store.hand_out(book, &claims, actor, &entry).await?;
    let configured = platform.rails.get(book.mode(), method).map(|mounted| &mounted.facts().fields);
    let configured = configured.into_iter().flatten().map(|field| field.name.clone()).collect();
    let given = wanted.iter().map(|(withdrawal, _)| withdrawal.destination.as_str());
    let destination = DestinationColumns::of(configured, given);
    let [first, last] = COLUMNS.map(|names| names.iter().map(|name| (*name).to_owned()));
    let mut sheet = Sheet::new(&first.chain(destination.names()).chain(last).collect::<Vec<_>>());
    let mut payments = 0;
    for ((withdrawal, before), _) in wanted.iter().zip(&claimed).filter(|(_, claimed)| **claimed) {
        let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal.number);
        let before = before.map(|before| rfc3339(before.at)).unwrap_or_default();
        let first = [id, sheet::money(withdrawal.net()), CURRENCY.to_owned()];
        let fields = destination.cells(&withdrawal.destination);
        let row: Vec<String> = first.into_iter().chain(fields).chain([String::new(), before]).collect();
        sheet.row(&row);
        payments += 1;
    }
    Ok(Taken { sheet, payments, left_out: sending.len() - payments })
}

/// Those before and after the destination's.
const COLUMNS: [&[&str]; 2] = [&["id", "amount", "currency"], &["proof", "handed_out_before"]];

async fn all(
    platform: &Platform,
    book: BookId,
    method: &str,
    state: WithdrawalState,
) -> Result<Vec<Withdrawal>, Stopped> {
    let mut found: Vec<Withdrawal> = Vec::new();
    loop {
        let filter = WithdrawalFilter {
            state: Some(state),
            method: Some(method.to_owned()),
            below: found.last().map(|last| last.number),
            user: None,
        };
        let page = platform.store.withdrawals(book, &filter, PAGE).await?;
        if page.is_empty() {
            return Ok(found);
        }
        found.extend(page);
    }
}

/// Settles every line of a CSV with the columns that an export has. Amount, currency and destination must be those of the
/// withdrawal: a line of another payment, or of another file, would otherwise settle what was never paid. `find` says which
/// withdrawal an id names here.
///
/// # Errors
/// Why the text is not such a file; nothing was settled then.
pub async fn settle_all(
    platform: &Platform,
    text: &[u8],
    find: impl Fn(&str) -> Option<(BookId, i64)>,
    by: impl Into<Origin>,
) -> Result<Settled, String> {
    let text = sheet::text(text).map_err(|not_text| not_text.to_string())?.as_bytes();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|_| "the file is not a CSV")?.clone();
    let columns = SheetColumns::named(&header)?;
    let by = by.into();
    let mut settled = Settled::default();
    let mut numbers = LineNumbers::new(text);
    for record in reader.records() {
        let number = numbers.of(&record);
        if settled.not_settled.len() == MOST_NOT_SETTLED {
            settled.not_settled.push(format!(
                "line {number}: too many lines before it were wrong; from here on nothing was tried"
            ));
            break;
        }
        let Ok(record) = record else {
            settled.not_settled.push(format!("line {number}: it has not the columns of the header"));
            continue;
        };
        match settle_line(platform, &columns, &record, &find, by).await {
            Ok(()) => settled.settled += 1,
            Err(sentence) => settled.not_settled.push(format!("line {number}: {sentence}")),
        }
    }
    Ok(settled)
}

/// Where a file's columns stand.
struct SheetColumns {
    id: usize,
    amount: usize,
    currency: usize,
    destination: SentDestination,
    proof: usize,
}

impl SheetColumns {
    fn named(header: &csv::StringRecord) -> Result<Self, &'static str> {
        let column = |name: &str| header.iter().position(|column| column == name);
        if header.iter().enumerate().any(|(at, name)| column(name) != Some(at)) {
            return Err("the first line names a column twice");
        }
        let found = [column("id"), column("amount"), column("currency"), column("proof")];
        match (found, SentDestination::named(header)) {
            ([Some(id), Some(amount), Some(currency), Some(proof)], Some(destination)) => {
                Ok(Self { id, amount, currency, destination, proof })
            }
            _ => Err(
                "the first line must name the columns id, amount, currency, destination and proof, as an export does",
            ),
        }
    }
}

async fn settle_line(
    platform: &Platform,
    columns: &SheetColumns,
    record: &csv::StringRecord,
    find: &impl Fn(&str) -> Option<(BookId, i64)>,
    by: Origin,
) -> Result<(), String> {
    let field = |column: usize| record.get(column).unwrap_or_default();
    let (id, proof) = (field(columns.id), field(columns.proof));
    typed_reference(proof).map_err(|hint| format!("the proof is not one; {hint}"))?;
    let unknown = || format!("there is no withdrawal {id:?}");
    let (book, number) = find(id).ok_or_else(unknown)?;
    let withdrawal = platform.store.withdrawal(book, number).await.map_err(|failure| {
        tracing::error!(error = format!("{failure:#}"), "a withdrawal could not be read");
        "it could not be read; try the file again".to_owned()
    })?;
    let withdrawal = withdrawal.ok_or_else(unknown)?;
    let net = withdrawal.net();
    if cents(field(columns.amount)) != Some(net.0) {
        return Err(format!("the amount is not that of the withdrawal, {}", sheet::money(net)));
    }
    if field(columns.currency) != CURRENCY {
        return Err(format!("the currency is not {CURRENCY}"));
    }
    if !columns.destination.is(record, &withdrawal.destination) {
        return Err("the destination is not that of the withdrawal".to_owned());
    }
    let settled = platform.counter(book, by).settle(number, proof).await;
    let what = Proposed::EndByHand { withdrawal: number, amount: withdrawal.amount, paid: true };
    let new = NewProposal { book, what, reason: proof, by: by.actor, once: None };
    match or_propose(platform, new, settled).await {
        Ok(DoneOrProposed::Done(_)) => Ok(()),
        Ok(DoneOrProposed::Proposed(made)) => {
            let id = proposals::id(platform, &made.row);
            Err(format!("it takes two people, and is proposed as {id}"))
        }
        Err(stopped) => Err(stopped.to_string()),
    }
}

/// Cents of an amount as an export writes it; a spreadsheet may have dropped zeros at the end.
fn cents(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = digits(whole) && digits(part) && part.len() <= 2;
    let part = format!("{part:0<2}");
    let (whole, part) = (whole.parse::<i64>().ok()?, part.parse::<i64>().ok()?);
    whole.checked_mul(100)?.checked_add(part).filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_an_export_writes_them() {
        for (text, expected) in [
            ("25.50", Some(2_550)),
            ("25.5", Some(2_550)),
            ("25", Some(2_500)),
            ("0.01", Some(1)),
            ("25,50", None),
            ("25.505", None),
            ("2.55e1", None),
            ("-25.50", None),
            ("", None),
            (".50", None),
        ] {
            assert_eq!(cents(text), expected, "{text:?}");
        }
    }
}
