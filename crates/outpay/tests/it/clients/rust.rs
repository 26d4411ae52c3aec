//! `outpay-client` against a running server.

use crate::clients::{Shop, repository};
use crate::receiver::Receiver;
use outpay_client::reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use outpay_client::schema::{
    BatchBody, BatchRow, CreateBody, DebitBody, NewKeyBody, RollBody, SettingsBody, TransferBody,
    WebhookBody, WithdrawBody,
};
use outpay_client::{
    Bounds, Decided, Error, OperationFilter, Options, Outpay, OutpayRecipient, PageOptions, UserFilter,
    Verifier, WebhookEvent,
};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

#[path = "../../../../../clients/rust/examples/quick_start.rs"]
mod example;

const NO_USER: &str = "usr_00000000-0000-8000-8000-000000000000";

pub fn works_against(shop: &Shop) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let outpay = Outpay::new(&shop.key, &shop.url()).unwrap();
        pays_once_under_one_key(shop, &outpay).await;
        pays_once_though_an_answer_is_lost(shop).await;
        pays_batches_and_lists_people(&outpay).await;
        withdraws(shop, &outpay).await;
        changes_users_and_settings(shop, &outpay).await;
        tells_credentials_and_fields_apart(shop, &outpay).await;
        tells_refusals_and_conflicts_apart(shop, &outpay).await;
        is_told_to_come_back_later(shop, &outpay).await;
        verifies_webhooks(shop, &outpay).await;
        example::quick_start(&shop.url(), &shop.key).await.unwrap();
    });
}

/// The README shows what is run.
#[test]
fn the_readme_of_the_client_shows_the_quick_start() {
    let read = |name: &str| std::fs::read_to_string(repository().join("clients/rust").join(name)).unwrap();
    let (_, program) = read("examples/quick_start.rs")
        .split_once("\n\n")
        .map(|(head, rest)| (head.len(), rest.to_owned()))
        .unwrap();
    assert!(read("README.md").contains(&format!("## Quick start\n```rust\n{program}```\n")));
}

fn recipient(shop: &Shop, hash: &str) -> OutpayRecipient {
    OutpayRecipient::new(hash, &shop.url()).unwrap()
}

async fn payee(shop: &Shop, outpay: &Outpay, email: &str) -> OutpayRecipient {
    recipient(shop, &outpay.create_payout(&CreateBody::new(email, 10_000)).await.unwrap().hash)
}

fn sandbox(cents: i64) -> WithdrawBody {
    WithdrawBody::new("sandbox", cents, [("account", "1")])
}

/// The state in which a withdrawal ends.
async fn ended(recipient: &OutpayRecipient, id: &str) -> String {
    let ending = async {
        loop {
            let status = recipient.get_operation(id).await.unwrap().status;
            if !["created", "queued", "processing"].contains(&status.as_str()) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ending).await.expect("it ends in time")
}

async fn pays_once_under_one_key(shop: &Shop, outpay: &Outpay) {
    let body = CreateBody { memo: Some("October".to_owned()), ..CreateBody::new("once@example.com", 10_000) };
    let first = outpay.create_payout(&body).idempotency_key("rust-order-7").send().await.unwrap();
    let again = outpay.create_payout(&body).idempotency_key("rust-order-7").send().await.unwrap();
    assert!(!first.is_replayed && again.is_replayed && first.value.hash == again.value.hash);
    assert!(first.request_id.unwrap().starts_with("req_"));
    let statement = recipient(shop, &again.value.hash).get_statement().await.unwrap();
    assert_eq!((statement.email.as_str(), statement.balance), ("once@example.com", 10_000));
}

async fn pays_once_though_an_answer_is_lost(shop: &Shop) {
    let unlucky = Outpay::new(&shop.key, &losing_the_first_answer(shop).await).unwrap();
    let paid = unlucky.create_payout(&CreateBody::new("lost@example.com", 700)).send().await.unwrap();
    assert!(paid.is_replayed);
    assert_eq!(recipient(shop, &paid.value.hash).get_statement().await.unwrap().balance, 700);
}

/// Passes connections on to the server, one after the other; the answer on the first one is lost.
async fn losing_the_first_answer(shop: &Shop) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, url) = (listener.local_addr().unwrap(), shop.url());
    tokio::spawn(async move {
        for connection in 0.. {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut server = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
            if connection > 0 {
                // Either side may end it.
                drop(tokio::io::copy_bidirectional(&mut client, &mut server).await);
                continue;
            }
            let ((mut asking, _), (mut answering, mut asked)) = (client.split(), server.split());
            tokio::select! {
                _ = tokio::io::copy(&mut asking, &mut asked) => {}
                begun = answering.read_u8() => drop(begun.expect("the server answers")),
            }
        }
    });
    format!("http://{address}")
}

