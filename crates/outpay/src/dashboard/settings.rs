//! `/dashboard/settings`: payouts on or off, the methods with fees, limits and review
//! rules, expiry, branding and logo.

use super::amount;
use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::branding::{self, LogoName};
use crate::businesses;
use crate::members::Permission;
use crate::store::BrandingRow;
use crate::web::page;
use crate::withdrawals::offer::standard_terms;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, Mode, Terms};

#[derive(askama::Template)]
#[template(path = "dashboard/settings.html")]
struct SettingsPage {
    frame: Frame,
    manages: bool,
    payouts_enabled: bool,
    expiry_days: Option<i64>,
    methods: Vec<Method>,
    /// As the form has it.
    branding: BrandingRow,
    /// Where the logo is, if there is one.
    logo: Option<String>,
    /// What a site puts into a frame, without the hash.
    door: String,
    error: Option<String>,
}

struct Method {
    name: String,
    title: String,
    enabled: bool,
    fee_fixed: String,
    fee_percent: String,
    fee_floor: String,
    fee_cap: String,
    minimum: String,
    maximum: String,
    daily_cap: String,
    review_always: bool,
    review_above: String,
    review_above_per_day: String,
    review_new_destination: bool,
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    show(StatusCode::OK, &who, None).await
}

pub(super) async fn show(
    status: StatusCode,
    who: &SignedIn,
    error: Option<String>,
) -> Result<Response, Stop> {
    let (store, rails) = (&who.platform.store, &who.platform.rails);
    let mut set = store.all_terms(who.book).await?;
    let method = |(name, title): (String, String)| {
        let terms = set.remove(&name).unwrap_or_else(|| standard_terms(who.mode));
        method(name, title, &terms)
    };
    let names = rails.of(who.mode).map(|mounted| {
        let facts = mounted.facts();
        (facts.name.clone(), facts.title.clone())
    });
    let number = who.business.number;
    let settings = SettingsPage {
        frame: Frame::new(who, "settings", "Settings"),
        manages: who.may(Permission::ManageSettings),
        payouts_enabled: who.business.payouts_enabled,
        expiry_days: store.expiry_days(who.book).await?,
        methods: names.map(method).collect(),
        branding: branding::of(&who.platform, number).await?.texts(),
        logo: branding::logo_of(&who.platform, number).await?.as_ref().map(LogoName::path),
        door: format!("{}/p/of/{}", who.base, businesses::id(&who.platform, number)),
        error,
    };
    Ok(page::html(status, &settings))
}

fn method(name: String, title: String, terms: &Terms) -> Method {
    let maybe = |cents: Option<Cents>| cents.map(amount::write).unwrap_or_default();
    Method {
        name,
        title,
        enabled: terms.enabled,
        fee_fixed: amount::write(terms.fee.fixed),
        fee_percent: format!("{}.{:02}", terms.fee.basis_points / 100, terms.fee.basis_points % 100),
        fee_floor: amount::write(terms.fee.floor),
        fee_cap: maybe(terms.fee.cap),
        minimum: amount::write(terms.minimum),
        maximum: amount::write(terms.maximum),
        daily_cap: maybe(terms.daily_cap),
        review_always: terms.review.always,
        review_above: maybe(terms.review.above),
        review_above_per_day: maybe(terms.review.above_per_day),
        review_new_destination: terms.review.new_destination,
    }
}

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let terms = Terms { daily_cap: Some(Cents(1_000_000)), ..standard_terms(Mode::Test) };
    super::sample(&SettingsPage {
        frame: Frame { test_mode: true, ..Frame::sample("settings", "Settings") },
        manages: true,
        payouts_enabled: false,
        expiry_days: Some(90),
        methods: vec![method("sandbox".to_owned(), "Sandbox".to_owned(), &terms)],
        branding: BrandingRow {
            display_name: "Acme".to_owned(),
            colour: "#4350d6".to_owned(),
            support: "Write to us, we answer within a day.".to_owned(),
            support_url: "mailto:help@example.com".to_owned(),
            frame_origins: "https://shop.example".to_owned(),
        },
        logo: None,
        door: "https://pay.example.com/p/of/biz_0d7f0f0e-6523-8cc2-be87-1cd614a4491a".to_owned(),
        error: None,
    })
}
