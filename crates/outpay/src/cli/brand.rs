//! `outpay business brand`: name, colour, logo and support contact on the claim page, and the sites that may embed
//! it. Not here: validation (branding/).

use super::cli_error::CliError;
use super::installation;
use super::output;
use crate::business::branding;
use crate::business::branding::{Branding, Logo};
use crate::platform::Platform;
use crate::store::BrandingRow;
use clap::Args;
use ledger::Actor;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Flags of `business brand`; an absent one leaves its value unchanged.
#[derive(Args)]
pub(super) struct BrandArguments {
    /// Id or name of the business
    business: String,
    /// Name shown to recipients
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// Brand colour, for example '#4350d6'
    #[arg(long, value_name = "#RRGGBB")]
    colour: Option<String>,
    /// How to get help, in a sentence; '' for none
    #[arg(long, value_name = "TEXT")]
    support: Option<String>,
    /// Link for help, https:// or mailto:; '' for none
    #[arg(long, value_name = "URL")]
    support_url: Option<String>,
    /// Sites that may embed the page, such as 'https://shop.example', separated by spaces; '' for none
    #[arg(long, value_name = "ORIGINS")]
    frame_origins: Option<String>,
    /// Logo: PNG, JPEG or WebP, at most 32 KiB
    #[arg(long, value_name = "FILE", conflicts_with = "no_logo")]
    logo: Option<PathBuf>,
    /// Remove the logo
    #[arg(long)]
    no_logo: bool,
}

pub(super) async fn run(platform: &Platform, wanted: BrandArguments, json: bool) -> Result<(), CliError> {
    let business = installation::business(platform, &wanted.business).await?;
    let number = business.number;
    let before = branding::of(platform, number).await?;
    let logo = wanted.logo.as_deref().map(read).transpose()?;
    let or = |given: Option<String>, as_it_is: String| given.unwrap_or(as_it_is);
    let texts = before.texts();
    let texts = BrandingRow {
        display_name: or(wanted.display_name, texts.display_name),
        colour: or(wanted.colour, texts.colour),
        support: or(wanted.support, texts.support),
        support_url: or(wanted.support_url, texts.support_url),
        frame_origins: or(wanted.frame_origins, texts.frame_origins),
    };
    let shown = Branding::new(&texts).map_err(|problem| CliError::Usage(problem.to_string()))?;
    branding::set(platform, number, Actor::OPERATOR, &shown).await?;
    let texts = shown.texts();
    if logo.is_some() || wanted.no_logo {
        branding::set_logo(platform, number, Actor::OPERATOR, logo.as_ref()).await?;
    }
    let logo = branding::logo_of(platform, number).await?.map(|logo| logo.as_str().to_owned());
    if json {
        return output::json(&json!({
            "display_name": texts.display_name,
            "colour": texts.colour,
            "support": texts.support,
            "support_url": texts.support_url,
            "frame_origins": texts.frame_origins,
            "logo": logo,
        }));
    }
    output::facts([
        ("display name", texts.display_name),
        ("colour", texts.colour),
        ("support", texts.support),
        ("support URL", texts.support_url),
        ("may be framed by", texts.frame_origins),
        ("logo", logo.unwrap_or_default()),
    ])
}

fn read(path: &Path) -> Result<Logo, CliError> {
    let called = path.display();
    let bytes = std::fs::read(path).map_err(|error| CliError::Usage(format!("{called}: {error}")))?;
    Logo::new(&bytes).map_err(|problem| CliError::Usage(format!("{called}: {problem}")))
}
