//! The health of a book's methods: whether each works, what its own withdrawals came to, what could be paid now, and whether the
//! rail's books agree with ours. Only reads. Not here: the page (dashboard/money/methods.rs).
//!
//! Invariant: withdrawals, failures and differences are those of the book alone. What is of the whole installation (does the rail
//! answer, its float, when its books were compared) names no person and no business.

use super::offer;
use crate::platform::Platform;
use crate::rails::{Closed, Mounted};
use crate::store::{BookPart, Failure, MethodActivity, MismatchState, StoredPause};
use futures_util::future::join_all;
use ledger::{BookId, Cents, Micros, Mode};
use std::time::Duration;

const DAY: Micros = 86_400_000_000;
/// How long a page waits for a rail to say what it has.
const PATIENCE: Duration = Duration::from_secs(4);
/// Differences of a book that are counted.
const MOST: i64 = 1_000;

/// Whether a method works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Works {
    Yes,
    /// A pause.
    Paused,
    /// The business does not offer it.
    Off,
    /// The rail did not answer and is left alone for half a minute.
    LeftAlone,
    /// The rail says why it cannot pay.
    No(Closed),
    /// The rail did not say in time what it has.
    Silent,
}

/// One method of a book.
#[derive(Clone, Debug)]
pub struct MethodHealth {
    pub name: String,
    pub title: String,
    pub by_hand: bool,
    pub works: Works,
    pub activity: MethodActivity,
    /// What the rail could pay now; `None` where it has no limit, or does not say.
    pub float: Option<Cents>,
    /// When the rail did not answer last and was left alone, and how often that happened.
    pub left_alone: Option<(Micros, i64)>,
    /// Open differences between the rail's own books and this book.
    pub mismatches: usize,
    /// Until when the rail's own books were compared with ours.
    pub compared_until: Option<Micros>,
}

/// All methods of a book.
pub async fn all(platform: &Platform, book: BookId) -> Result<Vec<MethodHealth>, Failure> {
    let mut pauses = platform.store.pauses().await?;
    pauses.retain(|pause| pause.scope.concerns(book));
    let terms = platform.store.all_terms(book).await?;
    let mut mismatches = platform.store.mismatches_of_book(book, MOST).await?;
    mismatches.retain(|one| one.state == MismatchState::Open);
    let openings = platform.store.rail_openings().await?;
    let compared = platform.store.reconciled_until().await?;
    let is_live = book.mode() == Mode::Live;
    let looks = platform.rails.of(book.mode()).map(|mounted| async {
        let name = mounted.facts().name.clone();
        let is_offered =
            terms.get(&name).cloned().unwrap_or_else(|| offer::standard_terms(platform, book, &name)).enabled;
        let (works, float) = look(platform, book, mounted, is_paused(&pauses, &name), is_offered).await;
        let since = platform.store.book_now(book).await? - DAY;
        let opening = openings.iter().find(|one| is_live && one.rail == name);
        let until = compared.iter().find(|(rail, _)| is_live && *rail == name);
        Ok(MethodHealth {
            title: mounted.facts().title.english(),
            by_hand: mounted.facts().provider.is_paid_by_hand(),
            works,
            activity: platform.store.method_activity(book, &name, since).await?,
            float,
            left_alone: opening.map(|one| (one.opened_at, one.openings)),
            mismatches: mismatches.iter().filter(|one| one.rail == name).count(),
            compared_until: until.map(|(_, until)| *until),
            name,
        })
    });
    join_all(looks).await.into_iter().collect()
}

fn is_paused(pauses: &[StoredPause], name: &str) -> bool {
    let part = BookPart::Method(name.to_owned());
    pauses.iter().any(|pause| pause.scope.covers(&part))
}

async fn look(
    platform: &Platform,
    book: BookId,
    mounted: &Mounted,
    is_paused: bool,
    is_offered: bool,
) -> (Works, Option<Cents>) {
    let is_left_alone = mounted.left_alone_until(platform.clock.monotonic()).is_some();
    // A rail that does not answer is not asked for its float.
    let funds = if is_left_alone {
        Ok(Err(Closed::Unhealthy))
    } else {
        tokio::time::timeout(PATIENCE, mounted.rail.balance(book)).await
    };
    let float = match &funds {
        Ok(Ok(funds)) => funds.available,
        _ => None,
    };
    let works = match funds {
        _ if is_paused => Works::Paused,
        _ if !is_offered => Works::Off,
        _ if is_left_alone => Works::LeftAlone,
        Err(_) => Works::Silent,
        Ok(Err(closed)) => Works::No(closed),
        Ok(Ok(_)) => Works::Yes,
    };
    (works, float)
}
