//! Settings, and that every change of them is in the audit log, from every door.

use crate::dashboard::browser::Page;
use crate::dashboard::hat::Team;
use ledger::Cents;
use outpay::testing::business::branding;
use outpay::testing::business::settings::terms_tag;
use outpay::testing::roles::Role;
use outpay::testing::withdrawals::offer::standard_terms;

crate::world::on_both_engines! {
    payouts_are_switched,
    terms_are_set_as_people_write_them,
    origins_are_set_in_live_mode,
    unclaimed_money_goes_back_after_some_days,
    the_clock_of_test_mode_moves_forward,
    people_see_the_branding,
    people_see_the_logo,
    every_change_is_in_the_log,
    the_log_is_filtered_and_paged,
}

async fn payouts_are_switched(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.get("/dashboard/settings").await.is(200).says("Enable payouts");
    admin.post("/dashboard/settings/payouts", &[("payouts", "on")]).await.leads_to("/dashboard/settings");
    admin.get("/dashboard/settings").await.is(200).says("Payouts are enabled.").says("Disable payouts");
    admin.post("/dashboard/settings/payouts", &[("payouts", "perhaps")]).await.is(400);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/settings").await.is(200).says_not("Disable payouts").says("does not change");
}

async fn terms_are_set_as_people_write_them(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    admin.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    let before = terms_tag(&standard_terms(&world.platform, business.test, "sandbox"));
    admin.get("/dashboard/settings").await.is(200).says(&before);
    let fields = [
        ("method", "sandbox"),
        ("terms_before", before.as_str()),
        ("enabled", "on"),
        ("fee_fixed", "0.25"),
        ("fee_percent", "1.5"),
        ("fee_floor", ""),
        ("fee_cap", "$10"),
        ("minimum", "5"),
        ("maximum", "1,000.00"),
        ("daily_cap", ""),
        ("review_above", "100"),
        ("review_new_destination", "on"),
    ];
    admin.post("/dashboard/settings/method", &fields).await.leads_to("/dashboard/settings");
    let terms = world.platform.store.all_terms(business.test).await.unwrap()["sandbox"].clone();
    assert_eq!((terms.enabled, terms.fee.fixed, terms.fee.basis_points), (true, Cents(25), 150));
    assert_eq!((terms.fee.cap, terms.daily_cap), (Some(Cents(1_000)), None));
    assert_eq!((terms.minimum, terms.maximum), (Cents(500), Cents(100_000)));
    assert_eq!(
        (terms.review.above, terms.review.always, terms.review.new_destination),
        (Some(Cents(10_000)), false, true)
    );
    admin.get("/dashboard/settings").await.is(200).says("value=\"1.50\"").says("value=\"1000.00\"");
    for (wrong, sentence) in [
        (("minimum", "many"), "dollars and cents"),
        (("fee_percent", "100"), "basis points"),
        (("minimum", "2000"), "maximum"),
    ] {
        let mut changed = fields.to_vec();
        changed.retain(|(name, _)| *name != wrong.0);
        changed.push(wrong);
        admin.post("/dashboard/settings/method", &changed).await.is(422).says(sentence);
    }
    admin.post("/dashboard/settings/method", &[("method", "no such")]).await.is(404);
    let after = world.platform.store.all_terms(business.test).await.unwrap()["sandbox"].clone();
    assert_eq!(after, terms, "what is wrong sets nothing");
    // The form was loaded before the first change, so it would undo what another has set since.
    let late = [("method", "sandbox"), ("terms_before", before.as_str()), ("minimum", "7")];
    admin.post("/dashboard/settings/method", &late).await.is(409).says("changed in the meantime");
    let after = world.platform.store.all_terms(business.test).await.unwrap()["sandbox"].clone();
    assert_eq!(after, terms);
    let before = terms_tag(&terms);
    let seen = [("method", "sandbox"), ("terms_before", before.as_str()), ("minimum", "7")];
    admin.post("/dashboard/settings/method", &seen).await.leads_to("/dashboard/settings");
    let after = world.platform.store.all_terms(business.test).await.unwrap()["sandbox"].clone();
    assert_eq!((after.minimum, after.enabled), (Cents(700), false));
}

