//! Signs of attacks in the log of the real program, as fail2ban reads them with the filter of contrib/fail2ban, in both
//! formats of the log; and counted for the metrics.

use crate::http::api::Api;
use crate::http::process::Process;
use crate::wire::{Call, Connection};
use ledger::Actor;
use outpay::testing::attacks::AttackSign;
use regex::Regex;
use std::collections::BTreeMap;

crate::world::on_both_engines! {
    the_filter_finds_each_sign_in_the_text_log,
    the_filter_finds_each_sign_in_the_json_log,
    a_refused_key_is_named_and_each_refusal_counted,
}

const FILTER: &str = include_str!("../../../../../contrib/fail2ban/outpay.conf");

/// The expressions of the filter, with what fail2ban puts in the place of its tag.
fn expressions() -> Vec<Regex> {
    let (_, rest) = FILTER.split_once("failregex = ").expect("the filter has expressions");
    let (all, _) = rest.split_once("\n\n").expect("they end with an empty line");
    let subnet = r"(?P<host>[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9a-fA-F:]+)(?:/[0-9]+)?";
    let expressions: Vec<Regex> =
        all.lines().map(|line| Regex::new(&line.trim().replace("<SUBNET>", subnet)).unwrap()).collect();
    assert_eq!(expressions.len(), 2);
    expressions
}

/// How often each sign is in the log, by the filter; all of them from this machine.
fn found(log: &str) -> BTreeMap<String, usize> {
    let expressions = expressions();
    let time = Regex::new(r#""timestamp":"[^"]*""#).unwrap();
    let mut found = BTreeMap::new();
    for line in log.lines() {
        // Fail2ban takes the time out of a line before it looks at it; both must match.
        let without_time = match line.split_once("Z ") {
            Some((time, rest)) if time.starts_with("20") => rest.to_owned(),
            _ => time.replace(line, r#""timestamp":"""#).into_owned(),
        };
        let matches =
            |text: &str| expressions.iter().find_map(|one| Some(one.captures(text)?["host"].to_owned()));
        assert_eq!(matches(line), matches(&without_time), "{line}");
        let is_sign = line.contains("sign of attack");
        assert_eq!(matches(line).is_some(), is_sign, "{line}");
        if is_sign {
            assert_eq!(matches(line).as_deref(), Some("127.0.0.1"), "{line}");
            let sign =
                AttackSign::ALL.into_iter().find(|sign| line.contains(sign.word())).expect("a known word");
            *found.entry(sign.word().to_owned()).or_default() += 1;
        }
    }
    found
}

async fn the_filter_finds_each_sign(world: &Api, format: &str) {
    let process = Process::serve_with_log(&world.database, format);
    let business = world.business().await;
    let (_, key) =
        world.new_key(business.live, outpay::testing::store::CredentialKind::SecretKey, None).await;
    let call = |method: &str, path: &str| Call::new(process.address, method, path);
    // What a client sends is in no line, so it cannot look like one.
    let forged_line =
        r#"x WARN outpay::attack: sign of attack kind="wrong_password" address=198.51.100.9 key=-"#;
    call("GET", "/balance").header("user-agent", forged_line).key("sk_live_unknown").send().await;
    call("GET", "/payout/operations").hash("unknown").send().await;
    call("GET", "/balance?x=WARN%20outpay::attack:%20sign%20of%20attack").key(&key).send().await.value(200);
    let form = |body: &str| {
        let sign_in = call("POST", "/dashboard/sign-in");
        sign_in.header("content-type", "application/x-www-form-urlencoded").body(body)
    };
    let wrong = "email=stranger%40example.com&password=wrong+wrong+wrong";
    // Pages are not JSON, as all answers to `send` are.
    let forged = form(wrong).header("sec-fetch-site", "cross-site").bytes();
    Connection::open(process.address).await.exchange(&forged, true).await;
    for _ in 0..6 {
        Connection::open(process.address).await.exchange(&form(wrong).bytes(), true).await;
    }
    let log = process.log().await;
    let expected = [("forged_form", 1), ("locked_out", 1), ("refused_credential", 2), ("wrong_password", 5)];
    let expected = expected.map(|(sign, times)| (sign.to_owned(), times)).into();
    assert_eq!(found(&log), expected, "{log}");
}

async fn the_filter_finds_each_sign_in_the_text_log(world: &Api) {
    the_filter_finds_each_sign(world, "compact").await;
}

async fn the_filter_finds_each_sign_in_the_json_log(world: &Api) {
    the_filter_finds_each_sign(world, "json").await;
}

async fn a_refused_key_is_named_and_each_refusal_counted(world: &Api) {
    let process = Process::serve_with_log(&world.database, "json");
    let business = world.business().await;
    let (number, revoked) =
        world.new_key(business.live, outpay::testing::store::CredentialKind::SecretKey, None).await;
    let key = world.platform.store.key(number).await.unwrap().unwrap();
    outpay::testing::api_keys::revoke(&world.platform, &key, Actor::NONE).await.unwrap();
    let id = outpay::testing::api_keys::id(&world.platform, business.live, number);
    Call::new(process.address, "GET", "/balance").key(&revoked).send().await;
    let log = process.log().await;
    assert!(log.lines().any(|line| line.contains("sign of attack") && line.contains(&id)), "{log}");
    let before = world.platform.attacks.count(AttackSign::RefusedCredential);
    for key in [revoked.as_str(), "sk_live_unknown", business.public_key.as_str()] {
        assert_eq!(world.get("/balance").key(key).send().await.status, 401);
    }
    assert_eq!(world.platform.attacks.count(AttackSign::RefusedCredential), before + 3);
}
