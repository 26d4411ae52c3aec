//! `outpay recover`: shows what a database has lost; with `--accept-loss` makes it usable again.

use super::cli_error::CliError;
use super::installation::Installation;
use super::output;
use super::recover_treasury::{self, TreasuryCommand};
use crate::recovery::{self, Loss};
use crate::witness::PutAside;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::process::ExitCode;

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct RecoverArguments {
    #[command(subcommand)]
    verb: Option<TreasuryCommand>,
    /// Accept the loss and make the database usable again
    #[arg(long)]
    accept_loss: bool,
    /// Revoke all API keys, or only those that the witness knows; required if there is no witness
    #[arg(long, value_enum, value_name = "WHICH")]
    revoke_keys: Option<RevokeKeys>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RevokeKeys {
    /// Every key: businesses need new ones
    All,
    /// Only keys that are known to have been revoked
    None,
}

pub(super) async fn run(
    arguments: RecoverArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    if let Some(verb) = arguments.verb {
        return recover_treasury::run(verb, arguments.json, installation).await;
    }
    let (_, store, _) = installation.look().await?;
    let data = installation.data();
    let witnesses = PutAside::hold(&data).map_err(|failure| CliError::Refused(format!("{failure:#}")))?;
    let loss = recovery::look(&data, &store).await?;
    drop(store);
    if !arguments.accept_loss {
        return Err(CliError::Refused(told(&loss)));
    }
    let revoke_keys = match arguments.revoke_keys {
        Some(which) => which,
        None if loss.remembered.is_empty() => {
            return Err(CliError::Refused(
                "no witness is in the data folder, so nothing tells which API keys were revoked since; give \
                 --revoke-keys all, or --revoke-keys none if you know that none were"
                    .to_owned(),
            ));
        }
        None => RevokeKeys::None,
    };
    let platform = installation.open_to_recover().await?;
    let all = revoke_keys == RevokeKeys::All;
    let done = recovery::recover(&platform, &loss, witnesses, all).await?;
    let counts = done.counts;
    let lost: Vec<String> = loss.lost.iter().map(ToString::to_string).collect();
    if arguments.json {
        output::json(&json!({
            "restored_from": loss.restored_from,
            "lost": lost,
            "epoch": done.epoch,
            "revoked_keys": counts.keys,
            "rotated_hashes": done.rotated,
            "removed_members": counts.members,
            "recalled_cards": counts.cards,
            "ended_sessions": counts.sessions,
            "withdrawn_invitations": counts.invitations,
            "to_check": done.to_check,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    lost.iter().try_for_each(output::line)?;
    output::facts([
        ("epoch", done.epoch.to_string()),
        ("API keys revoked", counts.keys.to_string()),
        ("hashes rotated", done.rotated.to_string()),
        ("members removed", counts.members.to_string()),
        ("gift cards out of stock", counts.cards.to_string()),
        ("sessions ended", counts.sessions.to_string()),
        ("invitations withdrawn", counts.invitations.to_string()),
    ])?;
    output::line("All payments are paused. Check the following before you resume them with: outpay resume")?;
    done.to_check.iter().try_for_each(|point| output::line(format_args!("- {point}")))?;
    Ok(ExitCode::SUCCESS)
}

fn told(loss: &Loss) -> String {
    let mut told = match &loss.restored_from {
        Some(time) => format!("this database was restored from a backup of {time}"),
        None if loss.lost.is_empty() => "nothing is known to be lost".to_owned(),
        None => "this database has lost something".to_owned(),
    };
    for lost in loss.lost.iter().take(20) {
        told.push_str(&format!("\n  {lost}"));
    }
    if loss.lost.len() > 20 {
        told.push_str(&format!("\n  … and {} more", loss.lost.len() - 20));
    }
    told + "\nto accept the loss and continue, give --accept-loss"
}