async fn origins_are_set_in_live_mode(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let allowed = async || world.platform.store.allowed_origins(business.number).await.unwrap();
    let set =
        |origins: &'static str, before: &'static str| [("origins", origins), ("origins_before", before)];
    let path = "/dashboard/settings/origins";
    admin
        .post(path, &set("https://Shop.example/ https://a.example", ""))
        .await
        .leads_to("/dashboard/settings");
    assert_eq!(allowed().await, ["https://a.example", "https://shop.example"]);
    admin.get("/dashboard/settings").await.is(200).says("value=\"https://a.example https://shop.example\"");
    admin.post(path, &set("*", "")).await.is(422).says("such as https://shop.example");
    admin.post(path, &set("https://b.example", "")).await.is(409).says("changed in the meantime");
    let before = "https://a.example https://shop.example";
    admin.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    admin.post(path, &set("", before)).await.is(400);
    assert_eq!(allowed().await.len(), 2);
    admin.post("/dashboard/mode", &[("mode", "live")]).await.is(303);
    admin.post(path, &set("", before)).await.leads_to("/dashboard/settings");
    assert_eq!(allowed().await, [""; 0]);
}

async fn unclaimed_money_goes_back_after_some_days(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let days = async || world.platform.store.expiry_days(business.live).await.unwrap();
    admin.post("/dashboard/settings/expiry", &[("days", "90")]).await.is(303);
    assert_eq!(days().await, Some(90));
    for wrong in ["0", "-1", "36501", "a year"] {
        admin.post("/dashboard/settings/expiry", &[("days", wrong)]).await.is(422);
    }
    admin.post("/dashboard/settings/expiry", &[("days", "")]).await.is(303);
    assert_eq!(days().await, None);
}

async fn the_clock_of_test_mode_moves_forward(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Admin).await;
    let (key, admin) = (member.key.clone(), &mut member.browser);
    let path = "/dashboard/settings/test-clock";
    let fields = |once: &'static str, by, unit| [("once", once), ("by", by), ("unit", unit)];
    let (first, second) = ("00000000000000000000000000000001", "00000000000000000000000000000002");
    admin.get("/dashboard/settings").await.is(200).says_not("Clock of test mode");
    admin.post(path, &fields(first, "3", "days")).await.is(400).says("Switch to test mode");
    admin.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    admin.get("/dashboard/settings").await.is(200).says("0 days, 00:00:00 ahead");
    for _ in 0..2 {
        admin.post(path, &fields(first, "3", "days")).await.leads_to("/dashboard/settings");
    }
    admin.post(path, &fields(second, "90", "minutes")).await.leads_to("/dashboard/settings");
    admin.get("/dashboard/settings").await.is(200).says("3 days, 01:30:00 ahead");
    for (by, unit) in [("0", "days"), ("-1", "days"), ("x", "days"), ("1826", "days")] {
        let once = "00000000000000000000000000000003";
        admin.post(path, &fields(once, by, unit)).await.is(422).says("at most 1,825 days");
    }
    assert_eq!(world.audit(&business).await[..2], ["test_clock.advanced", "test_clock.advanced"]);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    viewer.get("/dashboard/settings").await.is(200).says("3 days, 01:30:00 ahead").says_not("Move the clock");
    // Sessions and codes of the second factor go by the machine's clock.
    admin.get("/dashboard").await.is(200);
    let mut again = world.halfway(&member).await;
    let code = world.next_code(&key);
    again.post("/dashboard/second-factor", &[("code", code.as_str())]).await.leads_to("/dashboard");
}

async fn people_see_the_branding(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = "/dashboard/settings/branding";
    let fields = |colour, before| {
        [
            ("display_name", "Acme & Co"),
            ("colour", colour),
            ("support", ""),
            ("support_url", "mailto:a@example.com"),
            ("frame_origins", "https://shop.example/"),
            ("frame_origins_before", before),
        ]
    };
    admin.post(path, &fields("red", "")).await.is(422).says("six hexadecimal digits");
    admin.post(path, &fields("#aa2200", "")).await.leads_to("/dashboard/settings");
    admin.post(path, &fields("#aa2200", "")).await.leads_to("/dashboard/settings");
    admin.get("/dashboard/settings").await.is(200).says("value=\"#aa2200\"").says("Acme &#38; Co");
    admin.get("/dashboard/settings").await.says("value=\"https://shop.example\"").says("/p/of/biz_");
    let log = world.audit(&business).await;
    assert_eq!(log.iter().filter(|action| *action == "settings.branding_changed").count(), 1);
    // The site is removed; a form from before does not bring it back.
    let mut without = fields("#aa2200", "https://shop.example");
    without[4].1 = "";
    admin.post(path, &without).await.is(303);
    admin.post(path, &fields("#00aa22", "https://shop.example")).await.is(409).says("in the meantime");
    let origins = branding::of(&world.platform, business.number).await.unwrap().frame_origins;
    assert!(origins.is_empty(), "{origins}");
}

