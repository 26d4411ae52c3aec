//! `outpay key`: API keys as their owner handles them. A key's text is printed once, by the command that makes it.

use super::input::span;
use super::installation::{self, Installation};
use super::output;
use super::stop::Stop;
use crate::auth::keys::{self, KeyOrder, MadeKey};
use crate::clock::rfc3339;
use crate::platform::Platform;
use crate::store::{ApiKey, CredentialKind};
use clap::{Args, Subcommand};
use ledger::{BookId, Micros, Mode};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::ExitCode;

/// The flags of `key`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Verb {
    /// Make a key and print it, which is done this once
    Create {
        /// The business's id or name
        business: String,
        /// A public key instead of a secret one
        #[arg(long)]
        public: bool,
        /// For the test book
        #[arg(long)]
        test: bool,
        /// What it is for, in your words
        #[arg(long, value_name = "TEXT", default_value = "")]
        name: String,
        /// After how long it ends, as in 12h or 30d; never if left out
        #[arg(long, value_name = "TIME", value_parser = span)]
        expires_in: Option<Micros>,
    },
    /// List a business's keys of both modes
    List {
        /// The business's id or name
        business: String,
    },
    /// Make a key that replaces another, and print it
    Roll {
        /// The old key's id: key_…
        key: String,
        /// How long the old key still works beside the new one, as in 24h; it ends at once if left out
        #[arg(long, value_name = "TIME", value_parser = span, default_value = "0s")]
        overlap: Micros,
    },
    /// End a key at once
    Revoke {
        /// Its id: key_…
        key: String,
    },
}

pub(super) async fn run(arguments: Arguments, installation: &Installation) -> Result<ExitCode, Stop> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        Verb::Create { business, public, test, name, expires_in } => {
            let business = installation::business(&platform, &business).await?;
            let book = installation::book(&business, test);
            let kind = if public { CredentialKind::PublicKey } else { CredentialKind::SecretKey };
            let order = KeyOrder { book, kind, name, expires_in };
            let made = keys::create(&platform, &order).await?;
            print_made(&platform, book, &made, json)?;
        }
        Verb::List { business } => {
            let business = installation::business(&platform, &business).await?;
            let mut all = Vec::new();
            for mode in [Mode::Live, Mode::Test] {
                all.extend(platform.store.keys(BookId::new(business.number, mode)).await?);
            }
            list(&platform, &all, json)?;
        }
        Verb::Roll { key, overlap } => {
            let old = keys::find(&platform, &key).await?;
            let made = keys::roll(&platform, &old, overlap).await?;
            print_made(&platform, old.book, &made, json)?;
        }
        Verb::Revoke { key } => {
            let found = keys::find(&platform, &key).await?;
            keys::revoke(&platform, found.number).await?;
            if json {
                output::json(&json!({ "id": key, "status": "revoked" }))?;
            } else {
                output::line(format_args!("{} is revoked.", found.hint))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_made(platform: &Platform, book: BookId, made: &MadeKey, json: bool) -> Result<(), Stop> {
    let id = keys::id(platform, book, made.number);
    let key = made.text.expose_secret();
    let expires_at = made.expires_at.map(rfc3339);
    if json {
        return output::json(&json!({ "id": id, "key": key, "expires_at": expires_at }));
    }
    let expires = expires_at.unwrap_or_else(|| "never".to_owned());
    output::facts([("id", id), ("key", key.to_owned()), ("expires", expires)])?;
    output::line("\nThe key is shown this once: keep it now.")
}

fn list(platform: &Platform, all: &[ApiKey], json: bool) -> Result<(), Stop> {
    let now = platform.clock.now();
    if json {
        let data: Vec<Value> = all.iter().map(|key| as_json(platform, key, now)).collect();
        return output::json(&json!({ "data": data }));
    }
    let moment = |at: Option<Micros>| at.map_or_else(|| "never".to_owned(), rfc3339);
    let row = |key: &ApiKey| {
        [
            keys::id(platform, key.book, key.number),
            key.hint.clone(),
            key.name.clone(),
            status(key, now).to_owned(),
            moment(key.expires_at),
            moment(key.last_used_at),
        ]
    };
    output::table(["id", "key", "name", "status", "expires", "last used"], all.iter().map(row))
}

fn as_json(platform: &Platform, key: &ApiKey, now: Micros) -> Value {
    json!({
        "id": keys::id(platform, key.book, key.number),
        "hint": key.hint,
        "kind": if key.kind == CredentialKind::PublicKey { "public" } else { "secret" },
        "mode": key.book.mode().word(),
        "name": key.name,
        "status": status(key, now),
        "created_at": rfc3339(key.created_at),
        "expires_at": key.expires_at.map(rfc3339),
        "revoked_at": key.revoked_at.map(rfc3339),
        "last_used_at": key.last_used_at.map(rfc3339),
    })
}

fn status(key: &ApiKey, now: Micros) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|end| end <= now) {
        "expired"
    } else {
        "active"
    }
}
