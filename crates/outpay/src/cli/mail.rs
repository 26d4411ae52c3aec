//! `outpay mail`: which mails a business's recipients get, the list of mails, and a test of the mail settings. Not
//! here: texts and schedule (mail/). A mail's link is never printed.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output;
use super::{user, webhook};
use crate::clock::rfc3339;
use crate::mail::{MailError, MailSent};
use crate::mail_kind::MailKinds;
use crate::platform::Platform;
use crate::store::{MailRow, MailState};
use clap::{Args, Subcommand};
use ledger::{BookId, Micros};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct MailArguments {
    #[command(subcommand)]
    verb: MailCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum MailCommand {
    /// Show which mails a business's recipients get
    Show {
        #[command(flatten)]
        whose: webhook::WebhookOwner,
    },
    /// Choose which mails a business's recipients get from now on
    Set {
        #[command(flatten)]
        whose: webhook::WebhookOwner,
        /// Kinds of mail, as in claim_link,delivered,failed; or all, or none
        #[arg(value_delimiter = ',', value_name = "MAIL", required_unless_present = "mails")]
        kinds: Vec<String>,
        /// The same
        #[arg(long, value_delimiter = ',', value_name = "MAIL", conflicts_with = "kinds")]
        mails: Vec<String>,
    },
    /// Mail a recipient the claim link, whatever the business chose
    ClaimLink {
        #[command(flatten)]
        whose: webhook::WebhookOwner,
        /// Id or e-mail address of the recipient
        user: String,
    },
    /// List mails, newest first
    List {
        /// Only those of this business
        #[arg(value_name = "BUSINESS")]
        whose: Option<String>,
        /// The same
        #[arg(long, conflicts_with = "whose")]
        business: Option<String>,
        /// Those of its test book
        #[arg(long)]
        test: bool,
        /// Only pending, sent or failed ones
        #[arg(long, value_parser = state)]
        status: Option<MailState>,
        /// Largest number to list
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=1000))]
        limit: i64,
    },
    /// Retry a failed mail, or all that failed since a time
    Retry {
        /// Id of the mail: mail_…
        #[arg(required_unless_present = "failed_since")]
        mail: Option<String>,
        /// Time, as in 2026-01-02T03:04:05Z
        #[arg(long, value_name = "TIME", value_parser = webhook::moment, conflicts_with = "mail")]
        failed_since: Option<Micros>,
    },
    /// Send a test mail now and print the mail server's reply; exit 1 unless it was accepted
    Test {
        /// Address to send it to
        address: String,
    },
}

pub(super) async fn run(arguments: MailArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        MailCommand::Show { whose } => show(&platform, whose.book(&platform).await?, json).await?,
        MailCommand::Set { whose, kinds, mails } => {
            let book = whose.book(&platform).await?;
            platform.mail.choose(book, chosen(&[kinds, mails].concat())?).await?;
            show(&platform, book, json).await?;
        }
        MailCommand::ClaimLink { whose, user } => {
            let book = whose.book(&platform).await?;
            let found = user::find(&platform, book, &user).await?;
            platform.mail.send_claim_link(book, found.user.number).await?;
            told(json, &json!({ "ordered": true }), "A running server will send the mail.")?;
        }
        MailCommand::List { whose, business, test, status, limit } => {
            let book = match whose.or(business) {
                None if test => return Err(CliError::Usage("--test needs a business".to_owned())),
                Some(name) => {
                    Some(installation::book(&installation::business(&platform, &name).await?, test))
                }
                None => None,
            };
            let found = platform.store.mails(book, status, None, limit).await?;
            list(&platform, &found, json)?;
        }
        MailCommand::Retry { mail: Some(mail), .. } => {
            let retried = platform.mail.retry(&mail).await?;
            list(&platform, &[retried], json)?;
        }
        MailCommand::Retry { mail: None, failed_since } => {
            let retried = platform.mail.retry_failed(failed_since.unwrap_or(0)).await?;
            told(json, &json!({ "retried": retried }), &format!("{retried} mails will be tried again."))?;
        }
        MailCommand::Test { address } => return test(&platform, &address, json).await,
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(platform: &Platform, book: BookId, json: bool) -> Result<(), CliError> {
    let (choice, configured) = (platform.mail.choice(book).await?, platform.mail.is_configured());
    if json {
        return output::json(&json!({ "mails": choice.chosen(), "configured": configured }));
    }
    let mails = choice.chosen().join(", ");
    output::facts([
        ("mails", if mails.is_empty() { "none".to_owned() } else { mails }),
        ("can be", MailKinds::words().join(", ")),
        ("[mail]", if configured { "configured" } else { "not configured" }.to_owned()),
    ])
}

async fn test(platform: &Platform, address: &str, json: bool) -> Result<ExitCode, CliError> {
    let (is_accepted, answer) = match platform.mail.send_test(address).await? {
        MailSent::Accepted(answer) => (true, answer),
        MailSent::Refused(answer) | MailSent::NotNow(answer) => (false, answer),
    };
    let line = format!("{}: {answer}", if is_accepted { "accepted" } else { "not accepted" });
    told(json, &json!({ "accepted": is_accepted, "answer": answer }), &line)?;
    Ok(if is_accepted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn list(platform: &Platform, found: &[MailRow], json: bool) -> Result<(), CliError> {
    let id = |row: &MailRow| platform.mail.id(row.number);
    if json {
        let one = |row: &MailRow| {
            json!({
                "id": id(row), "kind": row.mail.kind.word(), "recipient": row.mail.recipient,
                "status": row.state.word(), "attempt_count": row.attempts, "answer": row.answer,
                "created_at": rfc3339(row.mail.at), "next_attempt_at": row.due_at.map(rfc3339),
                "finished_at": row.finished_at.map(rfc3339),
            })
        };
        return output::json(&json!({ "data": found.iter().map(one).collect::<Vec<Value>>() }));
    }
    let row = |row: &MailRow| {
        [
            id(row),
            row.mail.kind.word().to_owned(),
            row.mail.recipient.clone(),
            row.state.word().to_owned(),
            row.attempts.to_string(),
            row.due_at.map_or_else(|| "-".to_owned(), rfc3339),
            row.answer.clone(),
        ]
    };
    let header = ["id", "kind", "recipient", "status", "tries", "next try", "last answer"];
    output::table(header, found.iter().map(row))
}

fn told(json: bool, value: &Value, line: &str) -> Result<(), CliError> {
    if json { output::json(value) } else { output::line(line) }
}

fn chosen(words: &[String]) -> Result<MailKinds, CliError> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["all"] => Ok(MailKinds::ALL),
        ["none"] => Ok(MailKinds::default()),
        words => MailKinds::of_words(words.iter().copied()).ok_or_else(|| {
            CliError::Usage(format!(
                "--mails takes all, none, or of these: {}",
                MailKinds::words().join(", ")
            ))
        }),
    }
}

fn state(text: &str) -> Result<MailState, String> {
    MailState::from_word(text).ok_or_else(|| "give pending, sent or failed".to_owned())
}

impl From<MailError> for CliError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Failure(failure) => Self::Failed(failure),
            MailError::Address => Self::Usage(error.to_string()),
            refused => Self::Refused(refused.to_string()),
        }
    }
}
