//! `GET /p`: the door, without script; languages; what is not there.
//! `GET /p/of/{business}`: the door of one business.
//! `POST /p/session`: the exchange of the hash, by form and by script; how a session ends; what a stolen or forged one is worth.
//! `POST /p/sign-out`

use crate::claim::hat::{Claim, SESSION};
use crate::world::MINUTE;
use crate::world::on_both_engines;
use ledger::{Command, Mode, UserStatus};
use outpay::testing::attacks::AttackSign;
use outpay::testing::business;

on_both_engines! {
    the_door_works_without_script,
    the_language_is_negotiated_and_remembered,
    what_is_not_there_is_a_page,
    a_business_has_a_door_of_its_own,
    signing_out_returns_to_the_page_of_the_business,
    a_hash_is_exchanged_for_a_session,
    a_wrong_hash_is_told_nothing_but_that,
    a_session_ends,
    rotation_and_deactivation_end_it_at_once,
    a_session_is_for_its_person_alone,
    a_form_of_another_site_does_not_sign_in,
    signing_out_takes_the_cookie_away,
    a_wrong_hash_is_a_sign_of_an_attack,
}

async fn the_door_works_without_script(world: &Claim) {
    let mut browser = world.browser();
    let door = browser.get("/p").await;
    door.is(200).says("action=\"/p/session\"").says("name=\"hash\"").says("<html lang=\"en\" dir=\"ltr\">");
    door.says_not("aria-invalid");
    let scripts: Vec<&str> =
        door.body.split("src=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
    let script = scripts.into_iter().find(|script| script.contains("claim-enter")).unwrap().to_owned();
    let script = browser.get(&script).await;
    script.is(200).says("location.hash").says("X-Payout-Hash");
    assert!(script.header("cache-control").unwrap().contains("immutable"));
    let who = world.recipient(Mode::Test, 100).await;
    world.signed_in(&who).await.get("/p").await.is(200).says("href=\"/p/home\"");
    browser.get("/p?ended").await.is(200).says("signed out");
}

async fn the_language_is_negotiated_and_remembered(world: &Claim) {
    let mut browser = world.browser();
    browser.headers.push(("Accept-Language".to_owned(), "de-AT,de;q=0.9".to_owned()));
    browser.get("/p").await.says("<html lang=\"de\" dir=\"ltr\">").says("geheimer Hash");
    browser.get("/p?lang=ar").await.says("<html lang=\"ar\" dir=\"rtl\">").says("dir=\"ltr\" id=\"hash\"");
    browser.get("/p?lang=es").await.says("<html lang=\"es\" dir=\"ltr\">");
    assert_eq!(browser.cookie("__Host-lang"), Some("es"));
    browser.get("/p").await.says("<html lang=\"es\" dir=\"ltr\">");
    let who = world.recipient(Mode::Test, 123_456).await;
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    browser.get("/p/home").await.says("1.234,56").says("le ha enviado dinero");
    browser.get("/p/home?lang=de").await.says("1.234,56\u{a0}$");
}

async fn what_is_not_there_is_a_page(world: &Claim) {
    let mut browser = world.browser();
    browser.get("/p/nothing").await.is(404).says("<h1>Nothing here</h1>");
    browser.get("/assets/style.css").await.is(404);
    let wrong = browser.post("/p", &[]).await;
    wrong.is(405).says("<h1>");
    assert_eq!(wrong.header("allow").as_deref(), Some("GET,HEAD"));
}

async fn a_business_has_a_door_of_its_own(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    world.shows(who.book, "Harbour & Pine", "").await;
    let business = business::id(&world.platform, who.book.business());
    let mut browser = world.browser();
    let door = browser.get(&format!("/p/of/{business}")).await;
    door.is(200).says("Harbour &#38; Pine").says("/p/colour/ffd400.css").says("action=\"/p/session\"");
    door.says(&format!("href=\"/p/of/{business}?lang=de\""));
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    browser.get("/p/home").await.is(200).says("Harbour &#38; Pine");
    for unknown in
        ["biz_00000000-0000-8000-8000-000000000000", "1", "Shop%200", "%00", &business.to_uppercase()]
    {
        browser.get(&format!("/p/of/{unknown}")).await.is(404);
    }
}

async fn signing_out_returns_to_the_page_of_the_business(world: &Claim) {
    let (who, other) = (world.recipient(Mode::Test, 5_000).await, world.recipient(Mode::Test, 5_000).await);
    world.shows(who.book, "Harbour & Pine", "").await;
    let door = format!("/p/of/{}", business::id(&world.platform, who.book.business()));
    let mut browser = world.browser();
    browser.get(&door).await.is(200).says_not("signed out");
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    let home = browser.get("/p/home").await;
    browser.submit(&home, "/p/sign-out", &[]).await.leads_to(&format!("{door}?left"));
    browser.get(&format!("{door}?left")).await.is(200).says("Harbour &#38; Pine").says("signed out");
    browser.get("/p/home").await.leads_to(&format!("{door}?ended"));
    browser.get(&format!("{door}?ended")).await.is(200).says("Harbour &#38; Pine").says("signed out");
    // Money of another business has nothing to do with this door.
    browser.post("/p/session", &[("hash", &other.hash)]).await.leads_to("/p/home");
    let home = browser.get("/p/home").await;
    browser.submit(&home, "/p/sign-out", &[]).await.leads_to("/p?left");
    // A door that is none leads nowhere.
    browser.set_cookie("__Host-claim-of", "//elsewhere.example");
    browser.get("/p/home").await.leads_to("/p?ended");
}

async fn a_hash_is_exchanged_for_a_session(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.browser();
    let link = format!("https://pay.example/p#{}", who.hash);
    browser.post("/p/session", &[("hash", &link)]).await.leads_to("/p/home");
    assert!(!browser.cookie(SESSION).unwrap().contains(&who.hash));
    browser.get("/p/home").await.is(200).says("$50.00").says_not(&who.hash);

    let mut script = world.browser();
    let sent = [("X-Payout-Hash", who.hash.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let answer = script.send("POST", "/p/session", &sent, None).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    script.get("/p/home").await.is(200);
}

async fn a_wrong_hash_is_told_nothing_but_that(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let before = world.platform.auth.work_done();
    let mut pages = Vec::new();
    let upper = who.hash.to_uppercase();
    for wrong in ["", "x", "#", &upper, "sk_live_0000", &who.hash[1..]] {
        let mut browser = world.browser();
        let answer = browser.post("/p/session", &[("hash", wrong)]).await;
        answer.is(401).says("role=\"alert\"").says_not("role=\"alert\" tabindex=\"-1\" hidden");
        assert_eq!(browser.cookie(SESSION), None);
        pages.push(answer.body);
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
    let after = world.platform.auth.work_done();
    assert_eq!((after.0 - before.0, after.1 - before.1), (6, 6), "each costs one digest and one look-up");
    let mut script = world.browser();
    script.send("POST", "/p/session", &[("X-Payout-Hash", "x")], None).await.is(401);
    script.send("POST", "/p/session", &[("Content-Type", "text/plain")], Some("hash=x".into())).await.is(415);
}

async fn a_session_ends(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    for _ in 0..3 {
        world.platform.clock.advance(29 * MINUTE);
        browser.get("/p/home").await.is(200);
    }
    world.platform.clock.advance(31 * MINUTE);
    browser.get("/p/home").await.leads_to("/p?ended");
    let mut busy = world.signed_in(&who).await;
    for _ in 0..25 {
        world.platform.clock.advance(29 * MINUTE);
        busy.get("/p/home").await;
    }
    busy.get("/p/home").await.leads_to("/p?ended");
}

async fn rotation_and_deactivation_end_it_at_once(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    world.command(who.book, Command::SetStatus { user: who.user, status: UserStatus::Inactive }).await;
    browser.get("/p/home").await.leads_to("/p?ended");
    world.command(who.book, Command::SetStatus { user: who.user, status: UserStatus::Active }).await;
    browser.get("/p/home").await.is(200);
    world.command(who.book, Command::RotateHash { user: who.user }).await;
    browser.get("/p/home").await.leads_to("/p?ended");
    browser.post("/p/session", &[("hash", &who.hash)]).await.is(401);
}

async fn a_session_is_for_its_person_alone(world: &Claim) {
    let one = world.recipient(Mode::Test, 4_700).await;
    let other = world.pays(one.book, "other@example.com", 7_000).await;
    let mut first = world.signed_in(&one).await;
    let own = crate::claim::hat::withdraw(&mut first, "10").await;
    let mut second = world.signed_in(&other).await;
    second.get("/p/home").await.says("$70.00").says_not("$47.00");
    for path in [own.clone(), format!("{own}/state"), format!("{own}/receipt"), format!("{own}/receipt.json")]
    {
        second.get(&path).await.is(404);
    }
    // The token of one session is of no use in another.
    let page = first.get("/p/home").await;
    let (_, token) = page.hidden_of("/p/sign-out").remove(0);
    second.post(&format!("{own}/cancel"), &[("csrf", &token)]).await.is(403);
    let mut forged = world.browser();
    let mut cookie = first.cookie(SESSION).unwrap().to_owned();
    cookie.replace_range(40..41, if &cookie[40..41] == "A" { "B" } else { "A" });
    forged.set_cookie(SESSION, &cookie);
    forged.get("/p/home").await.leads_to("/p?ended");
}

async fn a_form_of_another_site_does_not_sign_in(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.browser();
    browser.headers.push(("Sec-Fetch-Site".to_owned(), "cross-site".to_owned()));
    browser.post("/p/session", &[("hash", &who.hash)]).await.is(401);
    assert_eq!(browser.cookie(SESSION), None);
}

async fn signing_out_takes_the_cookie_away(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    browser.post("/p/sign-out", &[("csrf", "wrong")]).await.leads_to("/p/home");
    assert!(browser.cookie(SESSION).is_some());
    let home = browser.get("/p/home").await;
    let left = browser.submit(&home, "/p/sign-out", &[]).await;
    left.leads_to("/p?left");
    assert_eq!(left.header("clear-site-data").as_deref(), Some("\"cache\""));
    assert_eq!(browser.cookie(SESSION), None);
    browser.get("/p/home").await.leads_to("/p?ended");
    browser.post("/p/sign-out", &[]).await.leads_to("/p?left");
}

async fn a_wrong_hash_is_a_sign_of_an_attack(world: &Claim) {
    let before = world.platform.attacks.count(AttackSign::RefusedCredential);
    let mut browser = world.browser();
    browser.post("/p/session", &[("hash", "unknown")]).await;
    assert_eq!(world.platform.attacks.count(AttackSign::RefusedCredential), before + 1);
}
