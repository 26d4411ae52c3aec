//! `GET /p/colour/{name}`

use crate::claim::on_both_engines;
use crate::claim::world::World;

on_both_engines! { only_a_colour_has_a_style_sheet, }

async fn only_a_colour_has_a_style_sheet(world: &World) {
    let mut browser = world.browser();
    let sheet = browser.get("/p/colour/ffd400.css").await;
    sheet.is(200).says("--accent:#ffd400").says("--on-accent:#000000").says("prefers-color-scheme:dark");
    assert_eq!(sheet.header("content-type").as_deref(), Some("text/css; charset=utf-8"));
    assert!(sheet.header("cache-control").unwrap().contains("immutable"));
    for name in ["FFD400.css", "ffd400", "fff.css", "ffd400%3B%7D.css", "red.css"] {
        browser.get(&format!("/p/colour/{name}")).await.is(404);
    }
}
