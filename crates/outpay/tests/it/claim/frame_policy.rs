//! Who may show which page in a frame.

use crate::claim::browser::Browser;
use crate::claim::hat::Claim;
use crate::world::on_both_engines;
use ledger::Mode;
use outpay::testing::business;

on_both_engines! {
    a_page_is_framed_only_by_the_sites_of_its_business,
    another_business_frames_the_door_alone,
}

const NONE: &str = "'none'";

/// The page at this path may be framed by these; the browser looks at every page's policy.
async fn is_framed(browser: &mut Browser, path: &str, by: &str) {
    by.clone_into(&mut browser.may_frame);
    browser.get(path).await.says("<main");
}

async fn a_page_is_framed_only_by_the_sites_of_its_business(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let door = format!("/p/of/{}", business::id(&world.platform, who.book.business()));
    let mut browser = world.browser();
    is_framed(&mut browser, "/p", NONE).await;
    is_framed(&mut browser, &door, NONE).await;
    browser.post("/p/session", &[("hash", &who.hash)]).await.leads_to("/p/home");
    is_framed(&mut browser, "/p/home", NONE).await;
    let allowed = "https://shop.example http://localhost:3000";
    world.shows(who.book, "Harbour & Pine", allowed).await;
    for path in
        [&door, "/p", "/p/home", "/p/withdraw/sandbox", "/p/withdraw/nothing", "/p/operations/nothing"]
    {
        is_framed(&mut browser, path, allowed).await;
    }
    // A recipient who came by the link alone has no business's entrance.
    is_framed(&mut world.browser(), "/p", NONE).await;
    // Also what is no page.
    is_framed(&mut browser, "/p/sign-out", NONE).await;
    world.shows(who.book, "Harbour & Pine", "").await;
    for path in [&door, "/p", "/p/home"] {
        is_framed(&mut browser, path, NONE).await;
    }
}

async fn another_business_frames_the_door_alone(world: &Claim) {
    let (who, other) = (world.recipient(Mode::Test, 5_000).await, world.recipient(Mode::Test, 5_000).await);
    world.shows(other.book, "Other", "https://other.example").await;
    let door = format!("/p/of/{}", business::id(&world.platform, other.book.business()));
    let mut browser = world.signed_in(&who).await;
    is_framed(&mut browser, &door, "https://other.example").await;
    // The entrance of one business does not open the page of another.
    is_framed(&mut browser, "/p/home", NONE).await;
    browser.set_cookie("__Host-claim-of", "biz_nothing");
    is_framed(&mut browser, "/p", NONE).await;
}
