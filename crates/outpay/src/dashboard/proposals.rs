//! `/dashboard/proposals`: what one person proposed and a second person has to confirm.

use super::frame::Frame;
use super::signed_in::SignedIn;
use super::stop::Stop;
use crate::members::audit::Names;
use crate::proposals::{self, Proposed, word};
use crate::store::Failure;
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use ledger::Micros;

const SHOWN: i64 = 100;

#[derive(askama::Template)]
#[template(path = "dashboard/proposals.html")]
struct ProposalsPage {
    frame: Frame,
    proposals: Vec<Shown>,
}

struct Shown {
    id: String,
    what: String,
    reason: String,
    state: &'static str,
    by: String,
    at: Micros,
    ends_at: Micros,
    decided_by: String,
    /// This member may say yes or no to it.
    may_decide: bool,
    /// It was confirmed and not carried out, because something broke in between.
    is_cut_off: bool,
}

impl Shown {
    fn class(&self) -> &'static str {
        match self.state {
            "open" => "badge-warn",
            "confirmed" => "badge-good",
            _ => "badge-quiet",
        }
    }
}

/// The page.
///
/// # Errors
/// [`Stop`].
pub async fn handle(who: SignedIn) -> Result<Response, Stop> {
    let platform = &who.platform;
    let names = Names::load(platform, who.business.number).await?;
    let now = platform.clock.now();
    let found = platform.store.proposals(who.book, SHOWN).await?;
    let shown = |row: &crate::store::ProposalRow| -> Result<Shown, Failure> {
        let what = Proposed::of(row)?;
        let state = word(row, now);
        let is_cut_off = state == "confirmed" && row.carried_out_at.is_none();
        Ok(Shown {
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

/// For the snapshot.
#[must_use]
pub fn sample() -> String {
    let open = || Shown {
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
    let cut_off = Shown {
        id: "prp_2".to_owned(),
        what: "Move $12.00 of fees to the main balance.".to_owned(),
        state: "confirmed",
        decided_by: "Ada Example".to_owned(),
        is_cut_off: true,
        ..open()
    };
    let withdrawn = Shown {
        id: "prp_3".to_owned(),
        state: "withdrawn",
        decided_by: "Ada Example".to_owned(),
        may_decide: false,
        ..open()
    };
    super::sample(&ProposalsPage {
        frame: Frame::sample("proposals", "Proposals"),
        proposals: vec![open(), cut_off, withdrawn],
    })
}
