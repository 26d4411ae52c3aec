//! Changing what a business has set, by any door: validated as a whole, applied as a whole, where nothing was changed since it
//! was read. Loosening a review rule can release payments that would have been reviewed, so every change is an entry in the
//! journal, made before it takes effect, and in the audit log, with what it was before.

use crate::audit_log;
use crate::commit::NoVerdict;
use crate::platform::Platform;
use crate::precondition;
use crate::stopped::Stopped;
use crate::store::{BookSettings, Failure, NewAuditEntry, SettingsChange, WriteError};
use crate::two_people::Hands;
use crate::withdrawals::offer::standard_terms;
use anyhow::Context;
use ledger::{Actor, BookId, Cents, Occurrence, Terms};
use serde_json::json;
use std::collections::BTreeMap;

/// The most days that money may stay unclaimed before it goes back; also the most that can be set.
pub const MOST_DAYS: i64 = 36_500;
/// How often a change is made anew from what another has set meanwhile.
const TRIES: usize = 10;

/// All settings of a book, those of methods that were never set too.
#[derive(Clone, Debug)]
pub struct CurrentSettings {
    seen: BookSettings,
    /// The terms of each mounted method.
    pub methods: BTreeMap<String, Terms>,
}

impl CurrentSettings {
    /// May people be given money, and withdraw it?
    #[must_use]
    pub fn payouts_enabled(&self) -> bool {
        self.seen.payouts_enabled
    }

    /// How many days people have to claim their money; `None`: for ever.
    #[must_use]
    pub fn expiry_days(&self) -> Option<i64> {
        self.seen.expiry_days
    }

    /// Origins whose scripts may call the business's hash endpoints, sorted.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        &self.seen.allowed_origins
    }

    /// Above which amount two people are needed; `None`: never.
    #[must_use]
    pub fn two_people_above(&self) -> Option<Cents> {
        self.seen.two_people_above
    }

    /// Another one for every other content.
    #[must_use]
    pub fn tag(&self) -> String {
        let BookSettings { payouts_enabled, expiry_days, allowed_origins, two_people_above, .. } = &self.seen;
        let others = json!([payouts_enabled, expiry_days, allowed_origins, two_people_above, self.methods]);
        precondition::tag(&others.to_string())
    }
}

/// The same for the terms of one method.
#[must_use]
pub fn terms_tag(terms: &Terms) -> String {
    precondition::tag(&text(terms))
}

/// What a book has set.
pub async fn current(platform: &Platform, book: BookId) -> Result<CurrentSettings, Failure> {
    let seen = platform.store.book_settings(book).await?.context("the business of a book exists")?;
    let names = platform.rails.of(book.mode()).map(|mounted| mounted.facts().name.clone());
    let terms = |name: String| {
        let terms = seen.terms.get(&name).cloned().unwrap_or_else(|| standard_terms(platform, book, &name));
        (name, terms)
    };
    let methods = names.map(terms).collect();
    Ok(CurrentSettings { seen, methods })
}

/// Sets everything that `change` names. What is the same as before is no change and leaves no entry.
///
/// # Errors
/// [`Stopped`]; nothing was set then. [`Stopped::NeedsSecondPerson`] where limits or review rules change while the book has a
/// rule of two people.
pub async fn change(
    platform: &Platform,
    book: BookId,
    by: impl Into<Hands>,
    change: SettingsChange,
) -> Result<(), Stopped> {
    change_from(platform, book, by, |_| Ok(change.clone())).await
}

/// Sets what `wanted` makes of the present settings; asked again where another change came first.
///
/// # Errors
/// What `wanted` refuses, or [`Stopped`]; nothing was set then.
pub async fn change_from<E: From<Stopped>>(
    platform: &Platform,
    book: BookId,
    by: impl Into<Hands>,
    wanted: impl Fn(&CurrentSettings) -> Result<SettingsChange, E>,
) -> Result<(), E> {
    let by: Hands = by.into();
    let actor = by.actor;
    let failed = |failure: Failure| E::from(Stopped::Failure(failure));
    for _ in 0..TRIES {
        let before = current(platform, book).await.map_err(failed)?;
        let (change, told) = differences(platform, (book, actor), &before.seen, wanted(&before)?);
        if told.entries.is_empty() {
            return Ok(());
        }
        if loosens(&change, &before.seen) && !by.suffice(platform, book).await.map_err(failed)? {
            return Err(Stopped::NeedsSecondPerson.into());
        }
        for note in told.notes {
            platform.counter(book, actor).record(Occurrence::SettingsChanged, None, note).await?;
        }
        match platform.store.change_settings(book, &before.seen, &change, &told.entries).await {
            Ok(()) => {
                for (occurrence, method) in told.methods {
                    platform.counter(book, actor).record(occurrence, None, method).await?;
                }
                return Ok(());
            }
            Err(WriteError::Failure(failure)) => return Err(failed(failure)),
            Err(WriteError::Conflict) => {
                let note = "not set: another change of the settings came first".to_owned();
                platform.counter(book, actor).record(Occurrence::SettingsChanged, None, note).await?;
            }
        }
    }
    Err(Stopped::NoVerdict(NoVerdict::Busy).into())
}

