//! A rail whose own books are planted: each difference is found, stored once, told to the business that owns the withdrawal, and ended; a
//! payment that was not ordered pauses the rail. Not here: the comparison as a table (src/reconciliation/tests.rs).

use crate::rails::platform::{Installation, assert_books_are_clean, book_with};
use crate::rails::story::{NOW, SECOND, Story, succeeded};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use ledger::{Actor, BookId, Cents, EntryKind, Micros, WithdrawalState};
use outpay::testing::business;
use outpay::testing::clock::Clock;
use outpay::testing::kill_switch;
use outpay::testing::payment_worker::PaymentWorker;
use outpay::testing::platform::Platform;
use outpay::testing::rails::{
    Booked, Closed, Facts, FieldProblem, Finding, Funds, Outcome, Payment, Prepared, Quote, Rail, Standing,
    gift_card,
};
use outpay::testing::reconciliation::{self, CloseError, NotReconciled, night};
use outpay::testing::store::{Attempt, Failure, Mismatch, MismatchKind, MismatchState, PauseScope};
use outpay::testing::withdrawals::price::Wish;
use serde_json::{Map, Value};
use std::sync::{Arc, Mutex};
use tokio::sync::watch;

const HOUR: Micros = 3_600 * SECOND;
const RAIL: &str = "story";
/// What the rail should charge.
const FEE: Cents = Cents(25);

/// A rail that pays everything, and whose books say what a test plants.
struct Planted {
    story: Arc<Story>,
    books: Mutex<Result<Vec<Booked>, String>>,
}

impl Planted {
    fn new(clock: &Clock) -> Arc<Self> {
        let story = Story::new(clock, &[succeeded()], &[Finding::Outcome(succeeded())]);
        Arc::new(Self { story, books: Mutex::new(Ok(Vec::new())) })
    }

    fn plant(&self, booked: &[Booked]) {
        *self.books.lock().unwrap() = Ok(booked.to_vec());
    }
}

impl Rail for Planted {
    fn facts(&self) -> &Facts {
        self.story.facts()
    }

    fn destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        self.story.destination(fields)
    }

    fn quote<'a>(&'a self, book: BookId, net: Cents, to: &'a str) -> BoxFuture<'a, Result<Quote, Closed>> {
        self.story.quote(book, net, to)
    }

    fn balance(&self, book: BookId) -> BoxFuture<'_, Result<Funds, Closed>> {
        self.story.balance(book)
    }

    fn prepare<'a>(
        &'a self,
        payment: &'a Payment,
        earlier: &'a [Attempt],
        slot: i64,
    ) -> BoxFuture<'a, Result<Prepared, Outcome>> {
        self.story.prepare(payment, earlier, slot)
    }

    fn submit<'a>(&'a self, payment: &'a Payment, attempt: &'a Attempt) -> BoxFuture<'a, Outcome> {
        self.story.submit(payment, attempt)
    }

    fn query<'a>(&'a self, payment: &'a Payment, attempts: &'a [Attempt]) -> BoxFuture<'a, Finding> {
        self.story.query(payment, attempts)
    }

    fn own_books(
        &self,
        (from, until): (Micros, Micros),
    ) -> BoxFuture<'_, Result<Option<Vec<Booked>>, Failure>> {
        let books = self.books.lock().unwrap().clone();
        let shown = books.map(|mut books| {
            books.retain(|booked| (from..until).contains(&booked.at));
            Some(books)
        });
        ready(shown.map_err(|text| anyhow::anyhow!(text))).boxed()
    }

    fn expected_fee(&self, _: Cents) -> Option<Cents> {
        Some(FEE)
    }
}

struct Scene {
    rail: Arc<Planted>,
    platform: Platform,
    clock: Clock,
    book: BookId,
}

impl Scene {
    async fn open(installation: &Installation) -> Self {
        let clock = installation.clock.clone();
        let rail = Planted::new(&clock);
        let platform = installation.open(Arc::clone(&rail) as Arc<dyn Rail>, 1).await;
        let book = book_with(&platform, RAIL, 20_000).await;
        Self { rail, platform, clock, book }
    }

    /// A withdrawal of 10.50 with a fee of 0.50 that the rail pays, as its books should have it.
    async fn paid(&self) -> (i64, Booked) {
        let wish = Wish { method: RAIL.to_owned(), amount: Cents(1_050), destination: Map::new() };
        let counter = self.platform.counter(self.book, Actor::NONE);
        let number = counter.withdraw(1, &wish).await.unwrap().value.number;
        while PaymentWorker::new(self.platform.clone()).round().await.unwrap() > 0 {}
        let withdrawal = self.platform.store.withdrawal(self.book, number).await.unwrap().unwrap();
        assert_eq!(withdrawal.state, WithdrawalState::Succeeded);
        let attempts = self.platform.store.attempts(self.book, number).await.unwrap();
        let booked = Booked {
            reference: attempts[0].key.clone(),
            rail_number: format!("R-{number}"),
            amount: Cents(1_000),
            fee: Some(FEE),
            at: self.clock.now(),
            standing: Standing::Paid,
        };
        (number, booked)
    }

