//! `GET /docs`: the documentation as a page that works offline.

mod samples;

use crate::http::api::Api;

crate::world::on_both_engines! {
    status_200_every_route,
    status_200_every_link_leads_somewhere,
    status_200_from_no_other_host,
    status_304_the_client_has_it,
}

async fn status_200_every_route(world: &Api) {
    let page = world.get("/docs").send().await;
    assert_eq!(page.status, 200);
    let document = world.get("/openapi.json").send().await.value(200);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let heading = format!("<code>{} {path}</code>", method.to_uppercase());
            assert!(page.text().contains(&heading), "{heading}");
        }
    }
}

async fn status_200_from_no_other_host(world: &Api) {
    let page = world.get("/docs").send().await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with(
            "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; frame-ancestors 'none'"
        ),
        "{policy}"
    );
    // The typeface is the one file that it loads.
    let text = page.text().replacen("url(\"/assets/outpay-sans.", "", 1);
    for elsewhere in ["src=", "@import", "url(", "<script", "<link", "<iframe", "href=\"//"] {
        assert!(!text.contains(elsewhere), "{elsewhere}");
    }
    for link in text.split("href=\"").skip(1) {
        assert!(link.starts_with(['/', '#']), "{}", &link[..20]);
    }
}

async fn status_200_every_link_leads_somewhere(world: &Api) {
    let page = world.get("/docs").send().await;
    let text = page.text();
    let links: Vec<&str> =
        text.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 60, "{}", links.len());
    for link in links.iter().filter(|link| **link != "top") {
        assert_eq!(text.matches(&format!(" id=\"{link}\"")).count(), 1, "{link}");
    }
}

async fn status_304_the_client_has_it(world: &Api) {
    for path in ["/docs", "/openapi.json", "/openapi-3.0.json"] {
        let etag = world.get(path).send().await.header("etag").unwrap().to_owned();
        let again = world.get(path).header("If-None-Match", etag.as_str()).send().await;
        assert_eq!((again.status, again.text()), (304, ""), "{path}");
    }
}
