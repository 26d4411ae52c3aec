//! What needs a person in a book now: how many things of each kind, since when the oldest waits, and the page that ends it. Only
//! reads, and asks no rail: a page must not wait for one. Not here: how it looks (dashboard/money/home.rs), what the operator is
//! alarmed about (metrics).

use crate::platform::Platform;
use crate::rails::FundsAlarm;
use crate::store::{CredentialKind, Failure, StoredPause, WaitingCount};
use crate::withdrawals::offer::standard_terms;
use ledger::{BookId, Micros, Mode, WithdrawalState};

const MINUTE: Micros = 60_000_000;
/// Failed deliveries of webhooks that are counted: those of a week.
const WEEK: Micros = 7 * 24 * 60 * MINUTE;
/// A rail that was left alone needs a person for so long: it opens again by itself after half a minute, and fails again.
const DOWN: Micros = 5 * MINUTE;
/// Kinds of gift cards whose stock is counted.
const MOST_KINDS: usize = 50;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub kind: NeedKind,
    pub count: i64,
    pub oldest: Option<Micros>,
    /// Which, in words; empty where the count says enough.
    pub which: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeedKind {
    /// Withdrawals that wait for review.
    Review,
    /// Withdrawals of which it is not known whether they were paid.
    Unconfirmed,
    /// Webhooks that were switched off because they only failed, or whose deliveries fail now.
    FailingWebhooks,
    /// Deliveries that were given up.
    FailedDeliveries,
    /// Methods that do not answer.
    Down,
    Paused,
    /// Methods whose funds are below the operator's mark.
    LowFloat,
    /// Kinds of gift cards of which few or none are left.
    LowStock,
    /// Differences between a rail's own books and ours.
    Differences,
    /// Proposals that wait for a second person.
    Proposals,
    /// Imports that wait for another member.
    Imports,
}

/// The first steps of a business, and which of them are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstSteps {
    pub has_key: bool,
    pub has_deposit: bool,
    pub has_transfer: bool,
    pub has_webhook: bool,
}

/// Everything that needs a person, in the order of the page.
pub async fn look(platform: &Platform, book: BookId, pauses: &[StoredPause]) -> Result<Vec<Need>, Failure> {
    let (store, now) = (&platform.store, platform.clock.now());
    let mut needs = Vec::new();
    let mut add = |kind, waiting: WaitingCount, which: &[String]| {
        if waiting.count > 0 {
            let WaitingCount { count, oldest } = waiting;
            needs.push(Need { kind, count, oldest, which: which.join(", ") });
        }
    };
    // Withdrawals go by the clock of the book, which the caller does not.
    let ahead = store.clock_ahead(book).await?;
    let by_our_clock = |of: WaitingCount| WaitingCount { oldest: of.oldest.map(|at| at - ahead), ..of };
    let in_review = store.withdrawals_waiting(book, Some(WithdrawalState::Review)).await?;
    add(NeedKind::Review, by_our_clock(in_review), &[]);
    add(NeedKind::Unconfirmed, by_our_clock(store.withdrawals_waiting(book, None).await?), &[]);
    let (waiting, which) = failing_webhooks(platform, book).await?;
    add(NeedKind::FailingWebhooks, waiting, &which);
    add(NeedKind::FailedDeliveries, store.deliveries_failed(book, now - WEEK).await?, &[]);
    let (down, low) = rails(platform, book, now).await?;
    add(NeedKind::Down, down.0, &down.1);
    let oldest = pauses.iter().map(|pause| pause.created_at).min();
    add(NeedKind::Paused, WaitingCount { count: count(pauses.len()), oldest }, &[]);
    add(NeedKind::LowFloat, low.0, &low.1);
    let kinds = low_stock(platform, book).await?;
    add(NeedKind::LowStock, WaitingCount { count: count(kinds.len()), oldest: None }, &kinds);
    add(NeedKind::Differences, store.mismatches_open(book).await?, &[]);
    add(NeedKind::Proposals, store.proposals_open(book, now).await?, &[]);
    add(NeedKind::Imports, store.imports_waiting(book).await?, &[]);
    Ok(needs)
}

