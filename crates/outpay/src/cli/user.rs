//! `outpay user`: payout users, for the operator. Never prints a hash.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output::{self, dollars};
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::platform::Platform;
use crate::store::{HistoryPlace, StoredEntry, UserFilter, UserRow};
use crate::test_clock;
use clap::{Args, Subcommand, ValueEnum};
use ledger::{AccountId, Actor, BookId, Email, EntryKind, Micros, UserStatus};
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct UserArguments {
    #[command(subcommand)]
    verb: UserCommand,
    /// Use the test book
    #[arg(long, global = true)]
    test: bool,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum UserCommand {
    /// List a business's payout users, newest first
    List {
        /// Id or name of the business
        business: String,
        /// Only users with this status
        #[arg(long, value_enum)]
        status: Option<UserStatusWord>,
        /// Largest number to list
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
        /// Continue after this user: the last id of the previous list
        #[arg(long, value_name = "USER")]
        after: Option<String>,
    },
    /// Show a payout user and the newest operations
    Show {
        #[command(flatten)]
        who: Who,
        /// Largest number of operations
        #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        limit: u32,
    },
    /// Deactivate a user: the hash stops working; money can still be added
    Deactivate(Who),
    /// Activate a user: the hash works again
    Activate(Who),
}

#[derive(Args)]
struct Who {
    /// Id or name of the business
    business: String,
    /// Id or e-mail address of the user
    user: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum UserStatusWord {
    Active,
    Inactive,
}

pub(super) async fn run(arguments: UserArguments, installation: &Installation) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let UserArguments { verb, test, json } = arguments;
    match verb {
        UserCommand::List { business, status, limit, after } => {
            let business = installation::business(&platform, &business).await?;
            let book = installation::book(&business, test);
            let status = status.map(|status| match status {
                UserStatusWord::Active => UserStatus::Active,
                UserStatusWord::Inactive => UserStatus::Inactive,
            });
            let below = match after {
                Some(user) => Some(find(&platform, book, &user).await?.user.number),
                None => None,
            };
            let filter = UserFilter { status, below, ..UserFilter::default() };
            list(&platform, book, &filter, i64::from(limit), json).await?;
        }
        UserCommand::Show { who, limit } => {
            let (book, row) = find_in_business(&platform, &who, test).await?;
            show(&platform, book, &row, i64::from(limit), json).await?;
        }
        UserCommand::Deactivate(who) => set_status(&platform, &who, test, UserStatus::Inactive, json).await?,
        UserCommand::Activate(who) => set_status(&platform, &who, test, UserStatus::Active, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn find_in_business(platform: &Platform, who: &Who, test: bool) -> Result<(BookId, UserRow), CliError> {
    let business = installation::business(platform, &who.business).await?;
    let book = installation::book(&business, test);
    Ok((book, find(platform, book, &who.user).await?))
}

pub(super) async fn find(platform: &Platform, book: BookId, id_or_email: &str) -> Result<UserRow, CliError> {
    let found = if let Some(number) = platform.secrets.ids().open(IdKind::PayoutUser, book, id_or_email) {
        platform.store.user(book, number).await?
    } else if let Ok(email) = Email::parse(id_or_email) {
        let filter = UserFilter { email: Some(email), ..UserFilter::default() };
        platform.store.users(book, &filter, 1).await?.pop()
    } else {
        None
    };
    let mode = book.mode().word();
    found.ok_or_else(|| {
        CliError::Refused(format!("there is no payout user {id_or_email:?} in the {mode} book"))
    })
}

async fn list(
    platform: &Platform,
    book: BookId,
    filter: &UserFilter,
    limit: i64,
    json: bool,
) -> Result<(), CliError> {
    let mut rows = platform.store.users(book, filter, limit + 1).await?;
    let has_more = i64::try_from(rows.len()).is_ok_and(|found| found > limit);
    if has_more {
        rows.pop();
    }
    let now = test_clock::now(platform, book).await?;
    if json {
        let data: Vec<Value> = rows.iter().map(|row| as_json(platform, book, row, now)).collect();
        return output::json(&json!({ "data": data, "has_more": has_more }));
    }
    let line = |row: &UserRow| {
        [
            id(platform, book, row),
            row.user.email.to_string(),
            row.user.status_at(now).to_owned(),
            dollars(row.user.balance),
            rfc3339(row.user.created_at),
        ]
    };
    output::table(["id", "email", "status", "balance", "created"], rows.iter().map(line))?;
    if let (true, Some(last)) = (has_more, rows.last()) {
        output::line(format_args!("There are more: continue with --after {}", id(platform, book, last)))?;
    }
    Ok(())
}

async fn show(
    platform: &Platform,
    book: BookId,
    row: &UserRow,
    limit: i64,
    json: bool,
) -> Result<(), CliError> {
    let account = AccountId::user(row.user.number);
    let history = platform.store.history(book, account, HistoryPlace::At(row.history), limit).await?;
    let history = history.unwrap_or_default();
    let now = test_clock::now(platform, book).await?;
    if json {
        let operations: Vec<Value> =
            history.iter().map(|stored| operation_as_json(platform, book, account, stored)).collect();
        let mut all = as_json(platform, book, row, now);
        all["operations"] = operations.into();
        return output::json(&all);
    }
    output::facts([
        ("id", id(platform, book, row)),
        ("email", row.user.email.to_string()),
        ("status", row.user.status_at(now).to_owned()),
        ("balance", dollars(row.user.balance)),
        ("pending", dollars(row.user.pending)),
        ("created", rfc3339(row.user.created_at)),
        ("expires", row.user.expires_at.map_or_else(|| "never".to_owned(), rfc3339)),
    ])?;
    let line = |stored: &StoredEntry| {
        let amount = dollars(stored.entry.signed_for(account));
        let note = stored.entry.note.clone();
        [rfc3339(stored.entry.at), word(stored).to_owned(), amount, note]
    };
    output::table(["when", "type", "amount", "note"], history.iter().map(line))
}

async fn set_status(
    platform: &Platform,
    who: &Who,
    test: bool,
    to: UserStatus,
    json: bool,
) -> Result<(), CliError> {
    let (book, row) = find_in_business(platform, who, test).await?;
    platform.counter(book, Actor::OPERATOR).set_status(row.user.number, to).await?;
    let mut row = row;
    row.user.status = to;
    if json {
        return output::json(&as_json(platform, book, &row, test_clock::now(platform, book).await?));
    }
    output::line(format_args!("{} is {}.", row.user.email, to.word()))
}

fn id(platform: &Platform, book: BookId, row: &UserRow) -> String {
    platform.secrets.ids().seal(IdKind::PayoutUser, book, row.user.number)
}

fn as_json(platform: &Platform, book: BookId, row: &UserRow, now: Micros) -> Value {
    json!({
        "id": id(platform, book, row),
        "email": row.user.email,
        "status": row.user.status_at(now),
        "balance": row.user.balance,
        "pending": row.user.pending,
        "created_at": rfc3339(row.user.created_at),
        "expires_at": row.user.expires_at.map(rfc3339),
    })
}

fn operation_as_json(platform: &Platform, book: BookId, account: AccountId, stored: &StoredEntry) -> Value {
    json!({
        "id": platform.secrets.ids().seal(IdKind::Operation, book, stored.entry.sequence),
        "type": word(stored),
        "amount": stored.entry.signed_for(account),
        "note": stored.entry.note,
        "created_at": rfc3339(stored.entry.at),
    })
}

fn word(stored: &StoredEntry) -> &'static str {
    match stored.entry.kind {
        EntryKind::UserDebited => "debit",
        EntryKind::UserMoneyExpired => "expiry",
        EntryKind::WithdrawalCreated => "withdrawal",
        _ if stored.entry.withdrawal > 0 => "refund",
        _ => "credit",
    }
}
