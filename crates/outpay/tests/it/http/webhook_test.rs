//! `POST /payout/webhook/test`: sends an invented event now and returns the receiver's response.

use crate::http::api::{Api, MALFORMED, TOO_LARGE, UNAUTHORIZED, invalid, padded};
use crate::http::hooked::Hooked;
use crate::http::webhook_roll::NOT_SET;
use crate::receiver::{Answer, status};
use serde_json::Value;

crate::world::on_both_engines! {
    status_200_delivered,
    status_200_the_receiver_says_no,
    status_200_the_receiver_says_nothing,
    status_200_every_event,
    status_200_an_address_inside_is_refused,
    status_200_in_the_shape_of_a_provider,
    status_400_unknown_event,
    status_400_unknown_provider,
    status_400_malformed_json,
    status_401_public_key,
    status_404_no_webhook_yet,
    status_413_more_than_64_kib,
}

const TEST: &str = "/payout/webhook/test";

async fn status_200_delivered(world: &Api) {
    let hooked = Hooked::new(world).await;
    let told = hooked.call(world, "POST", TEST).send().await.value(200);
    assert_eq!((&told["type"], &told["status"]), (&"payout.succeeded".into(), &"delivered".into()));
    assert_eq!((&told["test_mode"], &told["order_id"]), (&true.into(), &Value::Null));
    assert_eq!((&told["attempt_count"], &told["next_attempt_at"]), (&1.into(), &Value::Null));
    let attempt = &told["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&200.into(), &Value::Null));
    assert_eq!(attempt["response_body"], "ok");
    let received = hooked.receiver.received();
    assert_eq!(received[0].header("webhook-id"), told["id"].as_str());
    assert_eq!(String::from_utf8(received[0].body.clone()).unwrap(), told["request_body"].as_str().unwrap());
    assert_eq!(received[0].json()["test_mode"], true);
}

async fn status_200_the_receiver_says_no(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.receiver.next("/hook", [status(403)]);
    let told = hooked.call(world, "POST", TEST).send().await.value(200);
    assert_eq!((&told["status"], &told["attempts"][0]["status"]), (&"failed".into(), &403.into()));
}

async fn status_200_the_receiver_says_nothing(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.receiver.next("/hook", [Answer::Close]);
    let told = hooked.call(world, "POST", TEST).send().await.value(200);
    let attempt = &told["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&Value::Null, &"connection_lost".into()));
}

async fn status_200_every_event(world: &Api) {
    let hooked = Hooked::new(world).await;
    for name in outpay::testing::webhook_event::names() {
        let call = hooked.call(world, "POST", TEST).json(format!(r#"{{"type":"{name}"}}"#));
        assert_eq!(call.send().await.value(200)["type"], name);
        assert_eq!(hooked.receiver.received().pop().unwrap().kind(), name);
    }
}

/// The webhook was set on a server that allowed it; this server does not.
async fn status_200_an_address_inside_is_refused(world: &Api) {
    let hooked = Hooked::new(world).await;
    let told = world.post(TEST).key(&hooked.business.key).send().await.value(200);
    let attempt = &told["attempts"][0];
    assert_eq!((&told["status"], &attempt["error"]), (&"failed".into(), &"address_refused".into()));
    assert!(hooked.receiver.received().is_empty());
}

async fn status_400_unknown_event(world: &Api) {
    let hooked = Hooked::new(world).await;
    let expected = invalid(
        "type",
        "The type must be one of: payout.created, payout.processing, payout.succeeded, payout.failed, payout.rejected.",
    );
    for kind in ["\"payout.paid\"", "1", "\"\""] {
        let call = world.post(TEST).key(&hooked.business.key).json(format!(r#"{{"type":{kind}}}"#));
        call.send().await.is(400, &expected);
    }
}

async fn status_200_in_the_shape_of_a_provider(world: &Api) {
    let hooked = Hooked::new(world).await;
    for provider in ["ach", "crypto", "gift_card", "manual", "paypal", "sandbox", "sepa", "tremendous"] {
        let call = hooked.call(world, "POST", TEST).json(format!(r#"{{"provider":"{provider}"}}"#));
        call.send().await.value(200);
        let told = hooked.receiver.received().pop().unwrap().json();
        assert_eq!(told["provider"], provider);
        assert!(told[provider]["order_id"].is_string(), "{told}");
    }
}

async fn status_400_unknown_provider(world: &Api) {
    let hooked = Hooked::new(world).await;
    let expected = invalid(
        "provider",
        "The provider must be one of: sandbox, gift_card, crypto, manual, paypal, sepa, ach, tremendous.",
    );
    for provider in ["\"cheque\"", "1"] {
        let call = world.post(TEST).key(&hooked.business.key).json(format!(r#"{{"provider":{provider}}}"#));
        call.send().await.is(400, &expected);
    }
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.business().await;
    world.post(TEST).key(&business.key).json("{").send().await.is(400, MALFORMED);
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.post(TEST).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}

async fn status_404_no_webhook_yet(world: &Api) {
    let business = world.business().await;
    world.post(TEST).key(&business.key).send().await.is(404, NOT_SET);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.business().await;
    let call = world.post(TEST).key(&business.key).json(padded("{}", 64 * 1024 + 1));
    call.send().await.is(413, TOO_LARGE);
}
