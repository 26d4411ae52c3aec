//! A server whose worker panics outside any one withdrawal: it is started again, counted, and told of by `/readyz`.

use crate::rails::platform::Installation;
use crate::wire::{Answer as Response, Call, Connection};
use futures_util::future::BoxFuture;
use ledger::{BookId, Cents, Mode};
use outpay::testing::clock::Clock;
use outpay::testing::config::Config;
use outpay::testing::rails::sandbox;
use outpay::testing::rails::{
    Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, Rails,
};
use outpay::testing::serving::{self, ServeConfig};
use outpay::testing::store::Attempt;
use serde_json::{Map, Value};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::oneshot;

const NOW: i64 = 1_700_000_000_000_000;
const READY: &str = r#"{"status":"ready"}"#;
const FAILING: &str = r#"{"status":"not ready","reason":"The background task withdrawals has failed 3 times in a row; the log says why."}"#;

/// Panics as often as it is told to, where the worker does not expect it.
struct Trap {
    inner: Arc<dyn Rail>,
    panics: Arc<AtomicU32>,
}

impl Rail for Trap {
    fn facts(&self) -> &Facts {
        let left = self.panics.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "the trap");
        self.inner.facts()
    }
    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.inner.destination(fields)
    }
    fn quote<'a>(&'a self, book: BookId, net: Cents, to: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        self.inner.quote(book, net, to)
    }
    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        self.inner.balance(book)
    }
    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        self.inner.prepare(payment, earlier, slot)
    }
    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        self.inner.submit(payment, attempt)
    }
    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        self.inner.query(payment, attempts)
    }
}

/// Without the checks of [`Call::send`]: metrics are not JSON.
async fn get(address: SocketAddr, path: &str) -> Response {
    let request = Call::new(address, "GET", path).bytes();
    Connection::open(address).await.exchange(&request, true).await
}

async fn until(address: SocketAddr, path: &str, fits: impl Fn(&Response) -> bool) {
    let fitting = async {
        while !fits(&get(address, path).await) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), fitting).await.expect("it comes soon");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_panics_is_started_again_and_told_of() {
    let clock = Clock::manual(NOW);
    let installation = Installation::new(&clock);
    let mut platform = installation.open_with(Vec::new(), 1).await;
    let mut rails = Rails::new(&Config::default().rails, &platform.store, &platform.secrets, &clock);
    let panics = Arc::new(AtomicU32::new(0));
    let trap = Trap { inner: Arc::new(sandbox::rail()), panics: Arc::clone(&panics) };
    rails.mount(Mode::Test, Arc::new(trap));
    platform.rails = Arc::new(rails);

    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let config = ServeConfig { metrics_listen: Some(any), ..ServeConfig::on(any) };
    let serving = serving::open(config, platform).await.unwrap();
    let (api, metrics) = (serving.address().unwrap(), serving.metrics_address().unwrap().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serving.run(async move { drop(stopped.await) }));
    get(api, "/readyz").await.is(200, READY);
    let restarts = |count: u32| format!("outpay_background_restarts_total{{task=\"withdrawals\"}} {count}\n");
    until(metrics, "/metrics", |answer| answer.text().contains(&restarts(0))).await;

    panics.store(3, Ordering::SeqCst);
    until(api, "/readyz", |answer| answer.status == 503).await;
    get(api, "/readyz").await.is(503, FAILING);
    assert_eq!(get(api, "/healthz").await.status, 200);
    until(metrics, "/metrics", |answer| answer.text().contains(&restarts(3))).await;
    get(api, "/readyz").await.is(503, FAILING);
    clock.advance(60_000_000);
    get(api, "/readyz").await.is(200, READY);

    drop(stop);
    let ended = tokio::time::timeout(Duration::from_secs(20), served).await.expect("it stops promptly");
    ended.unwrap().unwrap();
}
