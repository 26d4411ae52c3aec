//! What can be proposed, and how a confirmed proposal takes effect: commands of the books through the teller, once under its
//! number; everything else in a way that a second time changes nothing.

use crate::api_keys::{self, KeyError};
use crate::batches;
use crate::business::settings;
use crate::format::money;
use crate::members::team::{self, TeamError};
use crate::platform::Platform;
use crate::roles::{Permission, Role};
use crate::scopes::{Resource, Scope};
use crate::stopped::Stopped;
use crate::store::{Failure, ProposalRow, SettingsChange};
use crate::two_people::Hands;
use anyhow::Context;
use ledger::{Actor, Cents, Confirmed, Correction, Micros, OnceKey};
use serde::{Deserialize, Serialize};

/// A command that takes two people. Stored, so variants and fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proposed {
    /// Corrects the business's own balances.
    Correct { correction: Correction, amount: Cents },
    /// Ends a withdrawal without evidence from the rail that was asked to pay it.
    ResolveWithoutTheRail {
        withdrawal: i64,
        /// True: it was paid; false: it was not.
        paid: bool,
    },
    /// A payment by hand was made, or was not.
    EndByHand { withdrawal: i64, amount: Cents, paid: bool },
    /// Money of a payment came back.
    Return { withdrawal: i64, amount: Cents },
    /// Ends a withdrawal whose outcome is unknown.
    Resolve { withdrawal: i64, amount: Cents, paid: bool },
    /// Lets a withdrawal go that the screening service denied.
    Release { withdrawal: i64, amount: Cents },
    /// Lets the file of a payment batch be had: its number, and the cents of all payments.
    ApproveBatch { batch: i64, amount: Cents },
    /// Dissolves a batch whose file was given out: its number, and the cents of what is open.
    DissolveBatch { batch: i64, amount: Cents },
    /// Takes unspent money back from a user.
    Debit { user: i64, amount: Cents },
    /// Records money that reached the business from outside.
    Deposit { amount: Cents, reference: String, received_on: String },
    /// Limits, review rules and what else a business sets.
    Settings(Box<SettingsChange>),
    /// Lets a key that was made for it authenticate.
    Key {
        /// Its number.
        key: i64,
        /// Which key ends then, after this overlap.
        replaces: Option<(i64, Micros)>,
    },
    /// Gives a member another role.
    Role {
        /// The member's number.
        member: i64,
        /// The role's number.
        role: i64,
    },
    /// Takes a member out of the team.
    Removal {
        /// The member's number.
        member: i64,
    },
    /// Takes a member's second factor away.
    SecondFactorReset {
        /// The member's number.
        member: i64,
    },
}

impl Proposed {
    pub fn of(row: &ProposalRow) -> Result<Self, Failure> {
        serde_json::from_str(&row.what).context("a proposal cannot be read")
    }

    /// The permission that a member needs to confirm it.
    #[must_use]
    pub fn permission(&self) -> Permission {
        match self {
            Self::Correct { .. } | Self::Debit { .. } | Self::Deposit { .. } => Permission::PayPeople,
            Self::ResolveWithoutTheRail { .. }
            | Self::EndByHand { .. }
            | Self::Return { .. }
            | Self::Release { .. }
            | Self::ApproveBatch { .. }
            | Self::DissolveBatch { .. }
            | Self::Resolve { .. } => Permission::ReviewWithdrawals,
            Self::Settings(_) => Permission::ManageSettings,
            Self::Key { .. } => Permission::ManageKeys,
            Self::Role { .. } | Self::Removal { .. } | Self::SecondFactorReset { .. } => {
                Permission::ManageTeam
            }
        }
    }