/// What is told of a change: audit log entries, and notes for the journal.
#[derive(Default)]
struct Told {
    entries: Vec<NewAuditEntry>,
    notes: Vec<String>,
    /// Methods that were opened or closed, told once they are.
    methods: Vec<(Occurrence, String)>,
}

/// The part of the change that differs from what is set.
fn differences(
    platform: &Platform,
    (book, actor): (BookId, Actor),
    before: &BookSettings,
    mut change: SettingsChange,
) -> (SettingsChange, Told) {
    let mut told = Told::default();
    let was = before.payouts_enabled;
    change.payouts_enabled = change.payouts_enabled.filter(|enabled| *enabled != was);
    if let Some(enabled) = change.payouts_enabled {
        let action = if enabled { "settings.payouts_enabled" } else { "settings.payouts_disabled" };
        told.entries.push(audit_log::in_business(platform, book.business(), actor, action, "", &json!({})));
        // The operator enables a business before anything has happened in its books: the audit log has it.
        if actor != Actor::OPERATOR {
            told.notes.push(format!("payouts_enabled: {was} -> {enabled}"));
        }
    }
    let was = before.expiry_days;
    change.expiry_days = change.expiry_days.filter(|days| *days != was);
    if let Some(days) = change.expiry_days {
        let detail = json!({ "from": was, "to": days });
        told.entries.push(audit_log::in_book(platform, book, actor, "settings.expiry_changed", "", &detail));
        let [from, to] =
            [was, days].map(|days| days.map_or_else(|| "never".to_owned(), |days| days.to_string()));
        told.notes.push(format!("expiry_days: {from} -> {to}"));
    }
    change.allowed_origins = change.allowed_origins.filter(|origins| *origins != before.allowed_origins);
    if let Some(origins) = &change.allowed_origins {
        let detail = json!({ "from": before.allowed_origins, "to": origins });
        let action = "settings.origins_changed";
        told.entries.push(audit_log::in_business(platform, book.business(), actor, action, "", &detail));
        told.notes.push(format!("allowed_origins: {:?} -> {origins:?}", before.allowed_origins));
    }
    let was = before.import_above;
    change.import_above = change.import_above.filter(|above| *above != was);
    if let Some(above) = change.import_above {
        let (action, detail) = ("settings.import_approval_changed", json!({ "from": was, "to": above }));
        told.entries.push(audit_log::in_book(platform, book, actor, action, "", &detail));
    }
    let was = before.two_people_above;
    change.two_people_above = change.two_people_above.filter(|above| *above != was);
    if let Some(above) = change.two_people_above {
        let (action, detail) = ("settings.two_people_changed", json!({ "from": was, "to": above }));
        told.entries.push(audit_log::in_book(platform, book, actor, action, "", &detail));
        told.notes.push(format!("two_people_above: {} -> {}", amount(was), amount(above)));
    }
    let was = |method: &String| {
        let set = before.terms.get(method).cloned();
        set.unwrap_or_else(|| standard_terms(platform, book, method))
    };
    change.terms.retain(|(method, terms)| was(method) != *terms);
    for (method, terms) in &change.terms {
        let was = was(method);
        let detail = json!({ "from": was, "to": terms });
        let entry = audit_log::in_book(platform, book, actor, "settings.method_changed", method, &detail);
        told.entries.push(entry);
        if was.enabled != terms.enabled {
            let occurrence = if terms.enabled { Occurrence::MethodOpened } else { Occurrence::MethodClosed };
            told.methods.push((occurrence, method.clone()));
        }
        told.notes.push(format!("method {method}: {} -> {}", text(&was), text(terms)));
    }
    (change, told)
}

/// Does the change take two people here, and is this one alone? Only what differs from what is set counts.
pub async fn takes_two(
    platform: &Platform,
    book: BookId,
    by: impl Into<Hands>,
    change: &SettingsChange,
) -> Result<bool, Failure> {
    let (by, before): (Hands, _) = (by.into(), current(platform, book).await?);
    let (change, _) = differences(platform, (book, by.actor), &before.seen, change.clone());
    Ok(loosens(&change, &before.seen) && !by.suffice(platform, book).await?)
}

/// Does it change limits or review rules? A stricter rule of two people takes one.
fn loosens(change: &SettingsChange, before: &BookSettings) -> bool {
    let is_wider = match (before.two_people_above, change.two_people_above) {
        (Some(before), Some(after)) => after.is_none_or(|after| after > before),
        _ => false,
    };
    is_wider || change.expiry_days.is_some() || !change.terms.is_empty() || change.import_above.is_some()
}

fn amount(above: Option<Cents>) -> String {
    above.map_or_else(|| "never".to_owned(), |above| above.0.to_string())
}

fn text(terms: &Terms) -> String {
    serde_json::to_string(terms).expect("terms are numbers and truth values, which JSON can hold")
}
