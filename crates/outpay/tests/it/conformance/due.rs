//! Work that a clock ahead of time left too far in the future is due now, and so is work made due by hand.

use crate::conformance::bare_store::{BareStore, NOW};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use crate::conformance::till::{create, order, withdraw};
use crate::conformance::webhooks::endpoint;
use ledger::{Actor, BookId, Cents, EntryKind, Mode, Terms};
use outpay::testing::clock::Clock;
use outpay::testing::mail_kind::MailKind;
use outpay::testing::store::{
    AuditFilter, DueWork, EndpointKey, Import, ImportLine, ImportState, LineState, Longest, LongestSteps,
    MailNeeds, NewDelivery, NewMail, PulledBack, Store,
};

on_both_engines! {
    what_stands_too_far_ahead_is_due_now,
    a_lease_that_lasts_too_long_is_cut,
    one_thing_is_made_due_by_hand,
    everything_is_made_due_by_hand,
    an_import_that_is_paid_outside_keeps_its_lease,
    what_no_worker_took_is_overdue,
}

async fn what_no_worker_took_is_overdue(world: &BareStore) {
    let book = start(world).await;
    run_import(&world.store, book).await;
    let kinds = async |at: i64| {
        let found = world.store.overdue(at).await.unwrap();
        found.iter().map(|one| (one.what, one.count, one.since)).collect::<Vec<_>>()
    };
    put_off(world, NOW, 0).await;
    let all = ["withdrawals", "webhook deliveries", "mails", "imports"].map(|what| (what, 1, NOW));
    assert_eq!(kinds(NOW - 1).await, []);
    assert_eq!(kinds(NOW).await, all);
    put_off(world, NOW, NOW + 1).await;
    assert_eq!(kinds(NOW).await, [], "workers have them");
    put_off(world, NOW, 0).await;
    world.tamper("UPDATE webhook_endpoint SET enabled = 0").await.unwrap();
    assert_eq!(
        kinds(NOW).await.iter().map(|one| one.0).collect::<Vec<_>>(),
        ["withdrawals", "mails", "imports"]
    );
    assert_eq!(world.store.mail_needs().await.unwrap(), MailNeeds { books: 0, members: 0 });
}

const LONGEST: LongestSteps = LongestSteps {
    withdrawal: Longest { wait: 100, lease: 10 },
    watch: 1_000,
    delivery: Longest { wait: 200, lease: 20 },
    mail: Longest { wait: 300, lease: 30 },
    import_lease: 40,
};
const NOTHING: PulledBack = PulledBack { due: 0, leases: 0 };
const USDC: (Mode, &str) = (Mode::Live, "usdc");

/// A book with a withdrawal, a delivery, a mail and a running import, each with number 1.
async fn start(world: &BareStore) -> BookId {
    let book = world.book("Acme").await;
    let store = &world.store;
    let mut till = world.till().await;
    store.set_terms(book, "usdc", &Terms { enabled: true, ..Terms::default() }).await.unwrap();
    till.fund(book, 1_000).await;
    till.carry_out(book, [create("a@example.com", 1_000), withdraw(order(1, 10))]).await;
    let endpoint = endpoint(book);
    store.create_webhook_endpoint(&endpoint, &entry(book.business(), "webhook.set", Actor(5))).await.unwrap();
    let (kind, body) = (EntryKind::WithdrawalCreated, b"{}".to_vec());
    let new = NewDelivery { sequence: Some(1), withdrawal: 1, kind, body };
    store.make_deliveries(endpoint.key, (1, 0, 0), 1, &[new], NOW).await.unwrap();
    let mail = NewMail {
        book: Some(book),
        kind: MailKind::ClaimLink,
        sequence: None,
        recipient: "user@example.com".to_owned(),
        user: 1,
        data: "{}".to_owned(),
        sealed: None,
        at: NOW,
    };
    store.order_mail(&mail).await.unwrap();
    import(store, book).await;
    book
}

async fn import(store: &Store, book: BookId) {
    let import = Import {
        number: 1,
        name: "march.csv".to_owned(),
        digest: [1; 32],
        lines: 1,
        total: Cents(10),
        actor: Actor::member(1),
        confirmed_by: Actor::NONE,
        state: ImportState::Draft,
        created_at: NOW,
        changed_at: NOW,
    };
    let line = ImportLine {
        line: 2,
        email: "a@example.com".to_owned(),
        amount: Cents(10),
        reference: String::new(),
        metadata: ledger::Metadata::default(),
        state: LineState::Open,
        detail: String::new(),
    };
    store.add_import(book, &import, &[line]).await.unwrap();
}

async fn run_import(store: &Store, book: BookId) {
    let step = (ImportState::Draft, ImportState::Running);
    assert!(store.move_import(book, 1, step, Actor::member(2), NOW, None).await.unwrap());
}

/// Sets all due times and all leases.
async fn put_off(world: &BareStore, due_at: i64, leased_until: i64) {
    for table in ["withdrawal", "webhook_delivery", "mail"] {
        let sql =
            format!("UPDATE {table} SET due_at = {due_at}, leased_until = {leased_until}, leased_by = 7");
        assert_eq!(world.tamper(&sql).await.unwrap(), 1);
    }
    world.tamper(&format!("UPDATE import SET leased_until = {leased_until}, leased_by = 7")).await.unwrap();
}