    /// The scope that a key needs to confirm it; `None`: no key does.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        let resource = match self {
            Self::Correct { .. } => Resource::Balances,
            Self::Debit { .. } => Resource::Users,
            Self::ResolveWithoutTheRail { .. }
            | Self::EndByHand { .. }
            | Self::Return { .. }
            | Self::Release { .. }
            | Self::ApproveBatch { .. }
            | Self::DissolveBatch { .. }
            | Self::Resolve { .. } => Resource::Withdrawals,
            Self::Settings(_) => Resource::Settings,
            Self::Key { .. } => Resource::Keys,
            Self::Deposit { .. }
            | Self::Role { .. }
            | Self::Removal { .. }
            | Self::SecondFactorReset { .. } => return None,
        };
        Some(Scope::write(resource))
    }

    /// A description for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Correct { correction, amount } => {
                let amount = money(amount.0);
                match correction {
                    Correction::ReverseDeposit { .. } => {
                        format!("Reverse {amount} of a deposit: it leaves the main balance.")
                    }
                    Correction::PayOut => format!("Pay {amount} out: it leaves the main balance."),
                    Correction::SweepFeesToMain => format!("Move {amount} of fees to the main balance."),
                    Correction::SweepFeesOut => format!("Pay {amount} of fees out."),
                }
            }
            Self::ResolveWithoutTheRail { paid: true, .. } => {
                "End a withdrawal as paid, without the word of its rail.".to_owned()
            }
            Self::ResolveWithoutTheRail { paid: false, .. } => {
                "End a withdrawal as not paid, without the word of its rail. If the rail pays it after all, it is paid twice."
                    .to_owned()
            }
            Self::EndByHand { amount, paid: true, .. } => {
                format!("Settle a withdrawal of {} as paid by hand.", money(amount.0))
            }
            Self::EndByHand { amount, paid: false, .. } => format!(
                "End a withdrawal of {} as not paid: the person has the money again. If it was paid by hand after all, it is paid twice.",
                money(amount.0)
            ),
            Self::Return { amount, .. } => format!(
                "Return a withdrawal of {}: the person has the money again. If it did not come back, it is paid twice.",
                money(amount.0)
            ),
            Self::Resolve { amount, paid, .. } => {
                let outcome = if *paid { "paid" } else { "not paid: the person has the money again" };
                format!("End a withdrawal of {}, whose outcome is unknown, as {outcome}.", money(amount.0))
            }
            Self::Release { amount, .. } => format!(
                "Approve a withdrawal of {}, which the screening service denied: it is sent.",
                money(amount.0)
            ),
            Self::ApproveBatch { batch, amount } => {
                format!("Approve payment batch {batch} of {}: its file can be paid then.", money(amount.0))
            }
            Self::DissolveBatch { batch, amount } => format!(
                "Dissolve payment batch {batch}, whose file was given out: {} of it gets into another file. If the file was paid after all, it is paid twice.",
                money(amount.0)
            ),
            Self::Debit { amount, .. } => format!("Take {} back from a person.", money(amount.0)),
            Self::Deposit { amount, reference, received_on } => format!(
                "Record a deposit of {}, received on {received_on} under the reference {reference}: it is added to the main balance.",
                money(amount.0)
            ),
            Self::Settings(change) => format!("Change the settings: {}.", settings_in_words(change)),
            Self::Key { replaces: None, .. } => "Let a new API key work.".to_owned(),
            Self::Key { replaces: Some(_), .. } => {
                "Let a new API key work in the place of another, which ends.".to_owned()
            }
            Self::Role { role, .. } => {
                let role = Role::from_code(*role).map_or("another role", Role::word);
                format!("Make a member {role}.")
            }
            Self::Removal { .. } => "Take a member out of the team.".to_owned(),
            Self::SecondFactorReset { .. } => {
                "Take a member's second factor away, to be set up anew at the next sign-in.".to_owned()
            }
        }
    }
}

fn settings_in_words(change: &SettingsChange) -> String {
    let amount = |above: Option<Cents>| above.map_or_else(|| "never".to_owned(), |above| money(above.0));
    let mut words = Vec::new();
    words.extend(change.payouts_enabled.map(|on| format!("payouts {}", if on { "on" } else { "off" })));
    words.extend(change.expiry_days.map(|days| match days {
        None => "money stays for ever".to_owned(),
        Some(days) => format!("unclaimed money goes back after {days} days"),
    }));
    words.extend(change.terms.iter().map(|(method, terms)| {
        let terms = serde_json::to_string(terms).unwrap_or_default();
        format!("method {method} {terms}")
    }));
    words.extend(change.import_above.map(|above| format!("imports take two people above {}", amount(above))));
    words.extend(
        change.two_people_above.map(|above| format!("two people are needed above {}", amount(above))),
    );
    words.join("; ")
}

