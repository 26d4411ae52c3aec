//! Marks between which a rail's funds should be: an alarm, and nothing is moved.

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{BookId, Cents, Mode, Provider};
use outpay::testing::clock::{Clock, Entropy};
use outpay::testing::config::Config;
use outpay::testing::funds;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{
    Closed, Facts, FieldProblem, Finding, Funds, FundsAlarm, Outcome, Payment, Prepared, Quote, Rail,
    RailText, Rails,
};
use outpay::testing::store::Attempt;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use std::sync::Arc;

use crate::database::Database;
use outpay::testing::auth::Secrets;

/// A rail that holds what the test says.
struct Purse {
    facts: Facts,
    holds: Mutex<Result<Option<Cents>, Closed>>,
}

fn out_of_use() -> Outcome {
    Outcome::unknown("it pays nothing")
}

impl Rail for Purse {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        Ok(Value::Object(fields.clone()).to_string())
    }

    fn quote<'a>(&'a self, _: BookId, _: Cents, _: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        ready(Ok(Quote::default())).boxed()
    }

    fn balance(&self, _: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        let holds = *self.holds.lock();
        ready(holds.map(|available| Funds { available, choices: Vec::new() })).boxed()
    }

    fn prepare<'a>(
        &'a self,
        _: &'a Payment,
        _: &'a [Attempt],
        _: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        ready(Err(out_of_use())).boxed()
    }

    fn submit<'a>(&'a self, _: &'a Payment, _: &'a Attempt) -> BoxFuture<'a, Outcome> {
        ready(out_of_use()).boxed()
    }

    fn query<'a>(&'a self, _: &'a Payment, _: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        ready(Finding::NotFound).boxed()
    }
}

#[tokio::test]
async fn funds_outside_of_their_marks_raise_an_alarm_until_they_are_back() {
    let database = Database::on_sqlite();
    let limits = serde_json::json!({ "rails": { "limits": { "purse": { "most_funds": 1_000, "least_funds": 100 } } } });
    let config: Config = serde_json::from_value(limits).unwrap();
    let (secrets, clock) = (Secrets::derive(&[7; 32]), Clock::manual(1_800_000_000_000_000));
    let url = database.url();
    let opened = Platform::open(database.folder(), &url, secrets, clock.clone(), Entropy::seeded(1), &config);
    let mut platform = opened.await.unwrap();
    let facts = Facts {
        name: "purse".to_owned(),
        provider: Provider::Crypto,
        title: RailText::Own("Purse".to_owned()),
        expected_time: RailText::code("at_once"),
        fields: Vec::new(),
        line: None,
    };
    let purse = Arc::new(Purse { facts, holds: Mutex::new(Ok(Some(Cents(500)))) });
    let mut rails = Rails::new(&config.rails, &platform.store, &platform.secrets, &clock);
    rails.mount(Mode::Live, Arc::clone(&purse) as Arc<dyn Rail>);
    platform.rails = Arc::new(rails);
    let mounted = Arc::clone(platform.rails.get(Mode::Live, "purse").unwrap());
    assert_eq!(mounted.funds(), (None, None), "not asked yet");
    for (holds, expected) in [
        (Ok(Some(Cents(500))), (Some(Cents(500)), None)),
        (Ok(Some(Cents(1_001))), (Some(Cents(1_001)), Some(FundsAlarm::TooMuch))),
        // What is not known ends no alarm.
        (Err(Closed::Unhealthy), (Some(Cents(1_001)), Some(FundsAlarm::TooMuch))),
        (Ok(None), (Some(Cents(1_001)), Some(FundsAlarm::TooMuch))),
        (Ok(Some(Cents(1_000))), (Some(Cents(1_000)), None)),
        (Ok(Some(Cents(99))), (Some(Cents(99)), Some(FundsAlarm::TooLittle))),
    ] {
        *purse.holds.lock() = holds;
        funds::look(&platform).await;
        assert_eq!(mounted.funds(), expected, "{holds:?}");
    }
}
