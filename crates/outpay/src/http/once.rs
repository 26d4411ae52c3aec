//! Idempotency of POSTs whose effect is outside the books (deliveries of webhooks, pauses): the teller remembers the first
//! answer under the same keys as all others. Not here: commands of the ledger, whose replies it remembers by itself.
//!
//! Such an effect may happen again where a process dies before the answer is remembered, or where copies arrive at once. So
//! only effects that may be repeated are made this way.

use super::door::Door;
use super::problem::{Problem, json};
use super::show;
use crate::auth::Caller;
use crate::batch_refused::BatchRefused;
use crate::store::Failure;
use axum::response::Response;
use http::StatusCode;
use ledger::OnceKey;
use serde::Serialize;
use std::time::Duration;

/// How often, and how long apart, the answer of a concurrent copy of the request is looked for.
const LOOKS: usize = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Does `work` and answers with what it gives, or gives the first answer to `key` again. `request` is everything that the
/// request says.
pub(super) async fn once<B: Serialize>(
    door: &Door,
    caller: Caller,
    (key, request): (Option<OnceKey>, String),
    work: impl Future<Output = Result<B, Problem>>,
) -> Result<Response, Problem> {
    let Some(key) = key else { return Ok(show::ok(&work.await?)) };
    let mut answer = String::new();
    if !door.platform.store.is_remembered(caller.book, &key).await? {
        match work.await {
            Ok(body) => answer = show::text(&body),
            Err(problem) => {
                if !is_answered(door, caller, &key, &problem).await? {
                    return Err(problem);
                }
            }
        }
    }
    let done = door.counter(caller).once(key).remember(request, answer).await?;
    Ok(show::marked(done.replayed, json(StatusCode::OK, done.value)))
}

/// Was a faster copy of the request answered? Only a conflict can be its effect.
async fn is_answered(door: &Door, caller: Caller, key: &OnceKey, problem: &Problem) -> Result<bool, Failure> {
    let is_conflict = matches!(
        problem,
        Problem::Coded(StatusCode::CONFLICT, ..) | Problem::Batch(BatchRefused::NothingToPay)
    );
    if !is_conflict {
        return Ok(false);
    }
    for _ in 0..LOOKS {
        if door.platform.store.is_remembered(caller.book, key).await? {
            return Ok(true);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(false)
}
