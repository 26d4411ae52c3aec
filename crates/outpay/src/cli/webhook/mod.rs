//! `outpay webhook`: a business's webhook and its deliveries, for the operator. Not here: what is sent and when
//! (webhooks/), how it is printed (print.rs). Token and secret are printed only by the command that creates them.

mod guard_flags;
mod print;

pub(super) use guard_flags::GuardFlags;
pub(super) use print::trial as print_trial;

use super::cli_error::CliError;
use super::input::span;
use super::installation::{self, Installation};
use super::output;
use crate::audit_log;
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::precondition::Precondition;
use crate::rails::SAMPLE_BY_HAND;
use crate::store::DeliveryState;
use crate::webhook_event;
use crate::webhook_event::EventSet;
use crate::webhooks::{EndpointChange, Sample, Schedule, WebhookError, WhichEndpoint};
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, EntryKind, Micros, Provider};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct WebhookArguments {
    #[command(subcommand)]
    verb: WebhookCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

/// The book whose webhook is meant.
#[derive(Args)]
pub(super) struct WebhookOwner {
    /// Id or name of the business
    business: String,
    /// Use the test book
    #[arg(long)]
    test: bool,
}

/// The webhook that is meant.
#[derive(Args)]
struct WhichWebhook {
    #[command(flatten)]
    owner: WebhookOwner,
    /// Id of the webhook: whe_…; otherwise the primary one
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// The same
    #[arg(long, value_name = "ID", conflicts_with = "id")]
    webhook: Option<String>,
}

/// The same where the place after the business is the URL's.
#[derive(Args)]
struct WebhookToSet {
    #[command(flatten)]
    owner: WebhookOwner,
    /// Id of the webhook: whe_…; otherwise the primary one
    #[arg(long, value_name = "ID")]
    webhook: Option<String>,
}

/// What is configured.
#[derive(Args)]
struct WebhookSettings {
    /// URL of the receiver, as in https://example.com/webhooks
    #[arg(value_name = "URL")]
    receiver: Option<String>,
    /// The same
    #[arg(long, conflicts_with = "receiver")]
    url: Option<String>,
    /// What it is for, in your words
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Events, as in payout.succeeded,payout.returned; all: the five documented ones
    #[arg(long, value_delimiter = ',', value_name = "EVENT")]
    events: Vec<String>,
    /// How often a delivery is tried: standard (four times) or extended (for up to 3 days)
    #[arg(long, value_parser = schedule)]
    schedule: Option<Schedule>,
    /// Switch it on
    #[arg(long, conflicts_with = "off")]
    on: bool,
    /// Switch it off; events that happen while it is off are never delivered
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    guard: GuardFlags,
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// List the webhooks, oldest first
    List {
        #[command(flatten)]
        whose: WebhookOwner,
    },
    /// Show the URL and the events of a webhook
    Show {
        #[command(flatten)]
        which: WhichWebhook,
    },
    /// Configure a webhook; the first time prints its token and secret, which are not shown again
    Set {
        #[command(flatten)]
        which: WebhookToSet,
        #[command(flatten)]
        settings: WebhookSettings,
    },
    /// Create one more webhook and print its token and secret, which are not shown again
    Add {
        #[command(flatten)]
        whose: WebhookOwner,
        #[command(flatten)]
        settings: WebhookSettings,
    },
    /// Delete a webhook; what waits to be delivered there is not delivered any more
    Delete {
        #[command(flatten)]
        whose: WebhookOwner,
        /// Id of the webhook: whe_…
        webhook: String,
    },
    /// Create a new token and secret and print them
    Roll {
        #[command(flatten)]
        which: WhichWebhook,
        /// How long the old ones keep signing, the new ones beside them, as in 24h; by default they end at once
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "0s")]
        overlap: Micros,
    },
    /// Let the new token and secret of a roll sign alone from now on
    Switch {
        #[command(flatten)]
        which: WhichWebhook,
    },
    /// Send an invented event now and print the response; exit 1 unless it was delivered
    Test {
        #[command(flatten)]
        which: WhichWebhook,
        /// Event to send
        #[arg(long, value_name = "EVENT", default_value = "payout.succeeded", value_parser = event_name)]
        event: EntryKind,
        /// Provider whose shape it has
        #[arg(long, value_name = "PROVIDER", default_value = SAMPLE_BY_HAND.word(), value_parser = provider)]
        provider: Provider,
        #[command(flatten)]
        guard: GuardFlags,
    },
    /// List deliveries, newest first
    Deliveries {
        #[command(flatten)]
        whose: WebhookOwner,
        /// Only pending, delivered, failed or superseded ones
        #[arg(long, value_parser = state)]
        status: Option<DeliveryState>,
        /// Largest number to list
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Retry a failed or superseded delivery
    Retry {
        #[command(flatten)]
        whose: WebhookOwner,
        /// Id of the delivery: whd_…
        delivery: String,
    },
    /// Retry all deliveries that failed since a time
    Replay {
        #[command(flatten)]
        whose: WebhookOwner,
        /// Time, as in 2026-01-02T03:04:05Z
        #[arg(value_name = "TIME", value_parser = moment, required_unless_present = "since")]
        time: Option<Micros>,
        /// The same
        #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "time")]
        since: Option<Micros>,
    },
}

