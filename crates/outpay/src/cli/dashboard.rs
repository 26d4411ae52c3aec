//! `outpay dashboard`: a business's team, for the operator: invites the first owner, resets members who lost their
//! password or second factor. A link is printed once; its token is in the fragment, which browsers do not send.

use super::cli_error::CliError;
use super::installation::{self, Installation};
use super::output;
use crate::clock::rfc3339;
use crate::ids::IdKind;
use crate::members;
use crate::members::invitation::{self, InvitationError, Invited};
use crate::platform::Platform;
use crate::roles::Role;
use crate::store::TeamMember;
use clap::{Args, Subcommand};
use ledger::{Actor, Email};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct DashboardArguments {
    #[command(subcommand)]
    verb: DashboardCommand,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum DashboardCommand {
    /// Invite a person to a business's team and print the link, which works once, within a week, and is not shown
    /// again
    Invite {
        #[command(flatten)]
        whom: Whom,
        /// Role: owner, admin, approver or viewer [default: owner]
        #[arg(value_name = "ROLE", value_parser = role)]
        role_name: Option<Role>,
        /// The same
        #[arg(long, value_name = "ROLE", value_parser = role, conflicts_with = "role_name")]
        role: Option<Role>,
    },
    /// Print a link, valid for a day, with which a member sets a new password and second factor; it is not mailed
    Reset {
        #[command(flatten)]
        whom: Whom,
    },
    /// List the members of a business's team
    Members {
        /// Id or name of the business
        business: String,
    },
}

#[derive(Args)]
struct Whom {
    /// Id or name of the business
    business: String,
    /// E-mail address of the member
    email: String,
}

/// Base of links if no public URL is configured: the default of `serve`.
const NEARBY: &str = "http://127.0.0.1:8080";

fn role(text: &str) -> Result<Role, String> {
    Role::from_word(text).ok_or_else(|| "give owner, admin, approver or viewer".to_owned())
}

pub(super) async fn run(
    arguments: DashboardArguments,
    installation: &Installation,
) -> Result<ExitCode, CliError> {
    let platform = installation.open().await?;
    let json = arguments.json;
    match arguments.verb {
        DashboardCommand::Invite { whom, role_name, role } => {
            let role = role_name.or(role).unwrap_or(Role::Owner);
            let (business, email) = read(&platform, &whom).await?;
            let invited = invitation::invite(&platform, business, &email, role, Actor::OPERATOR).await?;
            print(&platform, &invited, &whom, json)?;
        }
        DashboardCommand::Reset { whom } => {
            let (business, email) = read(&platform, &whom).await?;
            let invited = invitation::reset(&platform, business, &email, Actor::OPERATOR).await?;
            print(&platform, &invited, &whom, json)?;
        }
        DashboardCommand::Members { business } => {
            let business = installation::business(&platform, &business).await?;
            list(&platform, business.number, json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(platform: &Platform, whom: &Whom) -> Result<(i64, Email), CliError> {
    let business = installation::business(platform, &whom.business).await?;
    let email = Email::parse(&whom.email)
        .map_err(|_| CliError::Usage(format!("{:?} is not a valid e-mail address", whom.email)))?;
    Ok((business.number, email))
}

fn print(platform: &Platform, invited: &Invited, whom: &Whom, json: bool) -> Result<(), CliError> {
    let link = invitation::link(platform.public_url.as_deref().unwrap_or(NEARBY), &invited.token);
    let (link, ends_at) = (link.expose_secret(), rfc3339(invited.ends_at));
    if json {
        return output::json(&json!({ "link": link, "expires_at": ends_at }));
    }
    output::line(link)?;
    output::line(format_args!(
        "\nThe link is not shown again, works once and ends at {ends_at}. Give it to {} only.",
        whom.email
    ))
}

async fn list(platform: &Platform, business: i64, json: bool) -> Result<(), CliError> {
    let team = platform.store.team(business).await?;
    let id = |member: &TeamMember| members::id(platform, IdKind::Member, member.number);
    if json {
        let one = |member: &TeamMember| {
            json!({ "id": id(member), "email": member.email, "name": member.name, "role": member.role.word(),
                "since": rfc3339(member.since), "second_factor": member.has_second_factor,
                "last_seen_at": member.seen_at.map(rfc3339) })
        };
        return output::json(&json!({ "data": team.iter().map(one).collect::<Vec<Value>>() }));
    }
    let row = |member: &TeamMember| {
        let factor = if member.has_second_factor { "yes" } else { "no" }.to_owned();
        let seen = member.seen_at.map_or_else(|| "never".to_owned(), rfc3339);
        [id(member), member.email.clone(), member.name.clone(), member.role.word().to_owned(), factor, seen]
    };
    output::table(["id", "e-mail", "name", "role", "second factor", "last seen"], team.iter().map(row))
}

impl From<InvitationError> for CliError {
    fn from(error: InvitationError) -> Self {
        match error {
            InvitationError::Failure(failure) => Self::Failed(failure),
            refused => Self::Refused(refused.to_string()),
        }
    }
}
