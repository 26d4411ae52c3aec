//! The kill switch: pausing what leaves the house, and letting it leave again. A pause is committed first and waits then for
//! what had begun, so that once it has been answered nothing leaves that it names. Not here: where workers look at it
//! (`payment_worker/turn.rs`), which commands it refuses (ledger).

use crate::audit_log;
use crate::platform::Platform;
use crate::recovery_progress::RecoveryProgress;
use crate::stopped::Stopped;
use crate::store::{BookPart, Failure, NewAuditEntry, PauseScope, StoredPause};
use ledger::{Actor, BookId, Mode, Occurrence};
use serde_json::json;
use std::time::Duration;

/// Between two looks at what is still on its way.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// What became of a pause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paused {
    /// It was not paused before.
    pub is_new: bool,
    /// Requests that had begun to leave before, and that have no answer yet: book and withdrawal.
    pub running: Vec<(BookId, i64)>,
}

/// Pauses, and waits at most so long for what had begun to leave.
///
/// # Errors
/// [`Stopped`]. Where telling of it fails, it is paused nevertheless.
pub async fn pause(
    platform: &Platform,
    scope: &PauseScope,
    reason: &str,
    actor: Actor,
    patience: Duration,
) -> Result<Paused, Stopped> {
    let books = books(platform, scope).await?;
    let entries = entries(platform, scope, &books, actor, ("payments.paused", reason));
    let is_new = platform.store.pause(scope, reason, actor, &entries).await?;
    if is_new {
        tracing::warn!(scope = words(scope), reason, "payments are paused");
        tell(platform, scope, &books, actor, (Occurrence::PaymentsPaused, reason)).await?;
    }
    let wait = async {
        while !platform.store.submitting(scope).await?.is_empty() {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        Ok::<(), Failure>(())
    };
    let running = match tokio::time::timeout(patience, wait).await {
        Ok(waited) => waited.map(|()| Vec::new())?,
        Err(_) => platform.store.submitting(scope).await?,
    };
    Ok(Paused { is_new, running })
}

/// Ends a pause of just this scope. `false`: there was none.
///
/// # Errors
/// [`Stopped`]. Where telling of it fails, it is resumed nevertheless.
pub async fn resume(
    platform: &Platform,
    scope: &PauseScope,
    reason: &str,
    actor: Actor,
) -> Result<bool, Stopped> {
    if *scope == PauseScope::All {
        let open = RecoveryProgress::load(&platform.store).await?.open();
        if !open.is_empty() {
            return Err(Stopped::NotRecovered(open));
        }
    }
    let books = books(platform, scope).await?;
    let entries = entries(platform, scope, &books, actor, ("payments.resumed", reason));
    let was_paused = platform.store.resume(scope, &entries).await?;
    if was_paused {
        tracing::warn!(scope = words(scope), reason, "payments are resumed");
        tell(platform, scope, &books, actor, (Occurrence::PaymentsResumed, reason)).await?;
        platform.rails.nudge.send();
    }
    Ok(was_paused)
}

/// A scope in words, for people and programs.
#[must_use]
pub fn words(scope: &PauseScope) -> String {
    match scope {
        PauseScope::All => "everything".to_owned(),
        PauseScope::Business(_) => "business".to_owned(),
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) => format!("method {name}"),
        PauseScope::Person(..) => "payout user".to_owned(),
        PauseScope::Own(_, part) => words_of_part(part),
    }
}

fn words_of_part(part: &BookPart) -> String {
    match part {
        BookPart::Everything => "all withdrawals".to_owned(),
        BookPart::Method(name) => format!("method {name}"),
        BookPart::Person(_) => "payout user".to_owned(),
    }
}

/// What became of a business's wish to end its own pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resumed {
    /// It is ended.
    Now,
    /// There was none.
    WasNotPaused,
    /// There was none of the business's own, but the operator's, which only the operator ends.
    IsTheOperators,
}

/// Ends a pause that the business set by itself.
pub async fn resume_own(
    platform: &Platform,
    book: BookId,
    part: &BookPart,
    reason: &str,
    actor: Actor,
) -> Result<Resumed, Stopped> {
    if resume(platform, &PauseScope::Own(book, part.clone()), reason, actor).await? {
        return Ok(Resumed::Now);
    }
    let standing = of_book(platform, book).await?;
    let is_the_operators = |pause: &StoredPause| !pause.scope.is_own() && pause.scope.covers(part);
    Ok(if standing.iter().any(is_the_operators) { Resumed::IsTheOperators } else { Resumed::WasNotPaused })
}

/// The pauses that concern a book, oldest first.
pub async fn of_book(platform: &Platform, book: BookId) -> Result<Vec<StoredPause>, Failure> {
    let mut pauses = platform.store.pauses().await?;
    pauses.retain(|pause| pause.scope.concerns(book));
    Ok(pauses)
}

/// The books that a scope concerns.
async fn books(platform: &Platform, scope: &PauseScope) -> Result<Vec<BookId>, Failure> {
    let of = |number: i64| [Mode::Live, Mode::Test].map(|mode| BookId::new(number, mode));
    Ok(match scope {
        PauseScope::All | PauseScope::Rail(_) => {
            platform.store.businesses().await?.iter().flat_map(|business| of(business.number)).collect()
        }
        PauseScope::Business(number) | PauseScope::RailOf(number, _) => of(*number).into(),
        PauseScope::Person(book, _) | PauseScope::Own(book, _) => vec![*book],
    })
}

/// For the audit log of each business that it concerns.
fn entries(
    platform: &Platform,
    scope: &PauseScope,
    books: &[BookId],
    actor: Actor,
    (action, reason): (&'static str, &str),
) -> Vec<NewAuditEntry> {
    let detail = json!({ "scope": words(scope), "reason": reason });
    let subject = match scope {
        PauseScope::Person(book, user) | PauseScope::Own(book, BookPart::Person(user)) => {
            platform.secrets.ids().seal(crate::ids::IdKind::PayoutUser, *book, *user)
        }
        PauseScope::Rail(name) | PauseScope::RailOf(_, name) | PauseScope::Own(_, BookPart::Method(name)) => {
            name.clone()
        }
        PauseScope::All | PauseScope::Business(_) | PauseScope::Own(_, BookPart::Everything) => String::new(),
    };
    let mut businesses: Vec<i64> = books.iter().map(|book| book.business()).collect();
    businesses.dedup();
    let note = |number| audit_log::in_business(platform, number, actor, action, &subject, &detail);
    businesses.into_iter().map(note).collect()
}

async fn tell(
    platform: &Platform,
    scope: &PauseScope,
    books: &[BookId],
    actor: Actor,
    (occurrence, reason): (Occurrence, &str),
) -> Result<(), Stopped> {
    let user = match scope {
        PauseScope::Person(_, user) | PauseScope::Own(_, BookPart::Person(user)) => Some(*user),
        _ => None,
    };
    let of_method = match occurrence {
        Occurrence::PaymentsPaused => Occurrence::MethodClosed,
        _ => Occurrence::MethodOpened,
    };
    for book in books {
        let (counter, note) = (platform.counter(*book, actor), format!("{}: {reason}", words(scope)));
        counter.record(occurrence, user, note).await?;
        if let Some(method) = scope.method() {
            counter.record(of_method, None, method.to_owned()).await?;
        }
    }
    Ok(())
}
