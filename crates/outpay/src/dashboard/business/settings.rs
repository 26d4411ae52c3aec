//! `/dashboard/settings`: payouts on or off, the methods with fees, limits and review
//! rules, expiry, branding and logo.

use crate::business;
use crate::business::branding;
use crate::business::branding::{Branding, Logo, LogoName};
use crate::business::origins;
use crate::business::settings;
use crate::business::settings::{CurrentSettings, MOST_DAYS, change, change_from};
use crate::dashboard::business::test_clock::{self, ClockForm};
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::uploaded::Uploaded;
use crate::dashboard::door::{amount, notice};
use crate::dashboard::money::proposals::proposed;
use crate::proposals::{self, DoneOrProposed, NewProposal, Proposed, or_propose};
use crate::roles::Permission;
use crate::store::{BrandingRow, SettingsChange};
use crate::web::form::Form;
use crate::web::page;
use crate::withdrawals::offer::standard_terms;
use axum::response::Response;
use http::StatusCode;
use ledger::{Cents, FeeRule, Mode, ReviewRule, Terms};

#[derive(askama::Template)]
#[template(path = "dashboard/business/settings.html")]
struct SettingsPage {
    frame: Frame,
    manages: bool,
    payouts_enabled: bool,
    expiry_days: Option<i64>,
    /// Origins whose scripts may call the API, with spaces between them.
    origins: String,
    /// As the form has it.
    two_people_above: String,
    methods: Vec<MethodForm>,
    /// In test mode.
    clock: Option<ClockForm>,
    /// As the form has it.
    branding: BrandingRow,
    /// Where the logo is, if there is one.
    logo: Option<String>,
    /// What a site puts into a frame, without the hash.
    door: String,
    error: Option<String>,
}

struct MethodForm {
    name: String,
    title: String,
    /// The terms that the form was made from.
    before: String,
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
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    show(StatusCode::OK, &who, None).await
}

pub(crate) async fn show(
    status: StatusCode,
    who: &SignedIn,
    error: Option<String>,
) -> Result<Response, Declined> {
    let (store, rails) = (&who.platform.store, &who.platform.rails);
    let mut set = store.all_terms(who.book).await?;
    let method = |(name, title): (String, String)| {
        let terms = set.remove(&name).unwrap_or_else(|| standard_terms(&who.platform, who.book, &name));
        method(name, title, &terms)
    };
    let names = rails.of(who.mode).map(|mounted| {
        let facts = mounted.facts();
        (facts.name.clone(), facts.title.english())
    });
    let number = who.business.number;
    let settings = SettingsPage {
        frame: Frame::new(who, "settings", "Settings"),
        manages: who.may(Permission::ManageSettings),
        payouts_enabled: who.business.payouts_enabled,
        expiry_days: store.expiry_days(who.book).await?,
        origins: store.allowed_origins(number).await?.join(" "),
        two_people_above: store.two_people_above(who.book).await?.map(amount::write).unwrap_or_default(),
        methods: names.map(method).collect(),
        clock: test_clock::form(who).await?,
        branding: branding::of(&who.platform, number).await?.texts(),
        logo: branding::logo_of(&who.platform, number).await?.as_ref().map(LogoName::path),
        door: format!("{}/p/of/{}", who.base, business::id(&who.platform, number)),
        error,
    };
    Ok(page::html(status, &settings))
}

