//! `POST /p/sign-out`

use crate::claim::on_both_engines;
use crate::claim::world::{SESSION, World};
use ledger::Mode;

on_both_engines! { signing_out_takes_the_cookie_away, }

async fn signing_out_takes_the_cookie_away(world: &World) {
    let who = world.somebody(Mode::Test, 5_000).await;
    let mut browser = world.signed_in(&who).await;
    browser.post("/p/sign-out", &[("csrf", "wrong")]).await.leads_to("/p/home");
    assert!(browser.cookie(SESSION).is_some());
    let home = browser.get("/p/home").await;
    browser.submit(&home, "/p/sign-out", &[]).await.leads_to("/p?left");
    assert_eq!(browser.cookie(SESSION), None);
    browser.get("/p/home").await.leads_to("/p?ended");
    browser.post("/p/sign-out", &[]).await.leads_to("/p?left");
}
