//! `/dashboard/proposals`: what one person proposed and a second person has to confirm.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::proposals::{self, Checker, Proposed, Refused, word};
use crate::store::Failure;
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

const SHOWN: i64 = 100;

#[derive(askama::Template)]
#[template(path = "dashboard/money/proposals.html")]
struct ProposalsPage {
    frame: Frame,
    proposals: Vec<ShownProposal>,
}

struct ShownProposal {
    id: String,
    what: String,
    reason: String,
    state: &'static str,
    by: String,
    at: Micros,
    ends_at: Micros,
    decided_by: String,
    /// This member may confirm or withdraw it.
    may_decide: bool,
    /// It was confirmed but not carried out, because of a failure in between.
    is_cut_off: bool,
}

impl ShownProposal {
    fn class(&self) -> &'static str {
        match self.state {
            "open" => "badge-warn",
            "confirmed" => "badge-good",
            _ => "badge-quiet",
        }
    }
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let platform = &who.platform;
    let names = Names::load(platform, who.business.number).await?;
    let now = platform.clock.now();
    let found = platform.store.proposals(who.book, SHOWN).await?;
    let shown = |row: &crate::store::ProposalRow| -> Result<ShownProposal, Failure> {
        let what = Proposed::of(row)?;
        let state = word(row, now);
        let is_cut_off = state == "confirmed" && row.carried_out_at.is_none();
        Ok(ShownProposal {
            id: proposals::id(platform, row),
            may_decide: (state == "open" || is_cut_off) && who.may(what.permission()),
            what: what.sentence(),
            reason: row.reason.clone(),
            state,
            by: names.of(row.proposed_by),
            at: row.proposed_at,
            ends_at: row.ends_at,
            decided_by: row.decided_by.map(|by| names.of(by)).unwrap_or_default(),
            is_cut_off,
        })
    };
    let page = ProposalsPage {
        frame: Frame::new(&who, "proposals", "Proposals"),
        proposals: found.iter().map(shown).collect::<Result<_, _>>()?,
    };
    Ok(page::html(StatusCode::OK, &page))
}

/// A member's decision on a proposal: confirm it, which carries it out, or withdraw it.
pub async fn decide(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let found = proposals::find(&who.platform, &id).await?.filter(|row| row.book == who.book);
    let row = found.ok_or(Declined::NotFound)?;
    who.require(Proposed::of(&row)?.permission())?;
    let word = match form.get("how") {
        "confirm" => {
            proposals::confirm(&who.platform, &row, Checker::Member(who.actor())).await?;
            "Confirmed. The change is in effect."
        }
        "withdraw" => {
            proposals::withdraw(&who.platform, &row, who.actor()).await?;
            "Proposal withdrawn. Nothing changed."
        }
        _ => return Err(Declined::sentence("Choose what to do.")),
    };
    let mut response = page::see_other("/dashboard/proposals");
    notice::leave(&mut response, word);
    Ok(response)
}

/// After something was proposed instead of done.
pub(crate) fn proposed() -> Response {
    let mut response = page::see_other("/dashboard/proposals");
    notice::leave(
        &mut response,
        "This needs a second person. It was proposed; another member must confirm it.",
    );
    response
}

impl From<Refused> for Declined {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Effect(stopped) => stopped.into(),
            other => Self::sentence(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_proposals() {
        let open = || ShownProposal {
            id: "prp_1".to_owned(),
            what: "Pay $2,500.00 out: it leaves the main balance.".to_owned(),
            reason: "Refund of the unused rest, bank statement 17".to_owned(),
            state: "open",
            by: "Operator".to_owned(),
            at: 1_800_000_000_000_000,
            ends_at: 1_800_000_000_000_000 + proposals::LIFETIME,
            decided_by: String::new(),
            may_decide: true,
            is_cut_off: false,
        };
        let cut_off = ShownProposal {
            id: "prp_2".to_owned(),
            what: "Move $12.00 of fees to the main balance.".to_owned(),
            state: "confirmed",
            decided_by: "Ada Example".to_owned(),
            is_cut_off: true,
            ..open()
        };
        let withdrawn = ShownProposal {
            id: "prp_3".to_owned(),
            state: "withdrawn",
            decided_by: "Ada Example".to_owned(),
            may_decide: false,
            ..open()
        };
        snapshot(
            "proposals",
            &ProposalsPage {
                frame: Frame::sample("proposals", "Proposals"),
                proposals: vec![open(), cut_off, withdrawn],
            },
        );
    }
}
