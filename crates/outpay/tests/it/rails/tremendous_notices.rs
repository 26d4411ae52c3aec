//! Notices of Tremendous: only signed ones are read, and each names the payment that it is about.

use crate::rails::tremendous::{Rewards, WEBHOOK_KEY};
use axum::http::HeaderMap;
use hmac::{Hmac, KeyInit, Mac};
use outpay::testing::rails::NoticeRefused;
use serde_json::{Value, json};
use sha2::Sha256;

/// A body as it is posted, with its signature.
pub fn signed(body: &Value) -> (HeaderMap, Vec<u8>) {
    let body = body.to_string().into_bytes();
    let mut mac = Hmac::<Sha256>::new_from_slice(WEBHOOK_KEY.as_bytes()).unwrap();
    mac.update(&body);
    let hexadecimal: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut headers = HeaderMap::new();
    headers.insert("Tremendous-Webhook-Signature", format!("sha256={hexadecimal}").parse().unwrap());
    (headers, body)
}

fn event(kind: &str, id: &str) -> Value {
    let resource = json!({ "id": id, "type": kind });
    json!({ "event": "SOMETHING", "uuid": "0d7f0f0e-6523-8cc2", "created_utc": "2027-01-15T08:00:00Z", "payload": { "resource": resource } })
}

#[tokio::test]
async fn a_notice_names_the_payment_of_its_order_or_reward() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    world.round(&asked).await;
    let order = world.order(&asked);
    let read = async |body: &Value| {
        let (headers, body) = signed(body);
        world.rail().notice(&headers, &body).await.map(|notice| (notice.id, notice.orders))
    };
    let ours = Ok(("0d7f0f0e-6523-8cc2".to_owned(), vec![world.order_id(&asked)]));
    assert_eq!(read(&event("orders", &order.id)).await, ours);
    assert_eq!(read(&event("rewards", &order.reward)).await, ours);
    let nothing = Ok(("0d7f0f0e-6523-8cc2".to_owned(), Vec::new()));
    assert_eq!(read(&event("orders", "ORDER9999999")).await, nothing, "not known");
    assert_eq!(read(&event("invoices", &order.id)).await, nothing, "about something else");
    world.fake.change(&world.order_id(&asked), |order| order.external_id = "marketing-1".to_owned());
    assert_eq!(read(&event("orders", &order.id)).await, nothing, "not ours");
}

#[tokio::test]
async fn what_is_not_signed_or_not_readable_is_refused_before_anything_is_asked() {
    let world = Rewards::with(10_000).await;
    let good = event("orders", "ORDER0000001");
    let (headers, body) = signed(&good);
    let refused =
        async |headers: &HeaderMap, body: &[u8]| world.rail().notice(headers, body).await.unwrap_err();
    assert_eq!(refused(&HeaderMap::new(), &body).await, NoticeRefused::Forged);
    let altered = [body.clone(), b" ".to_vec()].concat();
    assert_eq!(refused(&headers, &altered).await, NoticeRefused::Forged);
    let mut long = good.clone();
    long["uuid"] = "x".repeat(101).into();
    let mut strange = good.clone();
    strange["uuid"] = "../".into();
    for wrong in [json!({}), json!([]), event("orders", "../rewards"), event("rewards", "a b"), long, strange]
    {
        let (headers, body) = signed(&wrong);
        assert_eq!(refused(&headers, &body).await, NoticeRefused::Forged, "{wrong}");
    }
    assert_eq!(world.fake.calls("GET /orders/{id}"), 0);
    world.fake.books.lock().answers = Some(503);
    assert_eq!(refused(&headers, &body).await, NoticeRefused::Unverifiable, "to be sent again");
    let without_key = Rewards::configured(10_000, "", None).await;
    assert_eq!(without_key.rail().notice(&headers, &body).await, Err(NoticeRefused::Unexpected));
}
