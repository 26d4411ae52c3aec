//! Files of payments by hand, for every door: taking what is queued into work as a CSV, and settling every line of a CSV. A
//! line that cannot be settled is named, and the others are settled.

use super::offer::is_paused;
use super::{Stopped, settle};
use crate::ids::IdKind;
use crate::line_numbers::{LineNumbers, without_mark};
use crate::platform::Platform;
use crate::reference::reference;
use crate::store::WithdrawalFilter;
use ledger::{Actor, BookId, Provider, Refusal, Withdrawal, WithdrawalState};

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

/// Takes a method's queued payments into work and gives all that are in work as a CSV. Those in work already are in it
/// again: a lost file is no lost payment. Who pays from two files pays by the id.
///
/// # Errors
/// [`Stopped`].
pub async fn take(platform: &Platform, book: BookId, method: &str, actor: Actor) -> Result<String, Stopped> {
    let mounted = platform.rails.get(book.mode(), method);
    let provider = mounted.map(|mounted| mounted.facts().provider);
    // Whoever pays by hand what a rail is at work on pays twice.
    if provider.is_some_and(|provider| provider != Provider::Manual) {
        return Err(Refusal::WithdrawalIsNotManual.into());
    }
    if is_paused(platform, book, method).await? {
        return Err(Refusal::MethodIsPaused.into());
    }
    for withdrawal in &all(platform, book, method, WithdrawalState::Queued).await? {
        // What is switched off waits in the queue.
        if platform.store.stop_of(book, withdrawal.number).await?.is_some() {
            continue;
        }
        match settle::begin(platform, book, withdrawal.number, actor).await {
            // The person took it back a moment ago, or somebody has paused it.
            Ok(_) | Err(Stopped::Refused(Refusal::StepIsNotPossible(..) | Refusal::MethodIsPaused)) => {}
            Err(stopped) => return Err(stopped),
        }
    }
    let mut sending = all(platform, book, method, WithdrawalState::Sending).await?;
    let pauses = platform.store.pauses_of(book).await?;
    let is_stopped = |one: &Withdrawal| pauses.iter().any(|pause| pause.names(one.user, &one.method));
    sending.retain(|withdrawal| withdrawal.provider == Provider::Manual && !is_stopped(withdrawal));
    // Withdrawals outlive the configuration that they were asked for under.
    if provider.is_none() && sending.is_empty() {
        return Err(Stopped::UnknownMethod);
    }
    sending.reverse();
    Ok(written(platform, book, &sending).map_err(anyhow::Error::from)?)
}

fn written(platform: &Platform, book: BookId, sending: &[Withdrawal]) -> csv::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["id", "amount", "currency", "destination", "proof"])?;
    for withdrawal in sending {
        let id = platform.secrets.ids().seal(IdKind::Withdrawal, book, withdrawal.number);
        let cents = withdrawal.net().0;
        let amount = format!("{}.{:02}", cents / 100, cents % 100);
        writer.write_record([id.as_str(), &amount, "USD", &withdrawal.destination, ""])?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

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

/// Settles every line of a CSV with the columns `id` and `proof`. `find` says which withdrawal an id names here.
///
/// # Errors
/// Why the text is not such a file; nothing was settled then.
pub async fn settle_all(
    platform: &Platform,
    text: &[u8],
    find: impl Fn(&str) -> Option<(BookId, i64)>,
    actor: Actor,
) -> Result<Settled, &'static str> {
    let text = without_mark(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text);
    let header = reader.headers().map_err(|_| "the file is not a CSV")?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let (Some(id), Some(proof)) = (column("id"), column("proof")) else {
        return Err("the first line must name the columns id and proof");
    };
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
        let (id, proof) = (record.get(id).unwrap_or_default(), record.get(proof).unwrap_or_default());
        if let Err(hint) = reference(proof) {
            settled.not_settled.push(format!("line {number}: the proof is not one; {hint}"));
            continue;
        }
        let done = match find(id) {
            Some((book, withdrawal)) => settle::settle(platform, book, withdrawal, proof, actor)
                .await
                .map_err(|stopped| stopped.to_string()),
            None => Err(format!("there is no withdrawal {id:?}")),
        };
        match done {
            Ok(_) => settled.settled += 1,
            Err(sentence) => settled.not_settled.push(format!("line {number}: {sentence}")),
        }
    }
    Ok(settled)
}
