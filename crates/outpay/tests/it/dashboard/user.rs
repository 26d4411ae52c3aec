//! One person: facts, time line, taking money back, access, the claim link.

use crate::dashboard::hat::Team;
use ledger::Actor;
use outpay::testing::roles::Role;
use secrecy::ExposeSecret;

crate::world::on_both_engines! {
    facts_and_time_line_are_shown,
    a_refused_form_keeps_what_was_typed,
    unspent_money_is_taken_back_once_for_each_form,
    access_is_switched,
    the_link_is_shown_after_a_click_and_written_down,
    totals_metadata_and_mails_are_shown,
    notes_are_added_and_removed,
    all_that_is_stored_is_exported_without_secrets,
}

const ONCE: &str = "00112233445566778899aabbccddeeff";

async fn facts_and_time_line_are_shown(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    world.withdraw(business.live, ada, 2_500).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let page = viewer.get(&path).await;
    page.is(200).says("$75.00").says("$25.00").says("-$25.00").says("$100.00").says("Awaiting review");
    page.says_not("Show the claim link").says_not("Reclaim unclaimed funds").says_not("/p#");
    for number in 0..60 {
        world.give(business.live, "ada@example.com", 100 + number, Actor::NONE).await;
    }
    let first = viewer.get(&path).await;
    first.is(200).says("$1.59").says_not(">$1.00<");
    let older = first.between("<p class=\"pager\"><a class=\"button\" href=\"", "\"");
    viewer.get(&older).await.is(200).says(">$1.00<").says_not("$1.59");
    viewer.get("/dashboard/users/usr_nonsense").await.is(404);
    viewer.get(&format!("/dashboard/users/{}", world.user_id(business.test, ada))).await.is(404);
}

async fn unspent_money_is_taken_back_once_for_each_form(world: &Team) {
    let business = world.paying_business(100_000).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let debit = format!("{path}/debit");
    let fields = [("amount", "30"), ("reason", "Sent by mistake"), ("once", ONCE)];
    for _ in 0..2 {
        admin.post(&debit, &fields).await.leads_to(&path);
    }
    admin.get(&path).await.says("Sent by mistake").says("$70.00");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 7_000);
    let other = "ffeeddccbbaa99887766554433221100";
    admin.post(&debit, &[("amount", "30"), ("once", other)]).await.is(400).says("Reason");
    let too_much = [("amount", "70.01"), ("reason", "x"), ("once", other)];
    admin.post(&debit, &too_much).await.is(400).says("Insufficient user balance");
}

async fn access_is_switched(world: &Team) {
    let business = world.paying_business(100_000).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    admin.post(&format!("{path}/status"), &[("status", "inactive")]).await.leads_to(&path);
    admin.get(&path).await.says("inactive").says("Activate</button>");
    admin.post(&format!("{path}/status"), &[("status", "active")]).await.leads_to(&path);
    admin.get(&path).await.says("Deactivate</button>");
    admin.post(&format!("{path}/status"), &[]).await.is(400);
}

async fn the_link_is_shown_after_a_click_and_written_down(world: &Team) {
    let business = world.paying_business(100_000).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let hash = |basis| {
        let hash = world.platform.secrets.payout_hash(business.live, ada, &basis).unwrap();
        format!("/p#{}", hash.expose_secret())
    };
    let basis = async || world.platform.store.hash_basis(business.live, ada).await.unwrap().unwrap();
    let first = basis().await;
    admin.get(&path).await.is(200).says_not("/p#");
    admin.post(&format!("{path}/link"), &[]).await.is(200).says(&hash(first));
    assert_eq!(world.audit(&business).await[0], "payout_user.link_shown");
    admin.get(&path).await.is(200).says_not("/p#");
    admin.post(&format!("{path}/rotate-hash"), &[]).await.leads_to(&path);
    admin.get(&path).await.is(200).says_not("/p#").says("the old one is dead");
    admin.post(&format!("{path}/link"), &[]).await.is(200).says(&hash(basis().await)).says_not(&hash(first));
}

