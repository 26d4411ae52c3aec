//! `[rails.limits]` and `[screening]`: what is left below ceilings, and funds outside of their marks. Not here: whether a rail
//! answers at all (network.rs).

use super::{Checks, Grade};
use crate::config::Config;
use crate::format::money;
use crate::funds;
use crate::named_secrets;
use crate::rails::{FundsAlarm, Mounted};
use crate::screening::Screening;
use crate::store::{Failure, Store};
use ledger::Cents;

/// Does a payment wait for room, and are the funds between their marks?
pub(super) async fn check(mounted: &Mounted, store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    check_ceiling(mounted, store, checks).await?;
    check_funds(mounted, checks).await;
    Ok(())
}

async fn check_ceiling(mounted: &Mounted, store: &Store, checks: &mut Checks) -> Result<(), Failure> {
    let (name, ceiling) = (&mounted.facts().name, mounted.limits.ceiling());
    let Some(room) = store.rail_spending(name).await?.room(&ceiling) else { return Ok(()) };
    let (queued, without_room) = store.queued_by_rail(name, room).await?;
    let left = format!("{name}: {} can still leave below the ceiling", money(room.0));
    if without_room == 0 {
        checks.add(Grade::Pass, "ceiling", left);
    } else {
        let detail = format!("{left}; {without_room} of {queued} queued payments wait for more room");
        checks.add(Grade::Warn, "ceiling", detail);
    }
    Ok(())
}

async fn check_funds(mounted: &Mounted, checks: &mut Checks) {
    let (name, limits) = (&mounted.facts().name, &mounted.limits);
    if !limits.watches_funds() {
        return;
    }
    let Some(available) = funds::available(mounted).await else {
        let detail = format!("{name}: it does not say what it holds, so the marks are not watched");
        return checks.add(Grade::Warn, "funds", detail);
    };
    let held = format!("{name}: it holds {}", money(available.0));
    let mark = |cents: Option<Cents>| cents.map_or_else(String::new, |cents| money(cents.0));
    let (grade, detail) = match limits.alarm(available) {
        Some(FundsAlarm::TooMuch) => {
            let most = mark(limits.most_funds);
            (Grade::Fail, format!("{held}, more than {most}: move what is above it away"))
        }
        Some(FundsAlarm::TooLittle) => {
            (Grade::Warn, format!("{held}, less than {}: fill it up", mark(limits.least_funds)))
        }
        None => (Grade::Pass, held),
    };
    checks.add(grade, "funds", detail);
}

/// Can the screening service be asked? Nothing is asked here: the question would be invented.
pub(super) fn check_screening(config: &Config, checks: &mut Checks) {
    if config.screening.is_none() {
        return;
    }
    let screening = Screening::new(config.screening.as_ref(), &named_secrets::variable);
    match screening.locked() {
        Some(reason) => {
            let advice = format!("{reason}. A server does not start so; run doctor in its environment");
            checks.add(Grade::Fail, "screening", advice);
        }
        None => checks.add(Grade::Pass, "screening", "configured"),
    }
}
