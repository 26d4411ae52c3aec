//! How a background task waits: for new work, for the signal to stop, and, once stopped, for what it has begun. Not here: the
//! work.

use std::time::Duration;
use tokio::sync::watch;

/// Tells the tasks of this process that there may be new work.
#[derive(Clone, Debug, Default)]
pub struct Nudge(watch::Sender<()>);

/// Receives nudges from its creation on.
pub struct Nudged(watch::Receiver<()>);

impl Nudge {
    /// Makes the tasks that listen look now.
    pub fn send(&self) {
        self.0.send_replace(());
    }

    /// Listens from now on. A nudge that comes while a task works makes it look once more.
    #[must_use]
    pub fn listen(&self) -> Nudged {
        Nudged(self.0.subscribe())
    }
}

impl Nudged {
    /// Comes with the next nudge; never, once no sender is left.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Waits until there may be new work: a nudge has come, or `poll` has passed. `false`: the task is to stop.
pub async fn look_again(
    stop: &mut watch::Receiver<bool>,
    nudge: Option<&mut Nudged>,
    poll: Duration,
) -> bool {
    let nudged = async {
        match nudge {
            Some(nudge) => nudge.next().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = asked_to_stop(stop) => false,
        () = nudged => true,
        () = tokio::time::sleep(poll) => true,
    }
}

/// Comes when the task is to stop, or the sender of that signal is gone.
pub async fn asked_to_stop(stop: &mut watch::Receiver<bool>) {
    let _asked_or_gone = stop.wait_for(|stop| *stop).await.is_ok();
}

/// Gives what a stopped task has begun this long to end. `false`: something was cut off.
pub async fn finish_within(limit: Duration, begun: impl Future<Output = ()>) -> bool {
    tokio::time::timeout(limit, begun).await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);
    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn a_poll_a_nudge_and_a_stop_end_the_wait() {
        let (stop, mut stopped) = watch::channel(false);
        let nudge = Nudge::default();
        let mut nudged = nudge.listen();
        assert!(look_again(&mut stopped, None, SHORT).await, "the poll");
        nudge.send();
        assert!(look_again(&mut stopped, Some(&mut nudged), LONG).await, "a nudge that came before the wait");
        stop.send_replace(true);
        nudge.send();
        assert!(!look_again(&mut stopped, Some(&mut nudged), Duration::ZERO).await, "stopping comes first");
    }

    #[tokio::test]
    async fn a_sender_that_is_gone_stops_a_task_and_nudges_none() {
        let (stop, mut stopped) = watch::channel(false);
        let mut nudged = Nudge::default().listen();
        let wait = look_again(&mut stopped, Some(&mut nudged), LONG);
        assert!(tokio::time::timeout(SHORT, wait).await.is_err(), "nothing but the poll ends it");
        drop(stop);
        assert!(!look_again(&mut stopped, Some(&mut nudged), LONG).await);
    }

    #[tokio::test]
    async fn what_takes_too_long_at_the_end_is_cut_off() {
        assert!(finish_within(LONG, tokio::time::sleep(SHORT)).await);
        assert!(!finish_within(SHORT, tokio::time::sleep(LONG)).await);
    }
}
