//! The operator's door: the command line, and which file carries out which command. Not here: what a server does, or
//! rules about money (they are asked of the teller, as everywhere). Exit codes: 0 done, 1 refused or failed, 2 wrong
//! usage, 3 books that differ (reconcile).

mod audit;
mod backup;
mod batch;
mod brand;
mod business;
mod cli_error;
mod correction;
mod dashboard;
mod demo;
mod deposit;
mod doctor;
mod due;
mod giftcard;
mod health;
mod import;
mod init;
mod input;
mod installation;
mod key;
mod listen;
mod mail;
mod manual;
mod master_key;
mod method;
mod origins;
mod output;
mod pause;
mod preload;
mod progress;
mod proposal;
mod reconcile;
mod recover;
mod recover_treasury;
mod secret_flag;
mod serve;
mod test;
mod trigger;
mod user;
mod webhook;
mod withdrawal;

use crate::memory_dumps;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use cli_error::CliError;
use installation::Installation;
use std::process::ExitCode;

/// A self-hosted payout platform
#[derive(Parser)]
#[command(name = "outpay", version, arg_required_else_help = true)]
struct CommandLine {
    #[command(flatten)]
    installation: Installation,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make an installation: data folder, master key, database
    Init(init::InitArguments),
    /// Run the server until Ctrl-C or SIGTERM
    Serve(serve::ServeArguments),
    /// Try Outpay: a server with a funded business, and the documented requests against it
    Demo(demo::DemoArguments),
    /// Manage businesses: create, list, show, enable payouts, record deposits, correct balances
    Business(business::BusinessArguments),
    /// Manage API keys: create, list, roll, revoke
    Key(key::KeyArguments),
    /// Manage dashboard members: invite, list, reset
    Dashboard(dashboard::DashboardArguments),
    /// Manage payout users: list, show, deactivate, activate
    User(user::UserArguments),
    /// Manage withdrawal methods: list, enable, disable, set fees, limits and review rules
    Method(method::MethodArguments),
    /// Manage withdrawals: list, show the evidence, approve, reject, settle, resolve
    Withdrawal(withdrawal::WithdrawalArguments),
    /// Manage batches of payments by hand: create, approve, file, answer, dissolve
    Batch(batch::BatchArguments),
    /// Pause payments: all, of a business, of a method or to one recipient; or list what is paused
    Pause(pause::PauseArguments),
    /// Resume paused payments
    Resume(pause::ResumeArguments),
    /// Make waiting work due at once
    Due(due::DueArguments),
    /// Manage proposals, which take two people: list, confirm, withdraw
    Proposal(proposal::ProposalArguments),
    /// Manage gift cards in stock: import, list, recall
    Giftcard(giftcard::GiftcardArguments),
    /// Manage webhooks: show, set, roll, test, deliveries, retry, replay
    Webhook(webhook::WebhookArguments),
    /// Show or move the clock of a business's test mode
    Test(test::TestArguments),
    /// Manage mail: choose kinds, list, retry, test
    Mail(mail::MailArguments),
    /// Forward a server's events to a receiver on this machine
    Listen(listen::ListenArguments),
    /// Send an invented event to a business's webhook
    Trigger(trigger::TriggerArguments),
    /// Compare the rails' own books with ours; exit 3 while differences are open
    Reconcile(reconcile::ReconcileArguments),
    /// Recompute every balance and the hash chain from the journal; exit 1 with the place of any difference
    Audit(audit::AuditArguments),
    /// Back up the database into a folder and check the copy, alongside a running server
    Backup(backup::BackupArguments),
    /// Check a backup in full: files, pages or rows, and the books in it
    Verify(backup::VerifyArguments),
    /// Restore a backup to where no database is; other commands refuse it until `outpay recover` has run
    Restore(backup::RestoreArguments),
    /// Show what a database has lost in a restore or failover, and accept the loss
    Recover(recover::RecoverArguments),
    /// Manage versions of the master key: show what needs them, rotate, retire
    MasterKey(master_key::MasterKeyArguments),
    /// Ask a server on this machine whether it answers, for health checks of containers
    Health(health::HealthArguments),
    /// Check what the installation depends on, and exit with 1 on a fault
    Doctor(doctor::DoctorArguments),
    /// Pay the recipients in a file of `email,amount` lines; each line is paid once, however often the file is
    /// imported
    Import(import::ImportArguments),
    /// Print a completion script for a shell
    Completions(manual::CompletionsArguments),
    /// Write the manual pages of all commands into a folder
    Man(manual::ManArguments),
    /// Pay 1 cent to each of user0@example.com … for a benchmark
    #[command(hide = true)]
    Preload(preload::PreloadArguments),
}