/// Which of withdrawals, deliveries, mails and imports a worker gets at this time.
async fn got(world: &BareStore, book: BookId, now: i64) -> [bool; 4] {
    let store = &world.store;
    let withdrawals = store.lease_withdrawals(1, USDC, (now, now), 9).await.unwrap();
    let deliveries = store.due_deliveries(EndpointKey { book, number: 1 }, now, 9).await.unwrap();
    let mails = store.due_mails(now, 9).await.unwrap();
    let import = store.lease_import(1, (now, now)).await.unwrap();
    [!withdrawals.is_empty(), !deliveries.is_empty(), !mails.is_empty(), import.is_some()]
}

async fn what_stands_too_far_ahead_is_due_now(world: &BareStore) {
    let book = start(world).await;
    for (due_at, pulled, is_due) in [
        (NOW + 100, 0, [false, false, false, false]),
        (NOW + 101, 1, [true, false, false, false]),
        (NOW + 201, 2, [true, true, false, false]),
        (NOW + 301, 3, [true, true, true, false]),
        (i64::MAX, 3, [true, true, true, false]),
    ] {
        put_off(world, due_at, 0).await;
        let done = world.store.pull_back(&LONGEST).await.unwrap();
        assert_eq!(done, PulledBack { due: pulled, leases: 0 }, "{due_at}");
        assert_eq!(got(world, book, NOW).await, is_due, "{due_at}");
    }
    assert_eq!(world.store.pull_back(&LONGEST).await.unwrap(), NOTHING);
}

async fn a_lease_that_lasts_too_long_is_cut(world: &BareStore) {
    let book = start(world).await;
    run_import(&world.store, book).await;
    put_off(world, NOW, NOW + 10).await;
    assert_eq!(world.store.pull_back(&LONGEST).await.unwrap(), NOTHING);
    put_off(world, NOW, NOW + 3_600).await;
    assert_eq!(world.store.pull_back(&LONGEST).await.unwrap(), PulledBack { due: 0, leases: 4 });
    for (now, is_free) in [
        (NOW + 9, [false, false, false, false]),
        (NOW + 10, [true, false, false, false]),
        (NOW + 20, [true, true, false, false]),
        (NOW + 30, [true, true, true, false]),
        (NOW + 40, [true, true, true, true]),
    ] {
        assert_eq!(got(world, book, now).await, is_free, "{}", now - NOW);
    }
}

async fn one_thing_is_made_due_by_hand(world: &BareStore) {
    let book = start(world).await;
    run_import(&world.store, book).await;
    put_off(world, NOW + 50, 0).await;
    let noted = entry(book.business(), "changed", Actor(5));
    let make = async |work| world.store.make_due(work, std::slice::from_ref(&noted)).await.unwrap();
    world.store.lease_import(7, (NOW, NOW + 40)).await.unwrap().unwrap();
    assert_eq!(got(world, book, NOW).await, [false; 4]);
    for unknown in
        [DueWork::Withdrawal(book, 2), DueWork::Delivery(book, 2), DueWork::Mail(2), DueWork::Import(book, 2)]
    {
        assert!(!make(unknown).await, "{unknown:?}");
    }
    let all = [
        DueWork::Withdrawal(book, 1),
        DueWork::Delivery(book, 1),
        DueWork::Mail(1),
        DueWork::Import(book, 1),
    ];
    for (place, work) in all.into_iter().enumerate() {
        assert!(make(work).await, "{work:?}");
        let got = got(world, book, NOW).await;
        assert!(got[place], "{work:?}: {got:?}");
    }
    let filter = AuditFilter {
        business: book.business(),
        actors: (5, 5),
        action: "changed".to_owned(),
        before: i64::MAX,
        limit: 10,
    };
    assert_eq!(world.store.audit_log(&filter).await.unwrap().len(), 4, "of what was done");
}

async fn everything_is_made_due_by_hand(world: &BareStore) {
    let book = start(world).await;
    run_import(&world.store, book).await;
    put_off(world, NOW + 50, 0).await;
    world.store.lease_import(7, (NOW, NOW + 40)).await.unwrap().unwrap();
    assert_eq!(world.store.make_all_due(&[]).await.unwrap(), 4);
    assert_eq!(got(world, book, NOW).await, [true; 4]);
    put_off(world, NOW - 1, 0).await;
    world.tamper("UPDATE import SET leased_by = 0").await.unwrap();
    assert_eq!(world.store.make_all_due(&[]).await.unwrap(), 0, "they are due");
    let later = world.store.clone().with_clock(Clock::manual(NOW - 2));
    assert_eq!(later.make_all_due(&[]).await.unwrap(), 3);
}

async fn an_import_that_is_paid_outside_keeps_its_lease(world: &BareStore) {
    let book = start(world).await;
    let noted = entry(book.business(), "changed", Actor(5));
    assert!(world.store.run_import_outside(book, 1, Actor::OPERATOR, NOW, &noted).await.unwrap());
    assert_eq!(world.store.pull_back(&LONGEST).await.unwrap(), NOTHING);
    assert!(!world.store.make_due(DueWork::Import(book, 1), &[]).await.unwrap());
    assert_eq!(world.store.make_all_due(&[]).await.unwrap(), 0);
    assert_eq!(world.store.lease_import(7, (i64::MAX - 1, i64::MAX)).await.unwrap(), None);
}
