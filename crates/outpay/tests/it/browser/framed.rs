//! The claim page inside another site, in a browser that enforces the policy: refused unless the business allows the
//! site; then the recipient can do in the frame everything that is possible outside of it.

use crate::browser::chromium::Browser;
use crate::browser::screen::{Screen, run};
use data_encoding::BASE64;
use ledger::Actor;
use outpay::testing::business;
use outpay::testing::business::branding;
use outpay::testing::business::branding::{Branding, FrameOrigins, Logo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// 16 x 16 pixels of one colour.
const LOGO: &[u8] = b"iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAFklEQVR42mPgqo0hCTGMahjVMHw1AABdZeMB6j6YeAAAAABJRU5ErkJggg==";

#[test]
fn a_site_shows_the_page_in_a_frame_only_where_it_is_allowed() {
    run(async |world: &Screen| {
        let (book, browser) = (world.fund().await, &world.browser);
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let door = format!("{}/p/of/{}#{hash}", world.url, business::id(&world.platform, world.business));
        let site = site(framing(&door)).await;
        browser.open(&site).await;
        assert!(!shows_the_page(browser).await, "no site was allowed");
        allow(world, &site).await;
        browser.open(&site).await;
        assert!(shows_the_page(browser).await);
        browser.client.enter_frame(0).await.unwrap();
        browser.until_text("$100.00").await;
        let logo = "document.querySelector('.claim-logo').naturalWidth";
        assert_eq!(browser.evaluate(logo).await, 16, "the logo is seen");
        crate::browser::claim::withdraw(browser, "25.00").await;
        browser.until_text("The money was paid out.").await;
        assert_eq!(browser.evaluate("window.top !== window").await, true, "all of it in the frame");
        // Another site is still refused.
        let other = self::site(framing(&door)).await;
        browser.client.enter_parent_frame().await.unwrap();
        browser.open(&other).await;
        assert!(!shows_the_page(browser).await, "another port is another site");
    });
}

#[test]
fn in_a_frame_of_another_site_the_link_goes_on_in_a_tab_of_its_own() {
    run(async |world: &Screen| {
        let (book, browser) = (world.fund().await, &world.browser);
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let door = format!("{}/p/of/{}#{hash}", world.url, business::id(&world.platform, world.business));
        // Browsers do not keep a cookie of `localhost` inside a page of `127.0.0.1`.
        let site = site(framing(&door)).await.replace("localhost", "127.0.0.1");
        allow(world, &site).await;
        browser.open(&site).await;
        assert!(shows_the_page(browser).await);
        browser.client.enter_frame(0).await.unwrap();
        browser.until_text("Open in a new tab").await;
        let link = browser.evaluate("document.getElementById('own-tab').href").await;
        assert_eq!(link.as_str(), Some(door.as_str()), "the hash is not lost");
        assert_eq!(browser.evaluate("location.hash").await, "", "and does not stay in the address");
        browser.client.enter_parent_frame().await.unwrap();
        browser.open(&door).await;
        browser.until_text("$100.00").await;
    });
}

#[test]
fn the_example_shows_the_page_in_a_frame() {
    run(async |world: &Screen| {
        let (book, browser) = (world.fund().await, &world.browser);
        let hash = world.pay(book, "user@example.com", 10_000).await;
        let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/embed_claim_page.html");
        let site = site(std::fs::read_to_string(example).unwrap()).await;
        allow(world, &site).await;
        let business = business::id(&world.platform, world.business);
        browser.open(&format!("{site}/?base={}&business={business}#{hash}", world.url)).await;
        assert!(shows_the_page(browser).await);
        browser.client.enter_frame(0).await.unwrap();
        browser.until_text("$100.00").await;
        browser.client.enter_parent_frame().await.unwrap();
    });
}

async fn allow(world: &Screen, site: &str) {
    let (platform, business) = (&world.platform, world.business);
    let before = branding::of(platform, business).await.unwrap();
    let branding = Branding { frame_origins: FrameOrigins::parse(site).unwrap(), ..before };
    branding::set(platform, business, Actor::OPERATOR, &branding).await.unwrap();
    let logo = Logo::new(&BASE64.decode(LOGO).unwrap()).unwrap();
    branding::set_logo(platform, business, Actor::OPERATOR, Some(&logo)).await.unwrap();
}

/// The frame shows one of our pages, not the browser's error page for a refused one.
async fn shows_the_page(browser: &Browser) -> bool {
    browser.find("iframe").await;
    browser.client.enter_frame(0).await.unwrap();
    browser.find("body").await;
    let is_ours = browser.evaluate("document.querySelector('main#main') !== null").await == true;
    browser.client.enter_parent_frame().await.unwrap();
    is_ours
}

/// A page that shows `framed` in a frame.
fn framing(framed: &str) -> String {
    format!("<!doctype html><title>Shop</title><iframe width=800 height=900 src=\"{framed}\"></iframe>")
}

/// A site on this machine with one page; returns its origin.
async fn site(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4_096];
            let _read = stream.read(&mut head).await;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
            let _written = stream.write_all(answer.as_bytes()).await;
        }
    });
    origin
}