fn method(name: String, title: String, terms: &Terms) -> MethodForm {
    let maybe = |cents: Option<Cents>| cents.map(amount::write).unwrap_or_default();
    MethodForm {
        name,
        title,
        before: settings::terms_tag(terms),
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

/// Switches payouts on or off, in both modes.
pub async fn set_payouts(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    if who.mode == Mode::Test {
        return Err(Declined::sentence(
            "This switch is for live and test mode together. Switch to live mode to use it.",
        ));
    }
    let enabled = match form.get("payouts") {
        "on" => true,
        "off" => false,
        _ => return Err(Declined::sentence("Payouts are on or off.")),
    };
    let change = SettingsChange { payouts_enabled: Some(enabled), ..SettingsChange::default() };
    settings::change(&who.platform, who.book, who.actor(), change).await?;
    let is_at_home = form.get("page") == "/dashboard";
    let mut response = page::see_other(if is_at_home { "/dashboard" } else { "/dashboard/settings" });
    notice::leave(&mut response, if enabled { "Payouts are enabled." } else { "Payouts are disabled." });
    Ok(response)
}

/// Which origins may call the hash endpoints by a script, in both modes.
pub async fn set_origins(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    if who.mode == Mode::Test {
        return Err(Declined::sentence(
            "These origins are those of live and test mode together. Switch to live mode to set them.",
        ));
    }
    if !form.has("origins") {
        return Err(Declined::sentence("Give the origins, or an empty text for none."));
    }
    let Some(origins) = origins::allowed(form.get("origins").split_whitespace()) else {
        let sentence = "The origins are at most 20 such as https://shop.example, with spaces between them.";
        return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence.to_owned())).await;
    };
    let before = form.get("origins_before").to_owned();
    let wanted = |current: &CurrentSettings| {
        // A form that was loaded earlier must not add back an origin that was removed since.
        if current.allowed_origins().join(" ") != before && current.allowed_origins() != origins {
            let sentence = "The origins were changed in the meantime. Check them again.".to_owned();
            return Err(Declined::Sentence(StatusCode::CONFLICT, sentence));
        }
        let allowed_origins = Some(origins.clone());
        Ok(SettingsChange { allowed_origins, ..SettingsChange::default() })
    };
    change_from(&who.platform, who.book, who.actor(), wanted).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

/// How many days people have to claim their money.
pub async fn set_expiry(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let days = match form.get("days") {
        "" => Some(None),
        text => text.parse().ok().filter(|days| (1..=MOST_DAYS).contains(days)).map(Some),
    };
    let Some(days) = days else {
        let sentence = format!("The days are a whole number from 1 to {MOST_DAYS}, or nothing for ever.");
        return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence)).await;
    };
    let set = SettingsChange { expiry_days: Some(days), ..SettingsChange::default() };
    if let DoneOrProposed::Proposed(_) = set_or_propose(&who, set).await? {
        return Ok(proposed());
    }
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

/// Above which amount two people are needed.
pub async fn set_two_people(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let above = match amount::read("Amount", form.get("above")) {
        Ok(above) => above,
        Err(sentence) => return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence)).await,
    };
    let set = SettingsChange { two_people_above: Some(above), ..SettingsChange::default() };
    if let DoneOrProposed::Proposed(_) = set_or_propose(&who, set).await? {
        return Ok(proposed());
    }
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

/// Sets it, or proposes it where that takes two people.
pub(crate) async fn set_or_propose(
    who: &SignedIn,
    set: SettingsChange,
) -> Result<DoneOrProposed<()>, Declined> {
    let done = change(&who.platform, who.book, who.actor(), set.clone()).await;
    let what = Proposed::Settings(Box::new(set));
    let new = NewProposal { book: who.book, what, reason: "", by: who.actor(), once: None };
    Ok(or_propose(&who.platform, new, done).await?)
}

/// Sets the terms of one method: fee, limits, review rules, offered or not. All of them, as the form shows them, so a form that
/// was loaded before another's change would undo it.
pub async fn set_method(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let name = form.get("method").to_owned();
    let mounted = who.platform.rails.get(who.mode, &name).ok_or(Declined::NotFound)?;
    let title = mounted.facts().title.english();
    let terms = match terms(&form) {
        Ok(terms) => terms,
        Err(sentence) => {
            let sentence = format!("{title}: {sentence}");
            return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(sentence)).await;
        }
    };
    let before = form.get("terms_before").to_owned();
    let wanted = |current: &CurrentSettings| {
        let set = current.methods.get(&name).ok_or(Declined::NotFound)?;
        if settings::terms_tag(set) != before && *set != terms {
            let sentence = format!("The terms of {title} were changed in the meantime. Check them again.");
            return Err(Declined::Sentence(StatusCode::CONFLICT, sentence));
        }
        let terms = vec![(name.clone(), terms.clone())];
        Ok(SettingsChange { terms, ..SettingsChange::default() })
    };
    let change = wanted(&settings::current(&who.platform, who.book).await?)?;
    if settings::takes_two(&who.platform, who.book, who.actor(), &change).await? {
        let what = Proposed::Settings(Box::new(change));
        proposals::propose(&who.platform, who.book, &what, "", who.actor()).await?;
        return Ok(proposed());
    }
    change_from(&who.platform, who.book, who.actor(), wanted).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, format!("{title} is saved."));
    Ok(response)
}

