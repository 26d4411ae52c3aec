//! `outpay business origins`: the origins of pages whose scripts may call a business's hash endpoints in a browser (CORS).

use super::cli_error::CliError;
use super::installation;
use super::output;
use crate::business::{origins, settings};
use crate::platform::Platform;
use crate::store::SettingsChange;
use clap::Args;
use ledger::Actor;
use serde_json::json;

#[derive(Args)]
pub(super) struct OriginsArguments {
    /// Id or name of the business
    business: String,
    /// All origins from now on, such as https://shop.example
    #[arg(value_name = "ORIGIN")]
    origins: Vec<String>,
    /// The same in one word, separated by spaces; '' for none
    #[arg(long, value_name = "ORIGINS", conflicts_with = "origins")]
    set: Option<String>,
}

pub(super) async fn run(platform: &Platform, wanted: OriginsArguments, json: bool) -> Result<(), CliError> {
    let business = installation::business(platform, &wanted.business).await?;
    let typed = Some(wanted.origins.join(" ")).filter(|typed| !typed.is_empty());
    if let Some(text) = typed.or(wanted.set) {
        let wrong = "give at most 20 origins such as https://shop.example, separated by spaces";
        let origins = origins::allowed(text.split_whitespace());
        let origins = origins.ok_or_else(|| CliError::Usage(wrong.to_owned()))?;
        let change = SettingsChange { allowed_origins: Some(origins), ..SettingsChange::default() };
        let book = installation::book(&business, false);
        settings::change(platform, book, Actor::OPERATOR, change).await?;
    }
    let allowed = platform.store.allowed_origins(business.number).await?;
    if json {
        return output::json(&json!({ "allowed_origins": allowed }));
    }
    output::line(format_args!("{}", if allowed.is_empty() { "none".to_owned() } else { allowed.join("\n") }))
}
