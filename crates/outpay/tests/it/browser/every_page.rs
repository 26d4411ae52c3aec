//! Every page as its snapshot has it, with the snapshot's data: axe-core, width and weight. The other tests check
//! pages on their way (claim.rs, dashboard.rs, whole_way.rs); here are also those that no path leads to: errors,
//! revealed secrets, long lists.

use crate::browser::axe;
use crate::browser::screen::{Screen, run};
use axum::extract::Path;
use axum::response::Html;
use axum::routing::get;
use axum::{Router, http::StatusCode};
use outpay::testing::serving;
use outpay::testing::web::assets;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// Pages whose names begin with these letters: the dashboard has too many for one test's time.
type Letters = RangeInclusive<char>;
const ALL: Letters = 'a'..='z';
const FIRST: Letters = 'a'..='l';
const REST: Letters = 'm'..='z';

#[test]
fn every_page_of_the_recipient_is_accessible() {
    run(async |world: &Screen| all_of(world, "claim", (ALL, 13), WritingDirection::AsWritten).await);
}

#[test]
fn every_page_of_the_recipient_is_accessible_from_right_to_left() {
    run(async |world: &Screen| all_of(world, "claim", (ALL, 13), WritingDirection::FromRightToLeft).await);
}

#[test]
fn the_first_pages_of_the_dashboard_are_accessible() {
    run(async |world: &Screen| all_of(world, "dashboard", (FIRST, 25), WritingDirection::AsWritten).await);
}

#[test]
fn the_other_pages_of_the_dashboard_are_accessible() {
    run(async |world: &Screen| all_of(world, "dashboard", (REST, 25), WritingDirection::AsWritten).await);
}

#[test]
fn every_page_of_the_dashboard_is_accessible_from_right_to_left() {
    run(async |world: &Screen| {
        all_of(world, "dashboard", (ALL, 50), WritingDirection::FromRightToLeft).await;
    });
}

enum WritingDirection {
    AsWritten,
    FromRightToLeft,
}

#[allow(clippy::print_stdout, reason = "it says what each page weighs")]
async fn all_of(
    world: &Screen,
    face: &'static str,
    (letters, at_least): (Letters, usize),
    direction: WritingDirection,
) {
    let faces = serving::faces(world.platform.clone());
    let pages = Router::new().route("/snapshot/{name}", get(async move |name| snapshot(face, name)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let serving = tokio::spawn(async move { axum::serve(listener, faces.merge(pages)).await });
    let mut names: Vec<String> = std::fs::read_dir(folder(face))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(names.iter().all(|name| name.starts_with(|first| ALL.contains(&first))), "{names:?}");
    names.retain(|name| name.starts_with(|first| letters.contains(&first)));
    names.sort();
    assert!(names.len() >= at_least, "{names:?}");
    for name in names {
        world.browser.open(&format!("{address}/snapshot/{name}")).await;
        world.browser.find("main").await;
        match direction {
            WritingDirection::AsWritten => {
                let weight = axe::is_content(&world.browser, &name).await;
                println!("{weight:6.0} bytes: {face}/{name}");
            }
            WritingDirection::FromRightToLeft => {
                axe::is_content_from_right_to_left(&world.browser, &name).await;
            }
        }
    }
    serving.abort();
}

fn folder(face: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(face).join("snapshots")
}

/// The committed snapshot, with this build's asset addresses, and without scripts, which would request data that does
/// not exist.
fn snapshot(face: &str, Path(name): Path<String>) -> Result<Html<String>, StatusCode> {
    let page = std::fs::read_to_string(folder(face).join(name)).map_err(|_| StatusCode::NOT_FOUND)?;
    let page = page.replace("/assets/style.css", assets::url("style.css"));
    let mut parts = page.split("<script");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += part.split_once("</script>").map_or("", |(_, rest)| rest);
    }
    Ok(Html(text))
}
