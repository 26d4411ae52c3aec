//! `GET /p/logo/{name}`
//! `GET /p/colour/{name}`

use crate::claim::hat::Claim;
use crate::world::on_both_engines;
use ledger::{Actor, Mode};
use outpay::testing::business::branding;
use outpay::testing::business::branding::Logo;

on_both_engines! {
    a_logo_stands_in_the_initials_place,
    only_a_logo_is_served,
    only_a_colour_has_a_style_sheet,
}

/// The head of a WebP of 64 x 32 pixels, which happens to be text.
const IMAGE: &str = "RIFF\x22\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x3f\0\0\x1f\0\0VP8 \x04\0\0\0abcd";

async fn a_logo_stands_in_the_initials_place(world: &Claim) {
    let who = world.recipient(Mode::Test, 5_000).await;
    let business = who.book.business();
    let mut browser = world.signed_in(&who).await;
    browser.get("/p/home").await.says("class=\"claim-mark\"").says_not("/p/logo/");
    let logo = Logo::new(IMAGE.as_bytes()).unwrap();
    branding::set_logo(&world.platform, business, Actor::OPERATOR, Some(&logo)).await.unwrap();
    let path = logo.name().path();
    browser.get("/p/home").await.says_not("claim-mark").says(&format!("src=\"{path}\" alt=\"\""));
    let served = world.browser().get(&path).await;
    assert_eq!(served.is(200).body, IMAGE);
    assert_eq!(served.header("content-type").as_deref(), Some("image/webp"));
    assert_eq!(served.header("x-content-type-options").as_deref(), Some("nosniff"));
    assert_eq!(
        served.header("content-security-policy").as_deref(),
        Some("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox")
    );
    assert!(served.header("cache-control").unwrap().contains("immutable"));
    branding::set_logo(&world.platform, business, Actor::OPERATOR, None).await.unwrap();
    browser.get("/p/home").await.says_not("/p/logo/");
    browser.get(&path).await.is(404);
}

async fn only_a_logo_is_served(world: &Claim) {
    let mut browser = world.browser();
    for name in ["0123456789abcdef0123456789abcdef.png", "logo.png", "0.svg", "%00.png", "..%2f..%2fetc"] {
        browser.get(&format!("/p/logo/{name}")).await.is(404);
    }
}

async fn only_a_colour_has_a_style_sheet(world: &Claim) {
    let mut browser = world.browser();
    let sheet = browser.get("/p/colour/ffd400.css").await;
    sheet.is(200).says("--accent:#ffd400").says("--on-accent:#000000").says("prefers-color-scheme:dark");
    assert_eq!(sheet.header("content-type").as_deref(), Some("text/css; charset=utf-8"));
    assert!(sheet.header("cache-control").unwrap().contains("immutable"));
    for name in ["FFD400.css", "ffd400", "fff.css", "ffd400%3B%7D.css", "red.css"] {
        browser.get(&format!("/p/colour/{name}")).await.is(404);
    }
}