    async fn run(&self) -> reconciliation::Reconciled {
        let now = self.clock.now();
        reconciliation::run(&self.platform, RAIL, (now - 24 * HOUR, now)).await.unwrap()
    }

    async fn open_ones(&self) -> Vec<Mismatch> {
        self.platform.store.open_mismatches().await.unwrap()
    }

    async fn kinds(&self) -> Vec<MismatchKind> {
        let mut kinds: Vec<MismatchKind> = self.open_ones().await.iter().map(|one| one.found.kind).collect();
        kinds.sort();
        kinds
    }

    async fn is_paused(&self) -> bool {
        let scope = PauseScope::Rail(RAIL.to_owned());
        self.platform.store.pauses().await.unwrap().iter().any(|pause| pause.scope == scope)
    }

    async fn resume(&self) {
        let scope = PauseScope::Rail(RAIL.to_owned());
        assert!(kill_switch::resume(&self.platform, &scope, "looked at", Actor::OPERATOR).await.unwrap());
    }

    /// The notes of the events of differences.
    async fn told(&self) -> Vec<String> {
        let entries = self.platform.store.entries(self.book, 0, i64::MAX).await.unwrap();
        let told = entries.into_iter().filter(|one| one.entry.kind == EntryKind::ReconciliationMismatch);
        told.map(|one| format!("{} {}", one.entry.withdrawal, one.entry.note)).collect()
    }
}

fn stranger(at: Micros) -> Booked {
    Booked {
        reference: "not ours".to_owned(),
        rail_number: "R-900".to_owned(),
        amount: Cents(777),
        fee: None,
        at,
        standing: Standing::Paid,
    }
}

async fn five_planted_differences_are_found(installation: &Installation) {
    let scene = Scene::open(installation).await;
    let mut paid = Vec::new();
    for _ in 0..5 {
        paid.push(scene.paid().await);
    }
    let [good, gone, less, fee, back] = &paid[..] else { panic!("five") };
    scene.clock.advance(2 * HOUR);
    let booked = [
        good.1.clone(),
        Booked { amount: Cents(900), ..less.1.clone() },
        Booked { fee: Some(Cents(30)), ..fee.1.clone() },
        Booked { standing: Standing::Returned, ..back.1.clone() },
        stranger(scene.clock.now() - HOUR),
    ];
    scene.rail.plant(&booked);
    let done = scene.run().await;
    assert_eq!((done.run.booked, done.run.matched, done.run.found, done.paused), (5, 1, 5, true));
    let open = scene.open_ones().await;
    let named = |one: &Mismatch| (one.found.kind, one.found.owner.map_or(0, |(_, number)| number));
    let mut found: Vec<_> = open.iter().map(named).collect();
    found.sort();
    let mut planted = vec![
        (MismatchKind::MissingHere, 0),
        (MismatchKind::MissingThere, gone.0),
        (MismatchKind::Amount, less.0),
        (MismatchKind::Fee, fee.0),
        (MismatchKind::Standing, back.0),
    ];
    planted.sort();
    assert_eq!(found, planted, "{open:#?}");
    let alarms: Vec<&str> =
        open.iter().filter(|one| one.found.is_alarm).map(|one| one.found.rail_number.as_str()).collect();
    assert_eq!(alarms, ["R-900"]);
    let pauses = scene.platform.store.pauses().await.unwrap();
    assert!(scene.is_paused().await && pauses[0].reason.starts_with("Reconciliation: "), "{pauses:?}");
    let mut told = scene.told().await;
    told.sort();
    let mut expected = [
        format!("{} missing_there: here paid $10.00, at the rail nothing", gone.0),
        format!("{} amount_differs: here paid $10.00, at the rail paid $9.00", less.0),
        format!("{} fee_differs: here paid $0.25, at the rail paid $0.30", fee.0),
        format!("{} standing_differs: here paid $10.00, at the rail returned $10.00", back.0),
    ];
    expected.sort();
    assert_eq!(told, expected);
    // Found again it is the same, told once, and pauses nothing that a person has resumed.
    scene.resume().await;
    let again = scene.run().await;
    assert_eq!((again.run.found, again.paused, scene.is_paused().await), (5, false, false));
    assert_eq!(scene.open_ones().await, open);
    assert_eq!(scene.told().await.len(), 4);
    assert_books_are_clean(&scene.platform).await;
}