async fn a_refused_form_keeps_what_was_typed(world: &Team) {
    let business = world.paying_business(100_000).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let page = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let shown = admin.get(&page).await;
    shown.is(200).says(&format!("name=\"page\" value=\"{page}\""));
    let once = shown.between("name=\"once\" value=\"", "\"");
    let debit = format!("{page}/debit");
    let fields = [("page", page.as_str()), ("amount", "1,2,3"), ("reason", "A <slip>"), ("once", &once)];
    admin.post(&debit, &fields).await.leads_to(&page);
    admin
        .get(&page)
        .await
        .is(200)
        .says("value=\"1,2,3\"")
        .says("value=\"A &lt;slip&gt;\"")
        .says("id=\"debit-amount-error\" role=\"alert\">Amount: give dollars and cents, as in 12.50.");
    admin.get(&page).await.is(200).says_not("1,2,3").says_not("role=\"alert\"");
    // Without a page to go back to, the refusal is a page of its own.
    admin.post(&debit, &fields[1..]).await.is(400).says("Couldn’t save your changes");
    assert_eq!(world.balance(business.live, "ada@example.com").await, 10_000);
}

async fn totals_metadata_and_mails_are_shown(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    world.withdraw(business.live, ada, 2_500).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get(&format!("/dashboard/users/{}", world.user_id(business.live, ada))).await;
    let totals = page.between("<h2 id=\"totals\">", "</section>");
    for amount in ["$100.00", "-$25.00", "$75.00"] {
        assert!(totals.contains(amount), "{amount}: {totals}");
    }
    page.says("No notes yet").says("has metadata.").says("No emails were sent").says_not("Add note");
}

async fn notes_are_added_and_removed(world: &Team) {
    let business = world.paying_business(100_000).await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = format!("/dashboard/users/{}", world.user_id(business.live, ada));
    let (add, remove) = (format!("{path}/notes"), format!("{path}/notes/remove"));
    admin.post(&add, &[("note", "Called <twice>")]).await.leads_to(&path);
    assert_eq!(world.audit(&business).await[0], "payout_user.note_added");
    admin.get(&path).await.is(200).says("Called &#60;twice&#62;");
    admin.post(&add, &[("note", &"x".repeat(501))]).await.is(400).says("1 to 500 characters");
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get(&path).await.says("Called &#60;twice&#62;").says_not("notes/remove");
    admin.post(&remove, &[("number", "1")]).await.leads_to(&path);
    assert!(world.audit(&business).await.contains(&"payout_user.note_removed".to_owned()));
    admin.get(&path).await.says_not("twice").says("No notes yet");
    admin.post(&remove, &[("number", "1")]).await.is(409);
    for number in 0..20 {
        admin.post(&add, &[("note", &format!("Note {number}"))]).await.leads_to(&path);
    }
    admin.post(&add, &[("note", "One more")]).await.is(409).says("Remove one before");
}

async fn all_that_is_stored_is_exported_without_secrets(world: &Team) {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let withdrawal = world.withdraw(business.live, ada, 2_500).await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let id = world.user_id(business.live, ada);
    let path = format!("/dashboard/users/{id}");
    admin.post(&format!("{path}/notes"), &[("note", "Called twice")]).await.leads_to(&path);
    let file = admin.post(&format!("{path}/export"), &[]).await;
    file.is(200);
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"recipient.json\"");
    assert_eq!(world.audit(&business).await[0], "payout_user.exported");
    let found: serde_json::Value = serde_json::from_str(&file.body).unwrap();
    assert_eq!(found["recipient"]["id"], id.as_str());
    assert_eq!(found["recipient"]["balance_cents"], 7_500);
    let amounts: Vec<i64> = found["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["amount_cents"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [-2_500, 10_000]);
    assert_eq!(found["withdrawals"][0]["id"], world.withdrawal_id(business.live, withdrawal).as_str());
    assert!(found["withdrawals"][0]["destination"].is_object(), "{found}");
    assert_eq!(found["notes"][0]["text"], "Called twice");
    assert_eq!(found["mails"], serde_json::json!([]));
    let basis = world.platform.store.hash_basis(business.live, ada).await.unwrap().unwrap();
    let hash = world.platform.secrets.payout_hash(business.live, ada, &basis).unwrap();
    file.says_not(hash.expose_secret());
}
