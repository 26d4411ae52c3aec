//! `GET /payout/webhook/deliveries`: the delivery log.

use crate::http::api::{Api, NO_CURSOR, NO_LIMIT, UNAUTHORIZED, invalid};
use crate::http::hooked::Hooked;
use crate::receiver::status;
use crate::world::NOW;
use outpay::testing::ids::IdKind;

crate::world::on_both_engines! {
    status_200_nothing,
    status_200_a_delivery_to_the_byte,
    status_200_by_status,
    status_200_page_by_page,
    status_200_nothing_of_others,
    status_400_bad_parameters,
    status_401_public_key,
}

const DELIVERIES: &str = "/payout/webhook/deliveries";

async fn status_200_nothing(world: &Api) {
    let business = world.business().await;
    let nothing = r#"{"data":[],"has_more":false,"next_cursor":null}"#;
    world.get(DELIVERIES).key(&business.key).send().await.is(200, nothing);
}

async fn status_200_a_delivery_to_the_byte(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    let ids = world.platform.secrets.ids();
    let (id, order) =
        [IdKind::Delivery, IdKind::Withdrawal].map(|kind| ids.seal(kind, hooked.business.live, 1)).into();
    let expected = format!(
        r#"{{"data":[{{"id":"{id}","type":"payout.succeeded","order_id":"{order}","status":"delivered","test_mode":false,"attempt_count":1,"created_at":"{NOW}","next_attempt_at":null,"finished_at":"{NOW}","webhook_id":{}}}],"has_more":false,"next_cursor":null}}"#,
        hooked.made["id"]
    );
    world.get(DELIVERIES).key(&hooked.business.key).send().await.is(200, expected);
}

async fn status_200_by_status(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.failed(world).await;
    hooked.receiver.always("/hook", status(200));
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    hooked.receiver.next("/hook", [status(500)]);
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    for word in ["pending", "delivered", "failed"] {
        let call = world.get(&format!("{DELIVERIES}?status={word}")).key(&hooked.business.key);
        let found = call.send().await.value(200);
        let found = found["data"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{word}");
        assert_eq!(found[0]["status"], word);
        assert_eq!(found[0]["next_attempt_at"].is_string(), word == "pending");
    }
}

async fn status_200_page_by_page(world: &Api) {
    let hooked = Hooked::new(world).await;
    for _ in 0..5 {
        hooked.pay_out(world).await;
    }
    hooked.settle(world).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let call = world.get(&format!("{DELIVERIES}?limit=2{cursor}")).key(&hooked.business.key);
        let page = call.send().await.value(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|one| one["id"].clone()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
        // Stable under inserts.
        hooked.pay_out(world).await;
        hooked.settle(world).await;
    }
    let id = |number| world.platform.webhooks.delivery_id(hooked.business.live, number);
    assert_eq!(seen, [5, 4, 3, 2, 1].map(id));
}

async fn status_200_nothing_of_others(world: &Api) {
    let hooked = Hooked::new(world).await;
    hooked.pay_out(world).await;
    hooked.settle(world).await;
    let other = world.business().await;
    for key in [&other.key, &hooked.business.test_key] {
        assert_eq!(
            world.get(DELIVERIES).key(key).send().await.value(200)["data"].as_array().unwrap().len(),
            0
        );
    }
}

async fn status_400_bad_parameters(world: &Api) {
    let business = world.business().await;
    let status = "The status must be pending, delivered, failed or superseded.";
    for (query, field, sentence) in [
        ("status=sent", "status", status),
        ("limit=0", "limit", NO_LIMIT),
        ("limit=101", "limit", NO_LIMIT),
        ("cursor=whd_1", "cursor", NO_CURSOR),
    ] {
        let call = world.get(&format!("{DELIVERIES}?{query}")).key(&business.key);
        call.send().await.is(400, invalid(field, sentence));
    }
}

async fn status_401_public_key(world: &Api) {
    let business = world.business().await;
    world.get(DELIVERIES).key(&business.public_key).send().await.is(401, UNAUTHORIZED);
}
