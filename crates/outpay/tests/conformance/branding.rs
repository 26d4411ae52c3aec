//! Branding: kept per business, set as a whole.

use crate::on_both_engines;
use crate::world::World;
use outpay::store::BrandingRow;

on_both_engines! {
    branding_comes_back_as_it_was_set,
    nobody_brands_a_business_that_is_not_there,
}

fn row(name: &str) -> BrandingRow {
    BrandingRow {
        display_name: name.to_owned(),
        colour: "#0a7d5c".to_owned(),
        support: "Write to us: ¡hola!".to_owned(),
        support_url: "https://example.com/help".to_owned(),
    }
}

async fn branding_comes_back_as_it_was_set(world: &World) {
    let store = &world.store;
    let first = world.book("First").await.business();
    let second = world.book("Second").await.business();
    assert_eq!(store.branding(first).await.unwrap(), None);
    store.set_branding(first, &row("Ünique")).await.unwrap();
    assert_eq!(store.branding(first).await.unwrap(), Some(row("Ünique")));
    assert_eq!(store.branding(second).await.unwrap(), None);
    let plain = BrandingRow { support: String::new(), support_url: String::new(), ..row("Plain") };
    store.set_branding(first, &plain).await.unwrap();
    assert_eq!(store.branding(first).await.unwrap(), Some(plain));
}

async fn nobody_brands_a_business_that_is_not_there(world: &World) {
    assert!(world.store.set_branding(99, &row("Nobody")).await.is_err());
    assert_eq!(world.store.branding(99).await.unwrap(), None);
}