async fn differences_end_and_come_back(installation: &Installation) {
    let scene = Scene::open(installation).await;
    let ((first, right), (second, _)) = (scene.paid().await, scene.paid().await);
    scene.clock.advance(2 * HOUR);
    let too_much = Booked { amount: Cents(1_500), ..right.clone() };
    scene.rail.plant(std::slice::from_ref(&too_much));
    scene.run().await;
    assert_eq!(scene.kinds().await, [MismatchKind::MissingThere, MismatchKind::Amount]);
    assert!(scene.is_paused().await, "more than was ordered");
    // A person says that the second was paid in another way.
    let missing =
        scene.open_ones().await.into_iter().find(|one| one.found.kind == MismatchKind::MissingThere);
    let missing = missing.unwrap();
    assert_eq!(missing.found.owner, Some((scene.book, second)));
    let close =
        async || reconciliation::close(&scene.platform, &missing, "from the bank", Actor::OPERATOR).await;
    close().await.unwrap();
    assert!(matches!(close().await, Err(CloseError::IsNotOpen)));
    scene.rail.plant(std::slice::from_ref(&right));
    scene.run().await;
    assert_eq!(scene.kinds().await, [], "the one is right now, the other closed");
    let ended = scene.platform.store.mismatches_of_book(scene.book, 9).await.unwrap();
    let states =
        |number: i64| ended.iter().find(|one| one.found.owner == Some((scene.book, number))).unwrap();
    assert_eq!(states(first).state, MismatchState::Vanished);
    assert_eq!(
        (states(second).state, states(second).reason.as_str()),
        (MismatchState::Closed, "from the bank")
    );
    // It comes back as what it was, is told again, and pauses again.
    scene.resume().await;
    scene.clock.advance(1_000_000);
    scene.rail.plant(&[too_much]);
    assert!(scene.run().await.paused);
    assert_eq!((scene.kinds().await, scene.told().await.len()), (vec![MismatchKind::Amount], 3));
    // What a person has closed is open again once the rail says something else.
    let amount = scene.open_ones().await.remove(0);
    reconciliation::close(&scene.platform, &amount, "a rebate", Actor::OPERATOR).await.unwrap();
    assert_eq!((scene.run().await.run.found, scene.kinds().await), (0, vec![]));
    scene.clock.advance(1_000_000);
    scene.rail.plant(&[Booked { amount: Cents(1_600), ..right }]);
    scene.run().await;
    assert_eq!(scene.kinds().await, [MismatchKind::Amount]);
}

async fn a_business_sees_its_own_differences_alone(installation: &Installation) {
    let scene = Scene::open(installation).await;
    scene.paid().await;
    scene.clock.advance(2 * HOUR);
    scene.rail.plant(&[stranger(scene.clock.now() - HOUR)]);
    scene.run().await;
    assert_eq!(scene.kinds().await, [MismatchKind::MissingHere, MismatchKind::MissingThere]);
    let of = async |book| scene.platform.store.mismatches_of_book(book, 9).await.unwrap();
    let own = of(scene.book).await;
    assert!(own.len() == 1 && own[0].found.kind == MismatchKind::MissingThere, "{own:?}");
    let other = business::create(&scene.platform, "Other").await.unwrap().business.number;
    assert_eq!(of(BookId::new(other, ledger::Mode::Live)).await, []);
    // The id of one names it; another kind of id does not.
    let id = reconciliation::id(&scene.platform, &own[0]);
    assert!(id.starts_with("rec_"), "{id}");
    assert_eq!(reconciliation::named(&scene.platform, &id).await.unwrap().as_ref(), Some(&own[0]));
    assert_eq!(reconciliation::named(&scene.platform, "ord_1").await.unwrap(), None);
}

async fn books_that_cannot_be_read_are_told(installation: &Installation) {
    let scene = Scene::open(installation).await;
    scene.paid().await;
    scene.clock.advance(2 * HOUR);
    *scene.rail.books.lock().unwrap() = Err("status 503".to_owned());
    let now = scene.clock.now();
    let period = (now - 24 * HOUR, now);
    let failed = reconciliation::run(&scene.platform, RAIL, period).await;
    assert!(matches!(failed, Err(NotReconciled::Failure(_))), "{failed:?}");
    assert_eq!(
        (scene.kinds().await, scene.is_paused().await),
        (vec![], false),
        "nothing is concluded from it"
    );
    let runs = scene.platform.store.newest_reconciliation_runs().await.unwrap();
    assert_eq!((runs.len(), runs[0].failure.as_str()), (1, "status 503"));
    assert_eq!(scene.platform.store.reconciled_until().await.unwrap(), []);
    let none = reconciliation::run(&scene.platform, "nope", period).await;
    assert!(matches!(none, Err(NotReconciled::UnknownRail(_))), "{none:?}");
}