async fn pays_batches_and_lists_people(outpay: &Outpay) {
    let metadata = BTreeMap::from([("batch".to_owned(), "rust".to_owned())]);
    let row = |row: i64| BatchRow {
        metadata: metadata.clone(),
        ..BatchRow::new(format!("row{row}@example.com"), row * 100, format!("rust-{row}"))
    };
    let batch = BatchBody::new((1..=5).map(row).collect());
    let paid = outpay.create_payout_batch(&batch).await.unwrap();
    assert_eq!(paid.total, 1_500);
    let again = outpay.create_payout_batch(&batch).await.unwrap();
    let hashes = |answer: outpay_client::schema::BatchAnswer| {
        answer.data.into_iter().map(|row| row.hash.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(hashes(again), hashes(paid));
    let page = PageOptions { limit: Some(2), cursor: None };
    let filter = UserFilter { metadata, page: page.clone(), ..UserFilter::default() };
    let users = outpay.list_users(filter).all().await.unwrap();
    let emails: BTreeSet<&str> = users.iter().map(|user| user.email.as_str()).collect();
    assert_eq!((users.len(), emails.len()), (5, 5), "{emails:?}");
    let filter = UserFilter { reference: Some("rust-3".to_owned()), ..UserFilter::default() };
    let found = outpay.list_users(filter).next().await.unwrap().unwrap();
    assert_eq!(found.email, "row3@example.com");
    let amount = Bounds { gte: Some(300), ..Bounds::default() };
    let filter = OperationFilter { amount, ..OperationFilter::default() };
    let operations = outpay.list_user_operations(&found.id, filter).all().await.unwrap();
    assert_eq!(
        (operations.len(), operations[0].amount, operations[0].reference.as_deref()),
        (1, 300, Some("rust-3"))
    );
    let events = outpay.list_events(0, page).all().await.unwrap();
    let sequences: Vec<i64> = events.iter().map(|event| event.sequence).collect();
    assert!(
        sequences.len() > 6 && sequences.iter().zip(1..).all(|(had, expected)| *had == expected),
        "{sequences:?}"
    );
}

async fn withdraws(shop: &Shop, outpay: &Outpay) {
    let person = payee(shop, outpay, "withdraws@example.com").await;
    assert!(person.list_methods().await.unwrap().data.iter().any(|method| method.method == "sandbox"));
    assert_eq!(person.quote_withdrawal(&sandbox(2_500)).await.unwrap().amount, 2_500);
    let asked = person.create_withdrawal(&sandbox(2_500)).idempotency_key("first").await.unwrap();
    let again = person.create_withdrawal(&sandbox(2_500)).idempotency_key("first").await.unwrap();
    assert_eq!(asked.id, again.id);
    assert_eq!(ended(&person, &asked.id).await, "succeeded");
    let statement = person.get_statement().await.unwrap();
    assert_eq!((statement.balance, statement.data[0].amount), (7_500, -2_500));
    assert_eq!(outpay.get_withdrawal(&asked.id).await.unwrap().status, "succeeded");
    let refused = person.create_withdrawal(&sandbox(2_511)).await.unwrap();
    assert_eq!(ended(&person, &refused.id).await, "failed");
    assert_eq!(person.list_operations(PageOptions::default()).all().await.unwrap().len(), 4);
}

async fn changes_users_and_settings(shop: &Shop, outpay: &Outpay) {
    let old = payee(shop, outpay, "changes@example.com").await;
    let filter = UserFilter { email: Some("changes@example.com".to_owned()), ..UserFilter::default() };
    let user = outpay.list_users(filter).next().await.unwrap().unwrap();
    assert_eq!(outpay.deactivate_user(&user.id).await.unwrap().status, "inactive");
    assert!(matches!(old.list_methods().await, Err(Error::Authentication(_))));
    assert_eq!(outpay.activate_user(&user.id).await.unwrap().status, "active");
    let rotated = outpay.rotate_user_hash(&user.id).await.unwrap();
    assert!(matches!(old.list_methods().await, Err(Error::Authentication(_))));
    let debited = outpay.debit_user(&user.id, &DebitBody::new(200, "too much")).await.unwrap();
    assert!(matches!(&debited, Decided::Done(user) if user.balance == 9_800), "{debited:?}");
    assert_eq!(recipient(shop, &rotated.hash).get_statement().await.unwrap().balance, 9_800);
    let etag = outpay.get_settings().send().await.unwrap().etag.unwrap();
    let body = SettingsBody { expiry_days: Some(90), ..SettingsBody::default() };
    let changed = outpay.update_settings(&body).if_match(&etag).await.unwrap();
    assert!(matches!(&changed, Decided::Done(settings) if settings.expiry_days == Some(90)), "{changed:?}");
    let late = outpay.update_settings(&body).if_match(&etag).await.unwrap_err();
    assert!(matches!(late, Error::Conflict(_)) && late.code() == Some("precondition_failed"), "{late:?}");
    let cleared = outpay.update_settings(&serde_json::json!({ "expiry_days": null })).await.unwrap();
    assert!(matches!(&cleared, Decided::Done(settings) if settings.expiry_days.is_none()), "{cleared:?}");
}

async fn tells_credentials_and_fields_apart(shop: &Shop, outpay: &Outpay) {
    let wrong = Outpay::new("sk_test_wrong", &shop.url()).unwrap().get_balance().await.unwrap_err();
    assert!(matches!(wrong, Error::Authentication(_)) && wrong.status() == Some(401), "{wrong:?}");
    let scopes = vec!["users:read".to_owned()];
    let narrow = outpay.create_api_key(&NewKeyBody { scopes, ..NewKeyBody::default() }).await.unwrap();
    let error = Outpay::new(&narrow.key, &shop.url()).unwrap().get_balance().await.unwrap_err();
    let Error::InsufficientScope(said) = error else { panic!("{error:?}") };
    assert_eq!(said.scope.as_deref(), Some("balances:read"));
    let error = outpay.create_payout(&CreateBody::new("no", 0)).await.unwrap_err();
    let Error::Validation(said) = error else { panic!("{error:?}") };
    assert_eq!(said.fields.keys().collect::<Vec<_>>(), ["amount", "email"]);
    let error = outpay.update_settings(&serde_json::json!({ "expiry_dayz": 1 })).await.unwrap_err();
    let Error::Validation(said) = error else { panic!("{error:?}") };
    assert!(
        said.code.as_deref() == Some("unknown_field") && said.fields.contains_key("expiry_dayz"),
        "{said:?}"
    );
    let rows = vec![BatchRow::new("row@example.com", 1, "rust-row"), BatchRow::new("", 1, "rust-none")];
    let error = outpay.create_payout_batch(&BatchBody::new(rows)).await.unwrap_err();
    let Error::Validation(said) = error else { panic!("{error:?}") };
    assert!(
        said.rows.len() == 1 && said.rows[0].index == 1 && said.rows[0].fields.contains_key("email"),
        "{said:?}"
    );
}

async fn tells_refusals_and_conflicts_apart(shop: &Shop, outpay: &Outpay) {
    let much = outpay.create_payout(&CreateBody::new("much@example.com", 100_000_000)).await.unwrap_err();
    assert!(
        matches!(much, Error::Refused(_)) && much.code() == Some("insufficient_payout_balance"),
        "{much:?}"
    );
    let body = TransferBody { amount: 1, from: "balance".into(), to: "payout_balance".into() };
    let poor = outpay.transfer_balance(&body).await.unwrap_err();
    assert!(matches!(poor, Error::Refused(_)) && poor.code() == Some("insufficient_balance"), "{poor:?}");
    let none = outpay.get_user(NO_USER).await.unwrap_err();
    assert!(matches!(none, Error::NotFound(_)) && none.code() == Some("payout_user_not_found"), "{none:?}");
    let body = CreateBody::new("conflict@example.com", 1);
    outpay.create_payout(&body).idempotency_key("rust-conflict").await.unwrap();
    let other = CreateBody { amount: 2, ..body };
    let reused = outpay.create_payout(&other).idempotency_key("rust-conflict").await.unwrap_err();
    assert!(
        matches!(reused, Error::Conflict(_)) && reused.code() == Some("idempotency_key_reused"),
        "{reused:?}"
    );
    let batch = |cents| BatchBody::new(vec![BatchRow::new("row@example.com", cents, "rust-row")]);
    outpay.create_payout_batch(&batch(1)).await.unwrap();
    let error = outpay.create_payout_batch(&batch(2)).await.unwrap_err();
    let Error::Conflict(said) = error else { panic!("{error:?}") };
    assert_eq!((said.code.as_deref(), said.rows[0].index), (Some("reference_reused"), 0));
    let options = Options { max_retries: 0, ..Options::default() };
    let nowhere = Outpay::with_options(&shop.key, "http://127.0.0.1:1", options).unwrap();
    assert!(matches!(nowhere.get_balance().await, Err(Error::Connection { .. })));
}

async fn is_told_to_come_back_later(shop: &Shop, outpay: &Outpay) {
    let person = payee(shop, outpay, "card@example.com").await;
    let wish = WithdrawBody::new("gift_card", 2_500, [("brand", "Bookshop")]);
    let id = person.create_withdrawal(&wish).await.unwrap().id;
    assert_eq!(ended(&person, &id).await, "succeeded");
    for _ in 0..10 {
        assert!(person.reveal_gift_card(&id).await.unwrap().code.starts_with("TEST-"));
    }
    let error = person.reveal_gift_card(&id).await.unwrap_err();
    let Error::RateLimited(said) = error else { panic!("{error:?}") };
    assert_eq!(said.retry_after, Some(Duration::from_secs(3_600)));
}

async fn verifies_webhooks(shop: &Shop, outpay: &Outpay) {
    let receiver = Receiver::open().await;
    let events = ["payout.succeeded", "payout_user.deactivated"].map(str::to_owned).to_vec();
    let body = WebhookBody { url: Some(receiver.url("/hook")), events, ..WebhookBody::default() };
    let made = outpay.create_webhook(&body).await.unwrap();
    let (id, token, secret) = (made.id.unwrap(), made.token.unwrap(), made.secret.unwrap());
    let asked =
        payee(shop, outpay, "hooked@example.com").await.create_withdrawal(&sandbox(2_500)).await.unwrap();
    receiver.until(1).await;
    let rolled = outpay.roll_webhook(&id, &RollBody { overlap: Some(3_600) }).await.unwrap();
    let filter = UserFilter { email: Some("hooked@example.com".to_owned()), ..UserFilter::default() };
    let user = outpay.list_users(filter).next().await.unwrap().unwrap();
    outpay.deactivate_user(&user.id).await.unwrap();
    let received: Vec<(HeaderMap, Vec<u8>)> = receiver
        .until(2)
        .await
        .into_iter()
        .map(|one| {
            let pair = |(name, value): &(String, String)| {
                (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
            };
            (one.headers.iter().map(pair).collect(), one.body)
        })
        .collect();
    let new = rolled.secret.unwrap();
    let verifiers = [
        Verifier::standard([&secret, &new]).unwrap(),
        Verifier::standard([&secret]).unwrap(),
        Verifier::documented([&token]).unwrap(),
    ];
    for verifier in &verifiers {
        let paid = verifier.verify(&received[0].0, &received[0].1).unwrap();
        let WebhookEvent::Payout(paid) = paid else { panic!("{paid:?}") };
        assert_eq!(
            (paid.type_.as_str(), &paid.order_id, paid.test_mode),
            ("payout.succeeded", &asked.id, Some(true))
        );
        let off = verifier.verify(&received[1].0, &received[1].1).unwrap();
        assert!(
            matches!(&off, WebhookEvent::Book(event) if event.type_ == "payout_user.deactivated"),
            "{off:?}"
        );
    }
    let new_only = Verifier::standard([&new]).unwrap();
    assert!(new_only.verify(&received[1].0, &received[1].1).is_ok());
    assert!(new_only.verify(&received[0].0, &received[0].1).is_err());
    outpay.delete_webhook(&id).await.unwrap();
}