/// What a business that has paid no one yet does first; `None` once it has paid someone.
pub async fn first_steps(platform: &Platform, book: BookId) -> Result<Option<FirstSteps>, Failure> {
    let store = &platform.store;
    let [has_deposit, has_transfer, has_paid] = store.has_begun(book).await?;
    if has_paid {
        return Ok(None);
    }
    let now = platform.clock.now();
    let keys = store.keys(book).await?;
    let works = |at: Option<Micros>| at.is_none_or(|at| at > now);
    let has_key = keys.iter().any(|key| {
        key.kind == CredentialKind::SecretKey && !key.waits && works(key.revoked_at) && works(key.expires_at)
    });
    let has_webhook = !store.webhook_endpoints(book).await?.is_empty();
    Ok(Some(FirstSteps { has_key, has_deposit, has_transfer, has_webhook }))
}

async fn failing_webhooks(platform: &Platform, book: BookId) -> Result<(WaitingCount, Vec<String>), Failure> {
    let mut endpoints = platform.store.webhook_endpoints(book).await?;
    // One that its owner has switched off needs nothing.
    endpoints.retain(|one| one.disabled_at.is_some() || (one.enabled && one.failing_since.is_some()));
    let since = endpoints.iter().filter_map(|one| one.failing_since.or(one.disabled_at));
    let waiting = WaitingCount { count: count(endpoints.len()), oldest: since.min() };
    Ok((waiting, endpoints.into_iter().map(|one| one.url).collect()))
}

/// Methods that do not answer, and those with little money: how many, and their titles.
type NamedRails = (WaitingCount, Vec<String>);

async fn rails(platform: &Platform, book: BookId, now: Micros) -> Result<(NamedRails, NamedRails), Failure> {
    let (mut down, mut low) = (NamedRails::default(), NamedRails::default());
    // Simulated rails neither fail nor run dry.
    if book.mode() == Mode::Test {
        return Ok((down, low));
    }
    let terms = platform.store.all_terms(book).await?;
    let openings = platform.store.rail_openings().await?;
    for mounted in platform.rails.of(book.mode()) {
        let name = &mounted.facts().name;
        let is_offered = match terms.get(name) {
            Some(terms) => terms.enabled,
            None => standard_terms(platform, book, name).enabled,
        };
        if !is_offered {
            continue;
        }
        let opened = openings.iter().find(|one| one.rail == *name && one.opened_at > now - DOWN);
        if opened.is_some() || mounted.left_alone_until(platform.clock.monotonic()).is_some() {
            note(&mut down, opened.map(|one| one.opened_at), mounted.facts().title.english());
        }
        if mounted.funds().1 == Some(FundsAlarm::TooLittle) {
            note(&mut low, None, mounted.facts().title.english());
        }
    }
    Ok((down, low))
}

fn note((waiting, titles): &mut NamedRails, since: Option<Micros>, title: String) {
    waiting.count += 1;
    waiting.oldest = [waiting.oldest, since].into_iter().flatten().min();
    titles.push(title);
}

/// Kinds of gift cards of which few or none are left.
async fn low_stock(platform: &Platform, book: BookId) -> Result<Vec<String>, Failure> {
    let (store, now, most) = (&platform.store, platform.clock.now(), platform.rails.low_stock);
    // What is in stock, and what was and is no more.
    let mut kinds = store.newest_card_kinds(book).await?;
    kinds.extend(store.gift_card_kinds(book, now, MOST_KINDS).await?);
    kinds.sort();
    kinds.dedup();
    let mut low = Vec::new();
    for (brand, face_value) in kinds.into_iter().take(MOST_KINDS) {
        let left = store.gift_cards_left(book, (&brand, face_value), now, most.saturating_add(1)).await?;
        if left <= most {
            low.push(format!("{brand} {} ({left} left)", crate::format::money(face_value.0)));
        }
    }
    Ok(low)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
