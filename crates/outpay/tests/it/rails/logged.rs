//! What the log and the metrics have of refusals and failures: each once, with rail, withdrawal and code, and nothing personal.

use crate::rails::story::{NOW, SECOND, Story, start};
use ledger::{BookId, Mode};
use outpay::testing::clock::Clock;
use outpay::testing::ids::IdKind;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{Finding, Outcome};
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;

/// The log of this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn of_this_thread() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let lines = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
        let guard = tracing::subscriber::set_default(lines);
        (log, guard)
    }

    fn lines(&self, message: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(message)).map(str::to_owned).collect()
    }
}

async fn rounds(platform: &Platform, clock: &Clock, count: usize) {
    for _ in 0..count {
        PaymentWorker::new(platform.clone()).round().await.unwrap();
        clock.advance(700 * SECOND);
    }
}

fn metrics(platform: &Platform) -> String {
    let (mut registry, mut text) = (Registry::default(), String::new());
    platform.rails.measures().register(&mut registry);
    encode(&mut text, &registry).unwrap();
    text
}

fn id(platform: &Platform, book: BookId, number: i64) -> String {
    assert_eq!(book.mode(), Mode::Live);
    platform.secrets.ids().seal(IdKind::Withdrawal, book, number)
}

#[tokio::test]
async fn a_refusal_leaves_a_line_and_is_counted() {
    let (log, _guard) = Log::of_this_thread();
    let text = "ada@example.com has no account DE89370400440532013000 there.".to_owned();
    let refused = Outcome::Refused { code: "no_account".to_owned(), text };
    let clock = Clock::manual(NOW);
    let rail = Story::new(&clock, &[refused], &[Finding::NotFound]);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    rounds(&platform, &clock, 2).await;
    let lines = log.lines("a rail refused a payment");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let of = id(&platform, book, number);
    for part in ["\"rail\":\"story\"", "\"code\":\"no_account\"", &of, "WARN", "has no account"] {
        assert!(lines[0].contains(part), "{part}: {}", lines[0]);
    }
    for secret in ["ada@", "DE89"] {
        assert!(!lines[0].contains(secret), "{}", lines[0]);
    }
    let counted = "rail_refusals_total{rail=\"story\",mode=\"live\",code=\"no_account\"} 1";
    assert!(metrics(&platform).contains(counted), "{}", metrics(&platform));
}

/// A node that refuses every send leaves a line; asked again and again it leaves no more, until it says something else.
#[tokio::test]
async fn a_failure_leaves_a_line_once() {
    let (log, _guard) = Log::of_this_thread();
    let clock = Clock::manual(NOW);
    let says = |text: &str| Finding::Outcome(Outcome::unknown(text));
    let asked = [says("status 503"), says("status 503"), says("status 502"), says("status 502")];
    let rail = Story::new(&clock, &[Outcome::unknown("status 503")], &asked);
    let (_installation, platform, book, number) = start(&clock, &rail).await;
    rounds(&platform, &clock, 6).await;
    let lines = log.lines("the outcome of a payment is unknown");
    let of = id(&platform, book, number);
    assert!(lines.len() == 2 && lines.iter().all(|line| line.contains(&of)), "{lines:?}");
    assert!(lines[0].contains("status 503") && lines[1].contains("status 502"), "{lines:?}");
}

#[tokio::test]
async fn a_payment_that_comes_back_leaves_a_line_and_is_counted() {
    let (log, _guard) = Log::of_this_thread();
    let clock = Clock::manual(NOW);
    let back = Finding::Returned { code: "returned_by_bank".to_owned(), text: "It came back.".to_owned() };
    let rail = Story::new(&clock, &[Outcome::Accepted { detail: String::new() }], &[back]);
    let (_installation, platform, ..) = start(&clock, &rail).await;
    rounds(&platform, &clock, 3).await;
    let lines = log.lines("a payment came back");
    assert!(lines.len() == 1 && lines[0].contains("returned_by_bank"), "{lines:?}");
    let counted = "rail_returns_total{rail=\"story\",mode=\"live\",code=\"returned_by_bank\"} 1";
    assert!(metrics(&platform).contains(counted), "{}", metrics(&platform));
}