fn terms(form: &Form) -> Result<Terms, String> {
    let amount = |field: &str, name: &str| amount::read(field, form.get(name));
    let standard = Terms::default();
    let terms = Terms {
        enabled: form.has("enabled"),
        fee: FeeRule {
            fixed: amount("Fixed fee", "fee_fixed")?.unwrap_or(Cents::ZERO),
            basis_points: basis_points(form.get("fee_percent"))?,
            floor: amount("Minimum fee", "fee_floor")?.unwrap_or(Cents::ZERO),
            cap: amount("Maximum fee", "fee_cap")?,
        },
        minimum: amount("Minimum", "minimum")?.unwrap_or(standard.minimum),
        maximum: amount("Maximum", "maximum")?.unwrap_or(standard.maximum),
        review: ReviewRule {
            always: form.has("review_always"),
            above: amount("Review above", "review_above")?,
            above_per_day: amount("Review above per day", "review_above_per_day")?,
            new_destination: form.has("review_new_destination"),
        },
        daily_cap: amount("Daily cap", "daily_cap")?,
    };
    match terms.problem() {
        Some(problem) => Err(problem.to_owned()),
        None => Ok(terms),
    }
}

/// `1.5` as 150: a percentage has the two places of an amount.
fn basis_points(text: &str) -> Result<i64, String> {
    let points = amount::read("Fee", text).map_err(|_| "Fee: give a percentage, as in 1.5.".to_owned())?;
    Ok(points.map_or(0, |points| points.0))
}

/// Branding of the claim page: name, colour, support link, sites that may show it in a frame. The logo has a form of its own.
pub async fn set_branding(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let text = |name| form.get(name).to_owned();
    let texts = BrandingRow {
        display_name: text("display_name"),
        colour: text("colour"),
        support: text("support"),
        support_url: text("support_url"),
        frame_origins: text("frame_origins"),
    };
    let new = match Branding::new(&texts) {
        Ok(new) => new,
        Err(problem) => {
            return show(StatusCode::UNPROCESSABLE_ENTITY, &who, Some(problem.to_string())).await;
        }
    };
    // A form that was loaded earlier must not add back a site that was removed since.
    let (now, wanted) = (branding::of(&who.platform, who.business.number).await?, &new.frame_origins);
    if form.get("frame_origins_before") != now.frame_origins.to_string() && *wanted != now.frame_origins {
        let sentence =
            "The sites that may show the page in a frame were changed in the meantime. Check them again.";
        return show(StatusCode::CONFLICT, &who, Some(sentence.to_owned())).await;
    }
    branding::set(&who.platform, who.business.number, who.actor(), &new).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

/// Sets the logo that people see on the claim page, or takes it away.
pub async fn set_logo(uploaded: Uploaded) -> Result<Response, Declined> {
    let who = &uploaded.who;
    let new = if uploaded.has("remove") {
        None
    } else {
        match Logo::new(uploaded.bytes()) {
            Ok(logo) => Some(logo),
            Err(problem) => {
                return show(StatusCode::UNPROCESSABLE_ENTITY, who, Some(problem.to_string())).await;
            }
        }
    };
    branding::set_logo(&who.platform, who.business.number, who.actor(), new.as_ref()).await?;
    let mut response = page::see_other("/dashboard/settings");
    notice::leave(&mut response, "Saved.");
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_settings() {
        let terms = Terms { enabled: true, daily_cap: Some(Cents(1_000_000)), ..Terms::default() };
        snapshot(
            "settings",
            &SettingsPage {
                frame: Frame { test_mode: true, ..Frame::sample("settings", "Settings") },
                manages: true,
                payouts_enabled: false,
                expiry_days: Some(90),
                origins: "https://shop.example".to_owned(),
                two_people_above: "500.00".to_owned(),
                methods: vec![method("sandbox".to_owned(), "Sandbox".to_owned(), &terms)],
                clock: Some(ClockForm {
                    now: 1_767_323_045_000_000,
                    ahead: "3 days, 01:00:00".to_owned(),
                    once: "5f2c9a1b7d3e4f60815a2b3c4d5e6f70".to_owned(),
                }),
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
            },
        );
    }
}
