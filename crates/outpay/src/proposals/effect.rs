//! What can be proposed, and how a confirmed proposal takes effect: through the teller, once under its number.

use crate::format::money;
use crate::platform::Platform;
use crate::roles::Permission;
use crate::stopped::Stopped;
use crate::store::{Failure, ProposalRow};
use anyhow::Context;
use ledger::{Actor, Cents, Confirmed, Correction, OnceKey};
use serde::{Deserialize, Serialize};

/// A command that takes two people.
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
}

impl Proposed {
    pub fn of(row: &ProposalRow) -> Result<Self, Failure> {
        serde_json::from_str(&row.what).context("a proposal cannot be read")
    }

    /// The permission that a member needs to confirm it.
    #[must_use]
    pub fn permission(&self) -> Permission {
        match self {
            Self::Correct { .. } => Permission::PayPeople,
            Self::ResolveWithoutTheRail { .. } => Permission::ReviewWithdrawals,
        }
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
        }
    }
}

pub(super) async fn carry_out(platform: &Platform, row: &ProposalRow, actor: Actor) -> Result<(), Stopped> {
    match Proposed::of(row)? {
        Proposed::Correct { correction, amount } => {
            let (proposal, proposed_by) = (row.number, row.proposed_by);
            let reason = row.reason.clone();
            let confirmed = Confirmed { proposal, correction, amount, reason, proposed_by };
            platform.counter(row.book, actor).correct(confirmed).await?;
        }
        Proposed::ResolveWithoutTheRail { withdrawal, paid } => {
            let proof = format!("{} (proposal {}, by {})", row.reason, row.number, maker(row.proposed_by));
            let counter = platform.counter(row.book, actor).once(OnceKey::of_proposal(row.number));
            counter.resolve_without_the_rail(withdrawal, paid, &proof).await?;
        }
    }
    Ok(())
}

fn maker(actor: Actor) -> String {
    match actor.as_member() {
        Some(member) => format!("member {member}"),
        None => "the operator".to_owned(),
    }
}
