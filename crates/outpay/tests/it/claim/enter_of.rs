//! `GET /p/of/{business}`: the door of one business.

use crate::claim::on_both_engines;
use crate::claim::world::World;
use ledger::Mode;
use outpay::business;

on_both_engines! {
    a_business_has_a_door_of_its_own,
    whoever_came_by_a_door_leaves_by_it,
}

async fn a_business_has_a_door_of_its_own(world: &World) {
    let who = world.somebody(Mode::Test, 5_000).await;
    world.shows(who.book, "Harbour & Pine", "").await;
    let business = business::id(&world.platform, who.book.business());
    let mut browser = world.browser();
    let door = browser.get(&format!("/p/of/{business}")).await;
    door.is(200).says("Harbour &#38; Pine").says("/p/colour/ffd400.css").says("action=\"/p/session\"");
    door.says(&format!("href=\"/p/of/{business}?lang=de\""));
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    browser.get("/p/home").await.is(200).says("Harbour &#38; Pine");
    for nobody in
        ["biz_00000000-0000-8000-8000-000000000000", "1", "Shop%200", "%00", &business.to_uppercase()]
    {
        browser.get(&format!("/p/of/{nobody}")).await.is(404);
    }
}

async fn whoever_came_by_a_door_leaves_by_it(world: &World) {
    let (who, other) = (world.somebody(Mode::Test, 5_000).await, world.somebody(Mode::Test, 5_000).await);
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
