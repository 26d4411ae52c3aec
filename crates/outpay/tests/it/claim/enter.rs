//! `GET /p`: the door, without script; languages; what is not there.

use crate::claim::on_both_engines;
use crate::claim::world::World;
use ledger::Mode;

on_both_engines! {
    the_door_works_without_script,
    the_language_is_negotiated_and_remembered,
    what_is_not_there_is_a_page,
}

async fn the_door_works_without_script(world: &World) {
    let mut browser = world.browser();
    let door = browser.get("/p").await;
    door.is(200).says("action=\"/p/session\"").says("name=\"hash\"").says("<html lang=\"en\">");
    door.says_not("aria-invalid");
    let script = door.body.split("src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let script = browser.get(&script).await;
    script.is(200).says("location.hash").says("X-Payout-Hash");
    assert!(script.header("cache-control").unwrap().contains("immutable"));
    let who = world.somebody(Mode::Test, 100).await;
    world.signed_in(&who).await.get("/p").await.is(200).says("href=\"/p/home\"");
    browser.get("/p?ended").await.is(200).says("signed out");
}

async fn the_language_is_negotiated_and_remembered(world: &World) {
    let mut browser = world.browser();
    browser.headers.push(("Accept-Language".to_owned(), "de-AT,de;q=0.9".to_owned()));
    browser.get("/p").await.says("<html lang=\"de\">").says("Geheimer Hash");
    browser.get("/p?lang=es").await.says("<html lang=\"es\">");
    assert_eq!(browser.cookie("__Host-lang"), Some("es"));
    browser.get("/p").await.says("<html lang=\"es\">");
    let who = world.somebody(Mode::Test, 123_456).await;
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    browser.get("/p/home").await.says("1.234,56").says("le ha enviado dinero");
    browser.get("/p/home?lang=de").await.says("1.234,56\u{a0}$");
}

async fn what_is_not_there_is_a_page(world: &World) {
    let mut browser = world.browser();
    browser.get("/p/nothing").await.is(404).says("<h1>Nothing here</h1>");
    browser.get("/assets/style.css").await.is(404);
    let wrong = browser.post("/p", &[]).await;
    wrong.is(405).says("<h1>");
    assert_eq!(wrong.header("allow").as_deref(), Some("GET,HEAD"));
}