async fn each_night_is_compared_once(installation: &Installation) {
    let scene = Scene::open(installation).await;
    let (_stop, stopped) = watch::channel(false);
    let other = installation.open(Arc::clone(&scene.rail) as Arc<dyn Rail>, 2).await;
    let night = async |platform: &Platform, worker| night::round(platform, worker, &stopped).await.unwrap();
    assert_eq!(night(&scene.platform, 1).await, 0, "a rail's first night is the next one");
    scene.paid().await;
    scene.clock.advance(24 * HOUR);
    // This rail and the stock of gift cards.
    assert_eq!(night(&scene.platform, 1).await, 2);
    assert_eq!((night(&scene.platform, 1).await, night(&other, 2).await), (0, 0), "once");
    assert_eq!(scene.kinds().await, [MismatchKind::MissingThere]);
    // A failure is tried again in the same night, a wrong clock does not end the nights.
    scene.clock.advance(24 * HOUR);
    *scene.rail.books.lock().unwrap() = Err("status 503".to_owned());
    assert_eq!(night(&scene.platform, 1).await, 1, "the stock alone");
    scene.rail.plant(&[]);
    assert_eq!((night(&other, 2).await, night(&other, 2).await), (1, 0));
    scene.clock.step(400 * 24 * HOUR);
    assert_eq!(night(&scene.platform, 1).await, 2);
    scene.clock.step(-400 * 24 * HOUR);
    assert_eq!(night(&scene.platform, 1).await, 2);
    assert_eq!(scene.kinds().await, [MismatchKind::MissingThere], "still open, and the same");
}

/// The stock of gift cards is the rail's own books.
async fn a_card_given_without_a_withdrawal_is_found(installation: &Installation) {
    let scene = Scene::open(installation).await;
    let (platform, book) = (&scene.platform, scene.book);
    let terms = ledger::Terms { enabled: true, ..ledger::Terms::default() };
    platform.store.set_terms(book, "gift_card", &terms).await.unwrap();
    let card = |code| {
        let kind = ("Acme", Cents(1_000), None);
        gift_card::pack(&platform.secrets, &platform.entropy, book, kind, (code, None))
    };
    let cards = [card("AAAA-1"), card("AAAA-2")];
    platform.store.import_gift_cards(book, &cards, scene.clock.now()).await.unwrap();
    let destination = serde_json::json!({ "brand": "Acme" }).as_object().unwrap().clone();
    let wish = Wish { method: "gift_card".to_owned(), amount: Cents(1_000), destination };
    platform.counter(book, Actor::NONE).withdraw(1, &wish).await.unwrap();
    while PaymentWorker::new(platform.clone()).round().await.unwrap() > 0 {}
    scene.clock.advance(2 * HOUR);
    let now = scene.clock.now();
    let run = async || reconciliation::run(platform, "gift_card", (now - 24 * HOUR, now)).await.unwrap();
    let done = run().await;
    assert_eq!((done.run.booked, done.run.matched, done.run.found, done.paused), (1, 1, 0, false));
    // A card leaves the stock past the platform.
    platform.store.give_gift_card(book, 99, ("Acme", Cents(1_000)), now).await.unwrap();
    let done = run().await;
    assert_eq!((done.run.booked, done.run.matched, done.run.found, done.paused), (2, 1, 1, true));
    let found = &scene.open_ones().await[0];
    assert_eq!((found.found.kind, found.found.is_alarm), (MismatchKind::MissingHere, true));
    assert!(!format!("{found:?}").contains("AAAA"), "no code leaves the stock: {found:?}");
}

macro_rules! scenes {
    ($($scene:ident,)*) => {
        /// The installation outlives the runtime: dropping a database blocks, which a runtime must not.
        fn run(installation: &Installation, scene: impl AsyncFnOnce(&Installation)) {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(scene(installation));
        }

        mod sqlite {
            $(#[test]
            fn $scene() {
                super::run(&super::Installation::new(&super::Clock::manual(super::NOW)), super::$scene);
            })*
        }
        mod postgres {
            $(#[test]
            fn $scene() {
                super::run(&super::Installation::on_postgres(&super::Clock::manual(super::NOW)), super::$scene);
            })*
        }
    };
}

scenes! {
    five_planted_differences_are_found,
    differences_end_and_come_back,
    a_business_sees_its_own_differences_alone,
    books_that_cannot_be_read_are_told,
    each_night_is_compared_once,
    a_card_given_without_a_withdrawal_is_found,
}
