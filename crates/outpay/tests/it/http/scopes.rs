//! The matrix of every route and every scope: a restricted key opens what needs its scopes, and is told everywhere else which
//! one it lacks. Routes and scopes come from the one table (`http::callers`), and so does docs/SCOPES.md, which `OUTPAY_BLESS=1`
//! writes anew.

use crate::http::api::{Api, DISABLED, UNAUTHORIZED};
use crate::http::keys::scoped;
use crate::wire::Answer;
use http::Method;
use outpay::testing::http::{Admits, callers};
use outpay::testing::scopes::{Resource, Scope, ScopeLevel};
use std::collections::{BTreeMap, BTreeSet};

crate::world::on_both_engines! {
    every_route_wants_its_scope_and_no_other,
    a_lacking_scope_comes_after_401_and_before_everything_else,
    a_document_names_the_scope_of_each_route,
}

fn rows() -> Vec<(Method, String, Scope)> {
    let rows = callers().into_iter().filter_map(|(method, path, admits)| match admits {
        Admits::Keys(scope) => Some((method, path, scope)),
        Admits::Everyone | Admits::Recipients => None,
    });
    rows.collect()
}

fn all_scopes() -> Vec<Scope> {
    Resource::ALL.into_iter().flat_map(|resource| [Scope::read(resource), Scope::write(resource)]).collect()
}

async fn call(world: &Api, (method, path): (&Method, &str), key: &str) -> Answer {
    let call = world.call(method.as_str(), &path.replace("{id}", "key_0")).key(key);
    let call = if *method == Method::GET { call } else { call.json("{}".to_owned()) };
    call.send().await
}

fn lacks(scope: Scope) -> String {
    format!(
        r#"{{"error":"This API key does not have the scope {scope}.","code":"insufficient_scope","scope":"{scope}"}}"#
    )
}

async fn every_route_wants_its_scope_and_no_other(world: &Api) {
    let business = world.business().await;
    let mut keys = BTreeMap::new();
    for scope in all_scopes() {
        keys.insert(scope.to_string(), scoped(world, &business, &scope.to_string()).await.1);
    }
    for (method, path, needed) in rows() {
        for scope in all_scopes() {
            let answer = call(world, (&method, &path), &keys[&scope.to_string()]).await;
            let is_same = scope.resource == needed.resource;
            let opens = is_same && (scope == needed || scope.level == ScopeLevel::Write);
            if opens {
                assert!(
                    !answer.text().contains("insufficient_scope"),
                    "{method} {path} with {scope}: {}",
                    answer.text()
                );
            } else {
                answer.is(403, lacks(needed));
            }
        }
        // All but the needed one.
        let others = all_scopes().into_iter().filter(|scope| scope.resource != needed.resource);
        let others: Vec<String> = others.map(|scope| scope.to_string()).collect();
        let (_, rest) = scoped(world, &business, &others.join(" ")).await;
        call(world, (&method, &path), &rest).await.is(403, lacks(needed));
    }
    let used: BTreeSet<&str> = rows().iter().map(|(_, _, scope)| scope.resource.word()).collect();
    assert_eq!(used, Resource::ALL.map(Resource::word).into(), "each part of the API has a route");
}

async fn a_lacking_scope_comes_after_401_and_before_everything_else(world: &Api) {
    let business = world.business().await;
    let (id, key) = scoped(world, &business, "users:read").await;
    let scope = Scope::write(Resource::Payouts);
    // Payouts are disabled, and the body is no JSON.
    let answer = world.post("/payout/create").key(&key).send().await;
    answer.is(403, lacks(scope));
    let challenge = r#"Bearer realm="payout", error="insufficient_scope", scope="payouts:write""#;
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    let (_, pays) = scoped(world, &business, "payouts:write").await;
    world.create(&pays, "a@example.com", 5).send().await.is(403, DISABLED);
    // A replay is no way around it.
    world.post(&format!("/payout/keys/{id}/revoke")).key(&business.key).send().await.value(200);
    world.post("/payout/create").key(&key).send().await.is(401, UNAUTHORIZED);
}

async fn a_document_names_the_scope_of_each_route(world: &Api) {
    let document = world.get("/openapi.json").send().await.value(200);
    for (method, path, scope) in rows() {
        let operation = &document["paths"][&path][method.as_str().to_lowercase()];
        assert_eq!(operation["security"][0]["secret_key"][0], scope.to_string(), "{method} {path}");
        let answer = operation["responses"]["403"]["description"].as_str().unwrap();
        assert!(answer.ends_with(&format!("The key does not have the scope {scope}")), "{answer}");
    }
}

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/SCOPES.md");
const HEAD: &str = "# Scopes and routes\n\n\
    Which scope of a restricted key opens which route of the API: **read** is the scope `PART:read` or `PART:write`, **write** is\n\
    `PART:write` alone. Any other scope gets 403 `insufficient_scope`. Written from the table of routes by the test\n\
    `http::scopes::the_document_shows_the_matrix` (`OUTPAY_BLESS=1`); that a server keeps to it is tested by\n\
    `http::scopes::every_route_wants_its_scope_and_no_other`. What a key may pay: [API.md](API.md#restricted-keys).\n\n";

#[test]
fn the_document_shows_the_matrix() {
    let matrix = matrix();
    let kept = || std::fs::read_to_string(DOCUMENT).unwrap_or_default();
    if std::env::var_os("OUTPAY_BLESS").is_some() && kept() != matrix {
        std::fs::write(DOCUMENT, &matrix).unwrap();
    }
    assert_eq!(kept(), matrix, "docs/SCOPES.md differs; look at it with OUTPAY_BLESS=1 and git diff");
}

fn matrix() -> String {
    let mut text = HEAD.to_owned();
    text += &format!("| route | {} |\n", Resource::ALL.map(Resource::word).join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(Resource::ALL.len()));
    for (method, path, needed) in rows() {
        let level = if needed.level == ScopeLevel::Read { "read" } else { "write" };
        let cells = Resource::ALL.map(|part| if part == needed.resource { level } else { "" });
        text += &format!("| `{method} {path}` | {} |\n", cells.join(" | "));
    }
    for (title, who) in
        [("With a payout hash", Admits::Recipients), ("Without a credential", Admits::Everyone)]
    {
        text += &format!("\n## {title}\n");
        for (method, path, _) in callers().into_iter().filter(|(_, _, admits)| *admits == who) {
            text += &format!("- `{method} {path}`\n");
        }
    }
    text
}
