//! An answer of the provider that is kept for a while, so that a page does not wait for the provider each time. An old answer is
//! used where there is no newer one, and the log says so.

use super::api::TremendousError;
use crate::clock::Clock;
use anyhow::anyhow;
use ledger::Micros;
use parking_lot::Mutex;
use std::sync::Arc;

const SECOND: Micros = 1_000_000;
/// After a failed call, how long the provider is not asked again.
const LEFT_ALONE: Micros = 5 * SECOND;

/// See the module. Ages go by the monotonic clock.
pub(super) struct KeptAnswer<T> {
    what: &'static str,
    /// Up to this age it is used without asking.
    fresh: Micros,
    /// Up to this age it is used where asking fails.
    usable: Micros,
    clock: Clock,
    newest: Mutex<Newest<T>>,
    /// Held by the one call that asks.
    asking: tokio::sync::Mutex<()>,
}

struct Newest<T> {
    answer: Option<(Micros, Arc<T>)>,
    failed_at: Option<Micros>,
}

impl<T> KeptAnswer<T> {
    pub fn new(what: &'static str, (fresh, usable): (Micros, Micros), clock: Clock) -> Self {
        let newest = Mutex::new(Newest { answer: None, failed_at: None });
        Self { what, fresh, usable, clock, newest, asking: tokio::sync::Mutex::default() }
    }

    /// The answer, and how old it is.
    fn known(&self) -> Option<(Micros, Arc<T>)> {
        let now = self.clock.monotonic();
        self.newest.lock().answer.as_ref().map(|(at, answer)| (now - at, Arc::clone(answer)))
    }

    fn known_up_to(&self, age: Micros) -> Option<Arc<T>> {
        self.known().filter(|(old, _)| *old < age).map(|(_, answer)| answer)
    }

    /// How old the answer is, where it is older than it should be.
    pub fn overdue(&self) -> Option<Micros> {
        self.known().map(|(age, _)| age).filter(|age| *age >= self.fresh)
    }

    /// The answer as it is kept, or what `ask` brings.
    pub async fn get(
        &self,
        ask: impl AsyncFnOnce() -> Result<T, TremendousError>,
    ) -> Result<Arc<T>, TremendousError> {
        if let Some(fresh) = self.known_up_to(self.fresh) {
            return Ok(fresh);
        }
        let _asking = match (self.asking.try_lock(), self.known_up_to(self.usable)) {
            (Ok(held), _) => held,
            // Another call is asking already.
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => self.asking.lock().await,
        };
        if let Some(fresh) = self.known_up_to(self.fresh) {
            return Ok(fresh);
        }
        let failed_at = self.newest.lock().failed_at;
        let is_left_alone = failed_at.is_some_and(|at| self.clock.monotonic() - at < LEFT_ALONE);
        let asked = match is_left_alone {
            true => Err(TremendousError::Down(anyhow!("the provider did not answer a moment ago"))),
            false => ask().await,
        };
        let now = self.clock.monotonic();
        match asked {
            Ok(answer) => {
                let answer = Arc::new(answer);
                *self.newest.lock() = Newest { answer: Some((now, Arc::clone(&answer))), failed_at: None };
                Ok(answer)
            }
            Err(error) => {
                let Some(old) = self.known_up_to(self.usable) else {
                    if !is_left_alone {
                        self.newest.lock().failed_at = Some(now);
                    }
                    return Err(error);
                };
                if !is_left_alone {
                    self.newest.lock().failed_at = Some(now);
                    let error = format!("{:#}", error.failure());
                    tracing::warn!(what = self.what, error, "an old answer of Tremendous is used");
                }
                Ok(old)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn an_answer_is_asked_for_again_when_it_is_old_and_used_while_asking_fails() {
        let clock = Clock::manual(1);
        let kept = KeptAnswer::new("numbers", (60 * SECOND, 600 * SECOND), clock.clone());
        let asked = AtomicU32::new(0);
        let get = async |works: bool| {
            let answer = kept.get(async || {
                let count = asked.fetch_add(1, Ordering::SeqCst) + 1;
                if works { Ok(count) } else { Err(TremendousError::Down(anyhow!("down"))) }
            });
            answer.await.ok().map(|number| *number)
        };
        assert_eq!(get(false).await, None);
        assert_eq!((get(true).await, asked.load(Ordering::SeqCst)), (None, 1), "left alone for a moment");
        clock.advance(LEFT_ALONE);
        assert_eq!([get(true).await, get(true).await], [Some(2), Some(2)]);
        clock.advance(60 * SECOND);
        assert_eq!((get(false).await, kept.overdue()), (Some(2), Some(60 * SECOND)));
        assert_eq!((get(true).await, asked.load(Ordering::SeqCst)), (Some(2), 3), "left alone for a moment");
        clock.advance(LEFT_ALONE);
        assert_eq!((get(true).await, kept.overdue()), (Some(4), None));
        clock.advance(600 * SECOND);
        assert_eq!(get(false).await, None, "too old");
    }
}
