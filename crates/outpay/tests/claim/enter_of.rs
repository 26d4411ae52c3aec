//! `GET /p/of/{business}`: the door of one business.

use crate::on_both_engines;
use crate::world::World;
use ledger::Mode;
use outpay::businesses;

on_both_engines! { a_business_has_a_door_of_its_own, }

async fn a_business_has_a_door_of_its_own(world: &World) {
    let who = world.somebody(Mode::Test, 5_000).await;
    world.shows(who.book, "Harbour & Pine", "").await;
    let business = businesses::id(&world.platform, who.book.business());
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
