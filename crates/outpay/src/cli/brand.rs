//! `outpay business brand`: the name, colour and help that people see on the claim page. Not here: what will do
//! (branding.rs of the crate).

use super::installation;
use super::output;
use super::stop::Stop;
use crate::branding::{self, Branding};
use crate::platform::Platform;
use clap::Args;
use serde_json::json;

/// The flags of `business brand`; one that is left out leaves its value as it is.
#[derive(Args)]
pub(super) struct Arguments {
    /// Its id or name
    business: String,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Its colour, for example '#4350d6'
    #[arg(long, value_name = "#RRGGBB")]
    colour: Option<String>,
    /// How to get help, in a sentence; '' for none
    #[arg(long, value_name = "TEXT")]
    support: Option<String>,
    /// Where to get help, https:// or mailto:; '' for none
    #[arg(long, value_name = "URL")]
    support_url: Option<String>,
}

pub(super) async fn run(platform: &Platform, wanted: Arguments, json: bool) -> Result<(), Stop> {
    let business = installation::business(platform, &wanted.business).await?;
    let mut shown = branding::of(platform, business.number).await?;
    let given = [&wanted.display_name, &wanted.colour, &wanted.support, &wanted.support_url];
    if given.iter().any(|value| value.is_some()) {
        let colour = shown.colour.to_string();
        let new = Branding::new(
            wanted.display_name.as_deref().unwrap_or(&shown.display_name),
            wanted.colour.as_deref().unwrap_or(&colour),
            wanted.support.as_deref().unwrap_or(&shown.support),
            wanted.support_url.as_deref().unwrap_or(&shown.support_url),
        );
        shown = new.map_err(|problem| Stop::Usage(problem.to_string()))?;
        branding::set(platform, business.number, &shown).await?;
    }
    if json {
        return output::json(&json!({
            "display_name": shown.display_name,
            "colour": shown.colour.to_string(),
            "support": shown.support,
            "support_url": shown.support_url,
        }));
    }
    output::facts([
        ("display name", shown.display_name),
        ("colour", shown.colour.to_string()),
        ("support", shown.support),
        ("support URL", shown.support_url),
    ])
}
