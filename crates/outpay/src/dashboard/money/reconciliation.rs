//! `/dashboard/reconciliation`: differences between a rail's own books and this book's withdrawals, and how to close one. A business sees
//! those of its own withdrawals. What no withdrawal ordered is no business's, and only the operator sees it (`outpay reconcile`).
//!
//! Invariant: a difference by which more has left than our books say is closed by the operator, whose money it may be.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::notice;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::ids::IdKind;
use crate::line::Line;
use crate::reconciliation::{self, CloseError};
use crate::roles::Permission;
use crate::store::{Mismatch, MismatchState};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;

/// Open and ended, the open ones first.
const MOST: i64 = 200;

#[derive(askama::Template)]
#[template(path = "dashboard/money/reconciliation.html")]
struct ReconciliationPage {
    frame: Frame,
    reviews: bool,
    open: Vec<ShownMismatch>,
    ended: Vec<ShownMismatch>,
}

struct ShownMismatch {
    id: String,
    /// The method's title.
    method: String,
    /// The withdrawal's public id.
    withdrawal: String,
    /// Who closed it.
    by: String,
    of: Mismatch,
}

impl ShownMismatch {
    fn what(&self) -> &'static str {
        self.of.found.kind.sentence()
    }

    fn says(&self) -> String {
        self.of.found.words()
    }
}

/// The page.
pub async fn view(who: SignedIn) -> Result<Response, Declined> {
    let found = who.platform.store.mismatches_of_book(who.book, MOST).await?;
    let names = Names::load(&who.platform, who.business.number).await?;
    let shown = found.into_iter().map(|of| shown(&who, of, &names));
    let (open, ended) = shown.partition(|one| one.of.state == MismatchState::Open);
    let shown = ReconciliationPage {
        frame: Frame::new(&who, "reconciliation", "Reconciliation"),
        reviews: who.may(Permission::ReviewWithdrawals),
        open,
        ended,
    };
    Ok(page::html(StatusCode::OK, &shown))
}

fn shown(who: &SignedIn, of: Mismatch, names: &Names) -> ShownMismatch {
    let mounted = who.platform.rails.get(who.mode, &of.rail);
    let number = of.found.owner.map_or(0, |(_, number)| number);
    ShownMismatch {
        id: reconciliation::id(&who.platform, &of),
        method: mounted.map_or_else(|| of.rail.clone(), |mounted| mounted.facts().title.english()),
        withdrawal: who.platform.secrets.ids().seal(IdKind::Withdrawal, who.book, number),
        by: names.of(of.actor),
        of,
    }
}

/// Closes a difference, with a reason.
pub async fn close(posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let reason = Line::memo(form.get("reason")).map(String::from);
    let reason = reason.ok().filter(|reason| !reason.trim().is_empty());
    let reason = reason.ok_or_else(|| {
        Declined::sentence("Explanation: enter one of at most 255 printable characters on one line.")
    })?;
    let number = who.platform.secrets.ids().open(IdKind::Mismatch, who.book, form.get("id"));
    let found = who.platform.store.mismatch(number.ok_or(Declined::NotFound)?).await?;
    let is_own = |one: &Mismatch| one.found.owner.is_some_and(|(book, _)| book == who.book);
    let found = found.filter(is_own).ok_or(Declined::NotFound)?;
    if found.found.is_alarm {
        let sentence = "More was paid than ordered. Only the server’s operator can close this difference.";
        return Err(Declined::Sentence(StatusCode::CONFLICT, sentence.to_owned()));
    }
    match reconciliation::close(&who.platform, &found, &reason, who.actor()).await {
        Ok(()) => {}
        Err(CloseError::IsNotOpen) => {
            let sentence = "This difference is no longer open.";
            return Err(Declined::Sentence(StatusCode::CONFLICT, sentence.to_owned()));
        }
        Err(CloseError::Failure(failure)) => return Err(failure.into()),
    }
    let mut response = page::see_other("/dashboard/reconciliation");
    notice::leave(&mut response, "Difference closed.");
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;
    use crate::store::{MismatchKind, NewMismatch, Standing};
    use ledger::{Actor, BookId, Cents};

    const AT: i64 = 1_800_000_000_000_000;

    fn sample(number: i64, kind: MismatchKind, state: MismatchState) -> ShownMismatch {
        let found = NewMismatch {
            kind,
            subject: String::new(),
            owner: Some((BookId(2), number)),
            reference: "0x51f3".to_owned(),
            rail_number: "0x51f3 (4)".to_owned(),
            here: Some(Cents(2_450)),
            there: (kind != MismatchKind::MissingThere).then_some(Cents(2_550)),
            here_standing: Some(Standing::Paid),
            there_standing: (kind != MismatchKind::MissingThere).then_some(Standing::Paid),
            is_alarm: kind == MismatchKind::Amount,
            at: AT,
        };
        let has_ended = state != MismatchState::Open;
        ShownMismatch {
            id: format!("rec_{number}"),
            method: "USDC on Base".to_owned(),
            withdrawal: format!("ord_{number}"),
            by: "Ada Example (ada@example.com)".to_owned(),
            of: Mismatch {
                number,
                rail: "usdc".to_owned(),
                found,
                found_at: AT,
                state,
                ended_at: has_ended.then_some(AT),
                reason: if state == MismatchState::Closed { "Paid from the bank instead" } else { "" }
                    .to_owned(),
                actor: Actor::member(1),
            },
        }
    }

    #[test]
    fn page_reconciliation() {
        snapshot(
            "reconciliation",
            &ReconciliationPage {
                frame: Frame::sample("reconciliation", "Reconciliation"),
                reviews: true,
                open: vec![
                    sample(1, MismatchKind::Amount, MismatchState::Open),
                    sample(2, MismatchKind::MissingThere, MismatchState::Open),
                ],
                ended: vec![
                    sample(3, MismatchKind::MissingThere, MismatchState::Closed),
                    sample(4, MismatchKind::Fee, MismatchState::Vanished),
                ],
            },
        );
    }
}
