//! `GET /payout/users`: newest first, by address or status, page by page.

use crate::http::api::{Api, NO_CURSOR, NO_LIMIT, UNAUTHORIZED, invalid};
use crate::world::Business;

crate::world::on_both_engines! {
    status_200_without_users,
    status_200_newest_first,
    status_200_by_email,
    status_200_by_status,
    status_200_pages_are_stable_under_inserts,
    status_200_own_users_only,
    status_200_expired,
    status_400_filters,
    status_400_limit_and_cursor,
    status_401_public_key,
    status_401_comes_before_400,
}

async fn status_200_without_users(world: &Api) {
    let business = world.business().await;
    let answer = world.get("/payout/users").key(&business.key).send().await;
    answer.is(200, r#"{"data":[],"has_more":false,"next_cursor":null}"#);
}

async fn status_200_newest_first(world: &Api) {
    let business = world.paying_business(10).await;
    world.pay(&business.key, "a@example.com", 1).await;
    world.pay(&business.key, "b@example.com", 2).await;
    world.pay(&business.key, "a@example.com", 4).await;
    let a = world.user(business.live, 1, "a@example.com", "active", 5);
    let b = world.user(business.live, 2, "b@example.com", "active", 2);
    let answer = world.get("/payout/users").key(&business.key).send().await;
    answer.is(200, format!(r#"{{"data":[{b},{a}],"has_more":false,"next_cursor":null}}"#));
}

async fn status_200_by_email(world: &Api) {
    let business = people(world, 3).await;
    for email in ["user2@example.com", "USER2%40Example.COM"] {
        assert_eq!(found(world, &business.key, &format!("email={email}")).await, ["user2@example.com"]);
    }
    assert_eq!(found(world, &business.key, "email=nobody@example.com").await, [""; 0]);
    assert_eq!(
        found(world, &business.key, "email=user2@example.com&status=active").await,
        ["user2@example.com"]
    );
    assert_eq!(found(world, &business.key, "email=user2@example.com&status=inactive").await, [""; 0]);
}

async fn status_200_by_status(world: &Api) {
    let business = people(world, 6).await;
    for number in [2, 3, 5] {
        let path = world.user_path(business.live, number, "/deactivate");
        world.post(&path).key(&business.key).send().await.value(200);
    }
    let inactive = ["user5@example.com", "user3@example.com", "user2@example.com"];
    let active = ["user6@example.com", "user4@example.com", "user1@example.com"];
    for limit in [1, 2, 3, 100] {
        assert_eq!(found(world, &business.key, &format!("status=inactive&limit={limit}")).await, inactive);
        assert_eq!(found(world, &business.key, &format!("status=active&limit={limit}")).await, active);
    }
}

async fn status_200_pages_are_stable_under_inserts(world: &Api) {
    let business = people(world, 25).await;
    let mut seen = Vec::new();
    let mut target = "/payout/users?limit=10".to_owned();
    let mut late = 0;
    loop {
        let page = world.get(&target).key(&business.key).send().await.value(200);
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        target = format!("/payout/users?limit=10&cursor={cursor}");
        late += 1;
        world.pay(&business.key, &format!("late{late}@example.com"), 1).await;
    }
    let expected: Vec<_> = (1..=25).rev().map(|number| format!("user{number}@example.com")).collect();
    assert_eq!((seen, late), (expected, 2));
}

async fn status_200_own_users_only(world: &Api) {
    let (one, other) = (people(world, 1).await, people(world, 2).await);
    world.fund(one.test, 10).await;
    world.pay(&one.test_key, "test@example.com", 1).await;
    assert_eq!(found(world, &one.key, "").await, ["user1@example.com"]);
    assert_eq!(found(world, &one.test_key, "").await, ["test@example.com"]);
    assert_eq!(found(world, &other.key, "").await.len(), 2);
    assert_eq!(found(world, &one.test_key, "email=user1@example.com").await, [""; 0]);
}

async fn status_200_expired(world: &Api) {
    let business = people(world, 1).await;
    let end = world.platform.clock.now() + crate::world::SECOND;
    world.database.execute(&format!("UPDATE payout_user SET expires_at = {end}")).await;
    let seen = || async {
        let page = world.get("/payout/users").key(&business.key).send().await.value(200);
        (page["data"][0]["status"].clone(), page["data"][0]["expires_at"].clone())
    };
    assert_eq!(seen().await, ("active".into(), "2026-01-02T03:04:06.678901Z".into()));
    world.platform.clock.advance(crate::world::SECOND);
    assert_eq!(seen().await, ("expired".into(), "2026-01-02T03:04:06.678901Z".into()));
}

async fn status_400_filters(world: &Api) {
    let business = world.business().await;
    let email = "The email must be a valid email address.";
    let status = "The status must be active or inactive.";
    for (filter, field, sentence) in [
        ("email=x", "email", email),
        ("email=%C3%BCser@example.com", "email", email),
        ("email=a+b@example.com", "email", email),
        ("status=expired", "status", status),
        ("status=Active", "status", status),
        ("status=1", "status", status),
    ] {
        let answer = world.get(&format!("/payout/users?{filter}")).key(&business.key).send().await;
        answer.is(400, invalid(field, sentence));
    }
}

async fn status_400_limit_and_cursor(world: &Api) {
    let business = people(world, 1).await;
    for limit in ["0", "101", "abc", "-1"] {
        let answer = world.get(&format!("/payout/users?limit={limit}")).key(&business.key).send().await;
        answer.is(400, invalid("limit", NO_LIMIT));
    }
    let (in_other_book, operation) = (world.user_id(business.test, 1), world.operation_id(business.live, 3));
    for cursor in ["x", "1", &in_other_book, &operation] {
        let answer = world.get(&format!("/payout/users?cursor={cursor}")).key(&business.key).send().await;
        answer.is(400, invalid("cursor", NO_CURSOR));
    }
}

async fn status_401_public_key(world: &Api) {
    let business = people(world, 1).await;
    for key in [&business.public_key, &world.hash(business.live, 1, 0).await] {
        world.get("/payout/users").key(key).send().await.is(401, UNAUTHORIZED);
    }
}

async fn status_401_comes_before_400(world: &Api) {
    world.get("/payout/users?limit=0&status=x&email=x&cursor=x").send().await.is(401, UNAUTHORIZED);
}

/// A business with user1@, user2@, … example.com.
async fn people(world: &Api, count: i64) -> Business {
    let business = world.paying_business(1000).await;
    for number in 1..=count {
        world.pay(&business.key, &format!("user{number}@example.com"), 1).await;
    }
    business
}

/// The addresses on all pages.
async fn found(world: &Api, key: &str, filter: &str) -> Vec<String> {
    let mut emails = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = world.get(&format!("/payout/users?{filter}{cursor}")).key(key).send().await.value(200);
        emails.extend(
            page["data"].as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next_cursor"].as_str() else { return emails };
        cursor = format!("&cursor={next}");
    }
}