#[must_use]
pub fn main() -> ExitCode {
    // Before any secret is read.
    if let Err(error) = memory_dumps::forbid() {
        eprintln!("warning: the memory of this process cannot be kept from core files: {error}");
    }
    let matches = CommandLine::command().get_matches();
    let typed = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let typed = installation::Typed { data: typed("data"), database: typed("database") };
    let line = CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Err(error) = line.installation.check(typed) {
        return error.end();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return CliError::from(error).end(),
    };
    let ended = runtime.block_on(run(line, typed));
    // Blocking database calls may still run; their results are not needed any more.
    runtime.shutdown_background();
    ended.unwrap_or_else(CliError::end)
}

async fn run(line: CommandLine, typed: installation::Typed) -> Result<ExitCode, CliError> {
    let installation = line.installation;
    if !matches!(line.command, Command::Serve(_)) {
        output::log_warnings();
    }
    match line.command {
        Command::Init(arguments) => init::run(arguments, &installation).await,
        Command::Serve(arguments) => serve::run(arguments, &installation).await,
        Command::Demo(arguments) => demo::run(arguments, &installation, typed).await,
        Command::Business(arguments) => business::run(arguments, &installation).await,
        Command::Key(arguments) => key::run(arguments, &installation).await,
        Command::Dashboard(arguments) => dashboard::run(arguments, &installation).await,
        Command::User(arguments) => user::run(arguments, &installation).await,
        Command::Method(arguments) => method::run(arguments, &installation).await,
        Command::Withdrawal(arguments) => withdrawal::run(arguments, &installation).await,
        Command::Batch(arguments) => batch::run(arguments, &installation).await,
        Command::Pause(arguments) => pause::pause(arguments, &installation).await,
        Command::Resume(arguments) => pause::resume(arguments, &installation).await,
        Command::Due(arguments) => due::run(arguments, &installation).await,
        Command::Proposal(arguments) => proposal::run(arguments, &installation).await,
        Command::Giftcard(arguments) => giftcard::run(arguments, &installation).await,
        Command::Test(arguments) => test::run(arguments, &installation).await,
        Command::Webhook(arguments) => webhook::run(arguments, &installation).await,
        Command::Mail(arguments) => mail::run(arguments, &installation).await,
        Command::Listen(arguments) => listen::run(arguments).await,
        Command::Trigger(arguments) => trigger::run(arguments, &installation).await,
        Command::Reconcile(arguments) => reconcile::run(arguments, &installation).await,
        Command::Audit(arguments) => audit::run(arguments, &installation).await,
        Command::Backup(arguments) => backup::back_up(arguments, &installation).await,
        Command::Verify(arguments) => backup::verify(arguments, &installation).await,
        Command::Restore(arguments) => backup::restore(arguments, &installation).await,
        Command::Recover(arguments) => recover::run(arguments, &installation).await,
        Command::MasterKey(arguments) => master_key::run(arguments, &installation).await,
        Command::Health(arguments) => health::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments, &installation).await,
        Command::Import(arguments) => import::run(arguments, &installation).await,
        Command::Completions(arguments) => manual::completions(&arguments, CommandLine::command()),
        Command::Man(arguments) => manual::man(&arguments, CommandLine::command()),
        Command::Preload(arguments) => preload::run(arguments, &installation).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_defined() {
        CommandLine::command().debug_assert();
    }
}
