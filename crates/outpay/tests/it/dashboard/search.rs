//! The search over everything, and files that have what their page shows.

use crate::dashboard::browser::{Browser, Page};
use crate::dashboard::hat::Team;
use ledger::{Actor, Command, UserStatus};
use outpay::testing::roles::Role;
use outpay::testing::search::fill;
use outpay::testing::store::SearchKind;

crate::world::on_both_engines! {
    an_id_leads_to_its_page,
    results_stand_in_groups,
    a_file_has_what_its_page_shows,
    a_page_says_what_the_search_does_not_find_yet,
}

async fn an_id_leads_to_its_page(world: &Team) {
    let business = world.reviewing_business().await;
    let elsewhere = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 10_000, Actor::NONE).await;
    let number = world.withdraw(business.live, ada, 1_000).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let mut stranger = world.member(&elsewhere, Role::Owner).await.browser;
    let key = world.platform.store.keys(business.live).await.unwrap().remove(0);
    let key = outpay::testing::api_keys::id(&world.platform, business.live, key.number);
    let request = crate::dashboard::requests::logged(world, &business).await;
    for (id, folder) in [
        (world.user_id(business.live, ada), "users"),
        (world.withdrawal_id(business.live, number), "withdrawals"),
        (key, "keys"),
        (request, "requests"),
    ] {
        let path = format!("/dashboard/search?q={id}");
        viewer.get(&path).await.leads_to(&format!("/dashboard/{folder}/{id}"));
        stranger.get(&path).await.is(200).says("Nothing matches");
    }
    let unknown = world.user_id(business.live, 99);
    viewer.get(&format!("/dashboard/search?q={unknown}")).await.is(200).says("Nothing matches");
}

async fn results_stand_in_groups(world: &Team) {
    let business = world.reviewing_business().await;
    for email in ["ada@example.com", "adam@example.com", "bob@example.com"] {
        world.give(business.live, email, 10_000, Actor::NONE).await;
    }
    world.withdraw(business.live, 1, 1_234).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let page = viewer.get("/dashboard/search?q=ADA").await;
    page.is(200)
        .says("2 recipients")
        .says("adam@example.com")
        .says("1 withdrawal<")
        .says("$12.34")
        .says_not("bob@");
    let page = viewer.get("/dashboard/search?q=12.34").await;
    page.is(200).says("1 withdrawal<").says_not("Recipients</h2>");
    viewer.get("/dashboard/search?q=first+key").await.is(200).says("API keys</h2>").says("First key");
    let last_four = &business.key[business.key.len() - 4..];
    viewer.get(&format!("/dashboard/search?q={last_four}")).await.is(200).says("First key");
    viewer.get("/dashboard/search?q=a").await.is(200).says("at least two characters");
    viewer.get("/dashboard/search").await.is(200).says_not("Nothing matches");
    viewer.post("/dashboard/mode", &[("mode", "test")]).await.is(303);
    viewer.get("/dashboard/search?q=ada").await.is(200).says("Nothing matches");
}

/// The ids on all pages of a list, from its first one on.
async fn on_pages(viewer: &mut Browser, path: &str, prefix: &str) -> Vec<String> {
    let (mut ids, mut path) = (Vec::new(), path.to_owned());
    loop {
        let page = viewer.get(&path).await;
        let body = &page.is(200).body;
        let table = body.split_once("<tbody>").map_or("", |(_, rest)| rest).split("</tbody>").next().unwrap();
        for row in table.split("<tr>").skip(1) {
            let (_, rest) = row.split_once(&format!("/{prefix}")).unwrap();
            ids.push(format!("{prefix}{}", rest.split('"').next().unwrap()));
        }
        if !body.contains("rel=\"next\"") {
            return ids;
        }
        path = next(&page);
    }
}

fn next(page: &Page) -> String {
    page.between("rel=\"next\" href=\"", "\"").replace("&#38;", "&").replace("&amp;", "&")
}

async fn a_file_has_what_its_page_shows(world: &Team) {
    let business = world.reviewing_business().await;
    for number in 1..=120 {
        let email = format!("{}{number}@example.com", if number % 3 == 0 { "=cmd" } else { "user" });
        let user = world.give(business.live, &email, 1_000 + number, Actor::NONE).await;
        if number % 2 == 0 {
            world.withdraw(business.live, user, 100 + number % 7).await;
        }
        if number % 10 == 0 {
            world.command(business.live, Command::SetStatus { user, status: UserStatus::Inactive }).await;
        }
    }
    for kind in [SearchKind::People, SearchKind::Withdrawals] {
        fill(&world.platform.store, business.live, kind).await.unwrap();
    }
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    for (path, prefix, query) in [
        ("users", "usr_", ""),
        ("users", "usr_", "q=ser1&sort=oldest"),
        ("users", "usr_", "status=inactive"),
        ("users", "usr_", "least=10.50&most=11.00"),
        ("users", "usr_", "q=none-of-them"),
        ("withdrawals", "ord_", "sort=largest"),
        ("withdrawals", "ord_", "q=user&sort=largest&state=review"),
        ("withdrawals", "ord_", "q=1.03"),
        ("withdrawals", "ord_", "q=cmd&from=2026-01-02"),
    ] {
        let shown = on_pages(&mut viewer, &format!("/dashboard/{path}?{query}"), prefix).await;
        let file = viewer.get(&format!("/dashboard/{path}/export?{query}")).await;
        let lines = file.is(200).body.lines().skip(1);
        let written: Vec<String> = lines.map(|line| line.split(',').next().unwrap().to_owned()).collect();
        assert_eq!(shown, written, "{path}?{query}");
        assert_eq!(shown.is_empty(), query.contains("none-of-them"), "{path}?{query}");
    }
    let file = viewer.get("/dashboard/users/export?q=cmd3%40").await;
    file.is(200).says(",'=cmd3@example.com,active,");
}

async fn a_page_says_what_the_search_does_not_find_yet(world: &Team) {
    let business = world.paying_business(1_000_000).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    for number in 0..70 {
        world.give(business.live, &format!("user{number}@example.com"), 1, Actor::NONE).await;
    }
    viewer.get("/dashboard/users").await.is(200).says_not("in the search yet");
    let page = viewer.get("/dashboard/users?q=user").await;
    page.is(200).says("The newest 70 recipients are not in the search yet.").says("0 recipients");
    fill(&world.platform.store, business.live, SearchKind::People).await.unwrap();
    viewer.get("/dashboard/users?q=user").await.is(200).says_not("in the search yet").says("70 recipients");
    world.give(business.live, "latest@example.com", 1, Actor::NONE).await;
    viewer.get("/dashboard/users?q=latest").await.is(200).says_not("in the search yet").says("1 recipient<");
}
