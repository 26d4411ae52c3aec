//! `outpay key`: API keys. A key's text is printed once, by the command that creates it.

use super::cli_error::CliError;
use super::input::{cents, networks, span};
use super::installation::{self, Installation};
use super::output;
use crate::api_keys;
use crate::api_keys::{KeyOrder, MadeKey};
use crate::clock::rfc3339;
use crate::key_limits::KeyLimits;
use crate::networks::Networks;
use crate::platform::Platform;
use crate::scopes::{Scope, Scopes};
use crate::store::{ApiKey, CredentialKind};
use clap::{Args, Subcommand};
use ledger::{Actor, BookId, Ceilings, Cents, Micros, Mode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::ExitCode;
use std::sync::Arc;

#[derive(Args)]
pub(super) struct KeyArguments {
    #[command(subcommand)]
    verb: KeyCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum KeyCommand {
    /// Create a key and print it; it is not shown again
    Create(NewKeyArguments),
    /// List a business's keys of both modes
    List {
        /// Id or name of the business
        business: String,
    },
    /// Create a key that replaces another one, and print it
    Roll {
        /// Id of the old key: key_…
        key: String,
        /// How long the old key keeps working, as in 24h; by default it ends at once
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "0s")]
        overlap: Micros,
    },
    /// Revoke a key at once
    Revoke {
        /// Id of the key: key_…
        key: String,
    },
}

#[derive(Args)]
struct NewKeyArguments {
    /// Id or name of the business
    business: String,
    /// Create a public key instead of a secret one
    #[arg(long)]
    public: bool,
    /// Create it for the test book
    #[arg(long)]
    test: bool,
    /// What the key is for
    #[arg(value_name = "NAME")]
    purpose: Option<String>,
    /// The same
    #[arg(long, value_name = "TEXT", conflicts_with = "purpose")]
    name: Option<String>,
    /// Time until it expires, as in 12h or 30d [default: never]
    #[arg(long, value_name = "TIME", value_parser = span)]
    expires_in: Option<Micros>,
    /// Address or network that may use it, as in 203.0.113.7 or 10.0.0.0/8 (repeatable)
    #[arg(long, value_name = "ADDRESS", value_parser = networks)]
    allow: Vec<Networks>,
    /// What it may do, as in payouts:write or users:read (repeatable) [default: everything]
    #[arg(long, value_name = "SCOPE", value_parser = Scope::parse)]
    scope: Vec<Scope>,
    /// Largest payout, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    max_amount: Option<Cents>,
    /// The most that one request may pay, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    max_request: Option<Cents>,
    /// The most that it may pay on one UTC day, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    max_day: Option<Cents>,
    /// The most that it may pay to one recipient on one UTC day, in cents
    #[arg(long, value_name = "CENTS", value_parser = cents)]
    max_recipient_day: Option<Cents>,
}

impl NewKeyArguments {
    async fn order(self, platform: &Platform) -> Result<KeyOrder, CliError> {
        let business = installation::business(platform, &self.business).await?;
        let limits = KeyLimits {
            allowed: Networks::join(&self.allow)?.map(Arc::new),
            max_amount: self.max_amount,
            ceilings: Ceilings {
                per_request: self.max_request,
                per_day: self.max_day,
                per_recipient_day: self.max_recipient_day,
            },
            scopes: if self.scope.is_empty() { Scopes::ALL } else { Scopes::of(&self.scope) },
        };
        Ok(KeyOrder {
            book: installation::book(&business, self.test),
            kind: if self.public { CredentialKind::PublicKey } else { CredentialKind::SecretKey },
            name: self.purpose.or(self.name).unwrap_or_default(),
            expires_in: self.expires_in,
            limits,
            family: None,
            budget: None,
        })
    }
}

pub(super) async fn run(arguments: KeyArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        KeyCommand::Create(arguments) => {
            let order = arguments.order(&platform).await?;
            let made = api_keys::create(&platform, &order, Actor::OPERATOR).await?;
            print_made(&platform, order.book, &made, json)?;
        }
        KeyCommand::List { business } => {
            let business = installation::business(&platform, &business).await?;
            let mut all = Vec::new();
            for mode in [Mode::Live, Mode::Test] {
                all.extend(platform.store.keys(BookId::new(business.number, mode)).await?);
            }
            list(&platform, &all, json)?;
        }
        KeyCommand::Roll { key, overlap } => {
            let old = api_keys::find(&platform, &key).await?;
            let made = api_keys::roll(&platform, &old, overlap, Actor::OPERATOR).await?;
            print_made(&platform, old.book, &made, json)?;
        }
        KeyCommand::Revoke { key } => {
            let found = api_keys::find(&platform, &key).await?;
            api_keys::revoke(&platform, &found, Actor::OPERATOR).await?;
            if json {
                output::json(&json!({ "id": key, "status": "revoked" }))?;
            } else {
                output::line(format_args!("{} is revoked.", found.hint))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_made(platform: &Platform, book: BookId, made: &MadeKey, json: bool) -> Result<(), CliError> {
    let id = api_keys::id(platform, book, made.number);
    let key = made.text.expose_secret();
    let expires_at = made.expires_at.map(rfc3339);
    if json {
        return output::json(&json!({ "id": id, "key": key, "expires_at": expires_at }));
    }
    let expires = expires_at.unwrap_or_else(|| "never".to_owned());
    output::facts([("id", id), ("key", key.to_owned()), ("expires", expires)])?;
    output::line("\nStore the key now: it is not shown again.")
}

fn list(platform: &Platform, all: &[ApiKey], json: bool) -> Result<(), CliError> {
    let now = platform.clock.now();
    if json {
        let data: Vec<Value> = all.iter().map(|key| as_json(platform, key, now)).collect();
        return output::json(&json!({ "data": data }));
    }
    let moment = |at: Option<Micros>| at.map_or_else(|| "never".to_owned(), rfc3339);
    let row = |key: &ApiKey| {
        [
            api_keys::id(platform, key.book, key.number),
            key.hint.clone(),
            key.name.clone(),
            key.status(now).to_owned(),
            moment(key.expires_at),
            moment(key.last_used_at),
            api_keys::limits_in_words(&key.limits),
        ]
    };
    output::table(["id", "key", "name", "status", "expires", "last used", "limits"], all.iter().map(row))
}

fn as_json(platform: &Platform, key: &ApiKey, now: Micros) -> Value {
    let KeyLimits { allowed, max_amount, ceilings, scopes } = &key.limits;
    let cents = |most: Option<Cents>| most.map(|most| most.0);
    let words = |scopes: Vec<Scope>| scopes.iter().map(ToString::to_string).collect::<Vec<_>>();
    json!({
        "id": api_keys::id(platform, key.book, key.number),
        "hint": key.hint,
        "kind": if key.kind == CredentialKind::PublicKey { "public" } else { "secret" },
        "mode": key.book.mode().word(),
        "name": key.name,
        "status": key.status(now),
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at.map(rfc3339),
        "revoked_at": key.revoked_at.map(rfc3339),
        "last_used_at": key.last_used_at.map(rfc3339),
        "scopes": scopes.list().map(words),
        "allowed_addresses": allowed.as_ref().map(ToString::to_string),
        "max_amount": cents(*max_amount),
        "max_request": cents(ceilings.per_request),
        "max_day": cents(ceilings.per_day),
        "max_recipient_day": cents(ceilings.per_recipient_day),
    })
}