async fn people_see_the_logo(world: &Team) {
    const IMAGE: &str = "RIFF\x22\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0VP8 \x04\0\0\0abcd";
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    let path = "/dashboard/settings/logo";
    admin.upload(path, "logo.svg", "<svg/>").await.is(422).says("PNG, JPEG or WebP");
    admin.upload(path, "logo.webp", "").await.is(422).says("Choose an image");
    for _ in 0..2 {
        admin.upload(path, "logo.webp", IMAGE).await.leads_to("/dashboard/settings");
    }
    let page = admin.get("/dashboard/settings").await;
    let logo = page.is(200).between("<img class=\"claim-logo\" src=\"", "\"");
    assert!(logo.starts_with("/p/logo/") && logo.ends_with(".webp"), "{logo}");
    let log = world.audit(&business).await;
    assert_eq!(log.iter().filter(|action| *action == "settings.logo_changed").count(), 1);
    let mut approver = world.member(&business, Role::Approver).await.browser;
    approver.upload(path, "logo.webp", IMAGE).await.is(403);
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.upload(path, "logo.webp", IMAGE).await.is(403);
    viewer.get("/dashboard/settings").await.says(&logo).says_not("Remove the logo");
    // The form with this button has no file, and the word to remove.
    let remove = "\r\n--cut\r\nContent-Disposition: form-data; name=\"remove\"\r\n\r\non";
    admin.upload(path, "", remove).await.leads_to("/dashboard/settings");
    admin.get("/dashboard/settings").await.is(200).says_not("/p/logo/");
}

async fn every_change_is_in_the_log(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await;
    let before = world.audit(&business).await.len();
    for payouts in ["on", "on", "off"] {
        admin.browser.post("/dashboard/settings/payouts", &[("payouts", payouts)]).await.is(303);
    }
    admin.browser.post("/dashboard/settings/expiry", &[("days", "30")]).await.is(303);
    put_settings(world, &business.key, r#"{"payouts_enabled":true,"expiry_days":60}"#).await;
    let log = world.audit(&business).await;
    let mut new = log[..log.len() - before].to_vec();
    new[..2].sort();
    assert_eq!(
        new,
        [
            "settings.expiry_changed",
            "settings.payouts_enabled",
            "settings.expiry_changed",
            "settings.payouts_disabled",
            "settings.payouts_enabled"
        ],
        "what changes nothing leaves no entry"
    );
    let page = admin.browser.get("/dashboard/audit").await;
    page.is(200).says(&admin.email).says("First key").says("&#34;from&#34;:30");
    page.says("changed the days to claim money from 30 to 60").says("<td>30</td><td>60</td>");
}

async fn the_log_is_filtered_and_paged(world: &Team) {
    let business = world.business().await;
    let mut admin = world.member(&business, Role::Admin).await.browser;
    for number in 1..=60 {
        let days = number.to_string();
        admin.post("/dashboard/settings/expiry", &[("days", &days)]).await.is(303);
    }
    let rows = |page: &Page| page.is(200).body.matches("data-label=\"When\"").count();
    let link = |page: &Page, rel: &str| {
        let link = page.between(&format!("rel=\"{rel}\" href=\""), "\"");
        link.replace("&#38;", "&").replace("&amp;", "&")
    };
    let query = "by=members&action=settings.expiry_changed";
    let first = admin.get(&format!("/dashboard/audit?{query}")).await;
    first.says("60 entries").says("from 59 to 60");
    assert_eq!(rows(&first), 50);
    let second = admin.get(&link(&first, "next")).await;
    second.says("from none to 1\n");
    assert_eq!(rows(&second), 10);
    assert_eq!(rows(&admin.get(&link(&second, "prev")).await), 50);
    let file = admin.get(&format!("/dashboard/audit/export?{query}&sort=oldest")).await;
    file.is(200).says("changed the days to claim money from none to 1,");
    assert_eq!(file.body.lines().count(), 61);
    let page = admin.get("/dashboard/audit?by=operator").await;
    page.is(200).says("invited").says_not("days to claim money from");
    admin.get("/dashboard/audit?q=money%20from%2011").await.is(200).says("1 entry").says("from 11 to 12");
    let me = member_filter(&page);
    assert_eq!(rows(&admin.get(&format!("/dashboard/audit?by={me}&sort=oldest")).await), 50);
    let page = admin.get("/dashboard/audit?by=keys&action=%00&before=x").await;
    page.is(200).says("No entries match these filters.");
    let chain = admin.get("/dashboard/audit/chain?format=csv").await;
    chain.is(200).says("number,business,book,place").says("settings.expiry_changed");
}

/// The value of the filter for the one member.
fn member_filter(page: &Page) -> String {
    format!("mem_{}", page.between("<option value=\"mem_", "\""))
}

async fn put_settings(world: &Team, key: &str, body: &str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let request = format!(
        "PUT /payout/settings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = tokio::net::TcpStream::connect(world.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