pub(super) async fn run(
    arguments: WebhookArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        WebhookCommand::List { whose } => {
            let found = platform.webhooks.endpoints(whose.book(&platform).await?).await?;
            print::endpoints(&platform, &found, json)?;
        }
        WebhookCommand::Show { which } => {
            let which = which.find(&platform).await?;
            print::endpoint(&platform, platform.webhooks.endpoint(which).await?.as_ref(), false, json)?;
        }
        WebhookCommand::Set { which, settings } => {
            let which = which.owner.webhook(&platform, which.webhook.as_ref()).await?;
            let (platform, change) = settings.change(platform)?;
            let (endpoint, is_new) = platform.webhooks.set_endpoint(which, Actor::OPERATOR, &change).await?;
            print::endpoint(&platform, Some(&endpoint), is_new, json)?;
        }
        WebhookCommand::Add { whose, settings } => {
            let book = whose.book(&platform).await?;
            let (platform, change) = settings.change(platform)?;
            let added = platform.webhooks.create_endpoint(book, Actor::OPERATOR, &change, None).await?;
            print::endpoint(&platform, Some(&added.0), true, json)?;
        }
        WebhookCommand::Delete { whose, webhook } => {
            let key = platform.webhooks.endpoint_of_id(whose.book(&platform).await?, &webhook)?;
            platform.webhooks.delete_endpoint(key, Actor::OPERATOR).await?;
            print::deleted(&webhook, json)?;
        }
        WebhookCommand::Roll { which, overlap } => {
            let which = which.find(&platform).await?;
            let (endpoint, _) =
                platform.webhooks.roll_endpoint(which, Actor::OPERATOR, overlap, None).await?;
            print::endpoint(&platform, Some(&endpoint), true, json)?;
        }
        WebhookCommand::Switch { which } => {
            let which = which.find(&platform).await?;
            let endpoint = platform.webhooks.switch_endpoint(which, Actor::OPERATOR).await?;
            print::endpoint(&platform, Some(&endpoint), false, json)?;
        }
        WebhookCommand::Test { which, event, provider, guard } => {
            let which = which.find(&platform).await?;
            let sample = Sample { kind: event, provider };
            return print::trial(&guard.applied_to(platform), which, sample, json).await;
        }
        command => log(command, &platform, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The commands about deliveries.
async fn log(command: WebhookCommand, platform: &Platform, json: bool) -> Result<(), CliError> {
    match command {
        WebhookCommand::Deliveries { whose, status, limit } => {
            let book = whose.book(platform).await?;
            let found = platform.store.deliveries(book, status, None, limit).await?;
            print::deliveries(platform, book, &found, json)?;
        }
        WebhookCommand::Retry { whose, delivery } => {
            let book = whose.book(platform).await?;
            let retried = platform.webhooks.retry_delivery(book, &delivery).await?;
            note(platform, book, "webhook.retried", &delivery, &json!({})).await?;
            print::deliveries(platform, book, &[retried], json)?;
        }
        WebhookCommand::Replay { whose, time, since } => {
            let book = whose.book(platform).await?;
            let since = time.or(since).unwrap_or_default();
            let replayed = platform.webhooks.replay_deliveries(book, since).await?;
            let detail = json!({ "since": rfc3339(since), "deliveries": replayed });
            note(platform, book, "webhook.replayed", "", &detail).await?;
            if json {
                output::json(&json!({ "replayed": replayed }))?;
            } else {
                output::line(format_args!("{replayed} deliveries will be tried again."))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Writes an entry of the operator to the business's audit log.
async fn note(
    platform: &Platform,
    book: BookId,
    action: &'static str,
    subject: &str,
    detail: &Value,
) -> Result<(), CliError> {
    let entry = audit_log::in_book(platform, book, Actor::OPERATOR, action, subject, detail);
    Ok(audit_log::write(platform, entry).await?)
}

impl WebhookOwner {
    pub(super) async fn book(&self, platform: &Platform) -> Result<BookId, CliError> {
        let business = installation::business(platform, &self.business).await?;
        Ok(installation::book(&business, self.test))
    }

    /// The webhook with this id, or the primary one.
    async fn webhook(&self, platform: &Platform, id: Option<&String>) -> Result<WhichEndpoint, CliError> {
        let book = self.book(platform).await?;
        Ok(match id {
            None => book.into(),
            Some(id) => platform.webhooks.endpoint_of_id(book, id)?.into(),
        })
    }
}

impl WhichWebhook {
    async fn find(&self, platform: &Platform) -> Result<WhichEndpoint, CliError> {
        self.owner.webhook(platform, self.id.as_ref().or(self.webhook.as_ref())).await
    }
}

impl WebhookSettings {
    /// The change, and the platform with the guard for it.
    fn change(self, platform: Platform) -> Result<(Platform, EndpointChange), CliError> {
        let enabled = (self.on || self.off).then_some(self.on);
        let (url, description) = (self.receiver.or(self.url), self.description);
        let events = chosen(&self.events)?;
        let (schedule, condition) = (self.schedule, Precondition::None);
        let change = EndpointChange { url, description, enabled, events, schedule, condition };
        Ok((self.guard.applied_to(platform), change))
    }
}

fn chosen(names: &[String]) -> Result<Option<EventSet>, CliError> {
    if names.is_empty() {
        return Ok(None);
    }
    let all = webhook_event::names();
    let names: Vec<&str> =
        if names == ["all"] { all.clone() } else { names.iter().map(String::as_str).collect() };
    let known = [all.clone(), webhook_event::further_names()].concat().join(", ");
    let sentence = || format!("--events takes all, for the first five of these, or any of them: {known}");
    EventSet::of_names(names).map(Some).ok_or_else(|| CliError::Usage(sentence()))
}

pub(super) fn event_name(text: &str) -> Result<EntryKind, String> {
    webhook_event::from_name(text)
        .ok_or_else(|| format!("give one of: {}", webhook_event::names().join(", ")))
}

pub(super) fn provider(word: &str) -> Result<Provider, String> {
    Provider::from_word(word)
        .ok_or_else(|| format!("give one of: {}", Provider::ALL.map(Provider::word).join(", ")))
}

fn schedule(word: &str) -> Result<Schedule, String> {
    Schedule::from_word(word).ok_or_else(|| "give standard or extended".to_owned())
}

fn state(text: &str) -> Result<DeliveryState, String> {
    DeliveryState::from_word(text).ok_or_else(|| "give pending, delivered, failed or superseded".to_owned())
}

pub(super) fn moment(text: &str) -> Result<Micros, String> {
    let time: Option<jiff::Timestamp> = text.parse().ok();
    time.map(jiff::Timestamp::as_microsecond)
        .ok_or_else(|| "give a time as in 2026-01-02T03:04:05Z".to_owned())
}

impl From<WebhookError> for CliError {
    fn from(error: WebhookError) -> Self {
        match error {
            WebhookError::Failure(failure) => Self::Failed(failure),
            WebhookError::Url(_)
            | WebhookError::UrlIsMissing
            | WebhookError::DescriptionIsTooLong
            | WebhookError::OverlapIsTooLong => Self::Usage(error.to_string()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}
