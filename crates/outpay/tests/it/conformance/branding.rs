//! Branding: stored per business, replaced as a whole; logos, found by name.

use crate::conformance::bare_store::{BareStore, Engine};
use crate::conformance::members::entry;
use crate::conformance::on_both_engines;
use ledger::Actor;
use outpay::testing::store::{AuditFilter, BrandingRow, NewAuditEntry};

on_both_engines! {
    branding_comes_back_as_it_was_set,
    branding_of_an_unknown_business_is_refused,
    a_logo_is_found_by_its_name,
    each_change_comes_with_its_entry,
    a_failure_tells_nothing_of_a_row,
}

fn row(name: &str) -> BrandingRow {
    BrandingRow {
        display_name: name.to_owned(),
        colour: "#0a7d5c".to_owned(),
        support: "Write to us: ¡hola!".to_owned(),
        support_url: "https://example.com/help".to_owned(),
        frame_origins: "https://shop.example https://b.example:8443".to_owned(),
    }
}

async fn branding_comes_back_as_it_was_set(world: &BareStore) {
    let store = &world.store;
    let first = world.book("First").await.business();
    let second = world.book("Second").await.business();
    assert_eq!(store.branding(first).await.unwrap(), None);
    store.set_branding(first, &row("Ünique"), &change(first)).await.unwrap();
    assert_eq!(store.branding(first).await.unwrap(), Some(row("Ünique")));
    assert_eq!(store.branding(second).await.unwrap(), None);
    let plain = BrandingRow { support: String::new(), support_url: String::new(), ..row("Plain") };
    store.set_branding(first, &plain, &change(first)).await.unwrap();
    assert_eq!(store.branding(first).await.unwrap(), Some(plain));
}

async fn branding_of_an_unknown_business_is_refused(world: &BareStore) {
    let store = &world.store;
    assert!(store.set_branding(99, &row("Nobody"), &change(99)).await.is_err());
    assert_eq!(store.branding(99).await.unwrap(), None);
    assert!(store.set_logo(99, Some(("a.png", b"a")), &change(99)).await.is_err());
    assert_eq!(store.logo("a.png").await.unwrap(), None);
}

fn change(business: i64) -> NewAuditEntry {
    entry(business, "changed", Actor(5))
}

async fn a_logo_is_found_by_its_name(world: &BareStore) {
    let store = &world.store;
    let (first, second) = (world.book("First").await.business(), world.book("Second").await.business());
    assert_eq!(store.logo_name(first).await.unwrap(), None);
    let largest = vec![0xff; outpay::testing::business::branding::LARGEST_LOGO];
    for business in [first, second] {
        store.set_logo(business, Some(("a.png", &largest)), &change(business)).await.unwrap();
        assert_eq!(store.logo_name(business).await.unwrap().as_deref(), Some("a.png"));
    }
    assert_eq!(store.logo("a.png").await.unwrap(), Some(largest), "once, though two have it");
    store.set_logo(first, Some(("b.png", b"\0b")), &change(first)).await.unwrap();
    store.set_logo(second, None, &change(second)).await.unwrap();
    assert_eq!(store.logo_name(first).await.unwrap().as_deref(), Some("b.png"));
    assert_eq!(store.logo_name(second).await.unwrap(), None);
    assert_eq!(store.logo("a.png").await.unwrap(), None, "no business uses it any more");
    assert_eq!(store.logo("b.png").await.unwrap().as_deref(), Some(&b"\0b"[..]));
}

/// Failures are logged, and rows contain addresses and destinations.
async fn a_failure_tells_nothing_of_a_row(world: &BareStore) {
    let business = world.book("First").await.business();
    let nothing: Option<(&str, &[u8])> = Some(("of-one-row-alone", b""));
    let failure = world.store.set_logo(business, nothing, &change(business)).await.unwrap_err();
    let told = format!("{failure:#} {failure:?}");
    assert!(!told.contains("of-one-row-alone"), "{told}");
    if world.engine() == Engine::Postgres {
        assert!(told.contains("23514") && told.contains("logo_image_check"), "what failed is told: {told}");
    }
}

async fn each_change_comes_with_its_entry(world: &BareStore) {
    let (store, business) = (&world.store, world.book("First").await.business());
    let (actors, before, limit) = ((i64::MIN, i64::MAX), i64::MAX, 100);
    let filter = AuditFilter { business, actors, action: String::new(), before, limit };
    // An entry that cannot be written rolls the change back.
    assert!(store.set_branding(business, &row("Lost"), &change(99)).await.is_err());
    assert!(store.set_logo(business, Some(("a.png", b"a")), &change(99)).await.is_err());
    assert_eq!(store.branding(business).await.unwrap(), None);
    assert_eq!(store.logo_name(business).await.unwrap(), None);
    store.set_branding(business, &row("Kept"), &change(business)).await.unwrap();
    store.set_logo(business, Some(("a.png", b"a")), &change(business)).await.unwrap();
    store.set_logo(business, None, &change(business)).await.unwrap();
    assert_eq!(store.audit_log(&filter).await.unwrap().len(), 3);
}