pub(super) async fn carry_out(platform: &Platform, row: &ProposalRow, actor: Actor) -> Result<(), Stopped> {
    let counter = platform.counter(row.book, actor).once(OnceKey::of_proposal(row.number)).agreed();
    let proof = format!("{} (proposal {}, by {})", row.reason, row.number, maker(row.proposed_by));
    match Proposed::of(row)? {
        Proposed::Correct { correction, amount } => {
            let (proposal, proposed_by) = (row.number, row.proposed_by);
            let reason = row.reason.clone();
            let confirmed = Confirmed { proposal, correction, amount, reason, proposed_by };
            platform.counter(row.book, actor).correct(confirmed).await?;
        }
        Proposed::ResolveWithoutTheRail { withdrawal, paid } => {
            counter.resolve_without_the_rail(withdrawal, paid, &proof).await?;
        }
        Proposed::EndByHand { withdrawal, paid: true, .. } => drop(counter.settle(withdrawal, &proof).await?),
        // The person reads this reason, so it names no one.
        Proposed::EndByHand { withdrawal, paid: false, .. } => {
            counter.fail(withdrawal, &row.reason).await?;
        }
        Proposed::Return { withdrawal, .. } => drop(counter.give_back(withdrawal, &proof).await?),
        Proposed::Resolve { withdrawal, paid, .. } => {
            counter.resolve(withdrawal, paid, &proof).await?;
        }
        Proposed::Release { withdrawal, .. } => drop(counter.approve(withdrawal).await?),
        Proposed::ApproveBatch { batch, .. } => {
            batches::approve(platform, row.book, batch, Hands::agreed(actor)).await?;
        }
        Proposed::DissolveBatch { batch, .. } => {
            batches::dissolve(platform, row.book, batch, &proof, Hands::agreed(actor)).await?;
        }
        Proposed::Debit { user, amount } => drop(counter.debit(user, amount, row.reason.clone()).await?),
        Proposed::Deposit { amount, reference, received_on } => {
            counter.deposit_by_business(amount, &reference, received_on).await?;
        }
        Proposed::Settings(change) => {
            settings::change(platform, row.book, Hands::agreed(actor), *change).await?;
        }
        Proposed::Key { key, replaces } => {
            api_keys::activate(platform, key, replaces, actor).await.map_err(key_stopped)?;
        }
        Proposed::Role { member, role } => {
            let role = Role::from_code(role).context("a proposal names a role that there is not")?;
            let set = team::set_role(platform, row.book.business(), member, role, Hands::agreed(actor));
            set.await.map_err(team_stopped)?;
        }
        Proposed::Removal { member } => {
            let removed = team::remove(platform, row.book.business(), member, Hands::agreed(actor));
            removed.await.map_err(team_stopped)?;
        }
        Proposed::SecondFactorReset { member } => {
            let business = row.book.business();
            let reset = team::reset_second_factor(platform, business, member, Hands::agreed(actor));
            reset.await.map_err(team_stopped)?;
        }
    }
    Ok(())
}

fn key_stopped(error: KeyError) -> Stopped {
    match error {
        KeyError::Failure(failure) => Stopped::Failure(failure),
        refused => Stopped::NotPossible(refused.to_string()),
    }
}

fn team_stopped(error: TeamError) -> Stopped {
    match error {
        TeamError::Failure(failure) => Stopped::Failure(failure),
        refused => Stopped::NotPossible(refused.to_string()),
    }
}

fn maker(actor: Actor) -> String {
    match (actor.as_member(), actor.as_key()) {
        (Some(member), _) => format!("member {member}"),
        (_, Some(key)) => format!("key {key}"),
        _ => "the operator".to_owned(),
    }
}
