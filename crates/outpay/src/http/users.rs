//! Payout users as the business sees them: the list, one user, the user's history, and what the business does to one:
//! activate, deactivate, a new hash, taking unspent money back.

use super::body::{self, LARGEST};
use super::door::{Door, PathId, once_key};
use super::fields::{amount, text};
use super::filter;
use super::json::Object;
use super::openapi::words::SetUserStatusWords;
use super::page::{Page, limit, query, unknown_cursor};
use super::problem::{Problem, field};
use super::proposals::{ProposalShown, done_or_proposed};
use super::show::{self, Operation, User};
use crate::book_event::is_payout;
use crate::ids::IdKind;
use crate::proposals::Proposed;
use crate::store::{
    HistoryFilter, HistoryPlace, MetadataOf, StoredEntry, UserFilter, UserRow, WithdrawalFilter,
};
use crate::test_clock;
use crate::withdrawals::expected;
use axum::extract::{Request, State};
use axum::response::Response;
use http::{StatusCode, Uri};
use ledger::{AccountId, BookId, Cents, Email, EntryKind, MAX_TRANSFER, UserStatus, Withdrawal};
use secrecy::ExposeSecret;
use std::sync::Arc;
use utoipa::ToSchema;

/// List payout users.
///
/// The people whom this business has paid, newest first, with filters that narrow each other.
#[utoipa::path(
    get, path = "/payout/users", tag = "Payout users", operation_id = "listUsers", security(("secret_key" = [])),
    params(("email" = Option<String>, Query, description = "Only the user with this address"), ("status" = Option<SetUserStatusWords>, Query, description = "Only users with this status"),
        ("reference" = Option<String>, Query, description = "Only the user who was paid under this reference"),
        ("metadata[KEY]" = Option<String>, Query, description = "Only users with a payout that has this metadata; KEY is its name"),
        ("created[gte]" = Option<String>, Query, description = "Created at this time or later; RFC 3339"), ("created[gt]" = Option<String>, Query, description = "Created later"),
        ("created[lte]" = Option<String>, Query, description = "Created at this time or earlier"), ("created[lt]" = Option<String>, Query, description = "Created earlier"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<User>), (status = 400, description = "Invalid filter, unknown cursor, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn users(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let ids = door.platform.secrets.ids();
    let limit = limit(&parts.uri)?;
    let mut filter = filter(&parts.uri)?;
    if let Some(reference) = query(&parts.uri, "reference") {
        let user = door.platform.store.user_of_reference(caller.book, &reference).await?;
        // No user has the number 0.
        filter.number = Some(user.unwrap_or_default());
    }
    if let Some(cursor) = query(&parts.uri, "cursor") {
        filter.below = Some(ids.open(IdKind::PayoutUser, caller.book, &cursor).ok_or_else(unknown_cursor)?);
    }
    let found = door.platform.store.users(caller.book, &filter, limit + 1).await?;
    let now = test_clock::now(&door.platform, caller.book).await?;
    let numbers = found.iter().map(|row| row.user.number).collect();
    let metadata = door.platform.store.metadata_of_users(caller.book, numbers).await?;
    let of = |number: i64| metadata.get(&number).map(|of| of.pairs().clone()).unwrap_or_default();
    let shown = |row: &UserRow| User {
        metadata: of(row.user.number),
        ..show::user(ids, caller.book, &row.user, Some(now))
    };
    let users = found.iter().map(shown).collect();
    Ok(show::ok(&Page::cut(users, limit, |user: &User| user.id.clone())))
}

fn filter(uri: &Uri) -> Result<UserFilter, Problem> {
    let email = query(uri, "email").map(|text| Email::parse(&text)).transpose();
    let email = email.map_err(|_| field("email", "The email must be a valid email address."))?;
    let status = match query(uri, "status").as_deref() {
        None => None,
        Some("active") => Some(UserStatus::Active),
        Some("inactive") => Some(UserStatus::Inactive),
        Some(_) => return Err(field("status", "The status must be active or inactive.")),
    };
    let (created, metadata) = (filter::created(uri)?, filter::metadata(uri)?);
    Ok(UserFilter { email, status, created, metadata, number: None, below: None })
}

/// Get a payout user.
///
/// One payout user with balance, status and metadata.
#[utoipa::path(
    get, path = "/payout/users/{id}", tag = "Payout users", operation_id = "getUser", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…")),
    responses((status = 200, description = "The user", body = User), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn user(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let row = door.user(caller, &id).await?;
    let now = test_clock::now(&door.platform, caller.book).await?;
    let number = row.user.number;
    let found = door.platform.store.metadata_of_users(caller.book, vec![number]).await?;
    let metadata = found.get(&number).map(|of| of.pairs().clone()).unwrap_or_default();
    let shown = show::user(door.platform.secrets.ids(), caller.book, &row.user, Some(now));
    Ok(show::ok(&User { metadata, ..shown }))
}

/// List a payout user's operations.
///
/// The history of one payout user, newest first, with the business's own references and metadata.
#[utoipa::path(
    get, path = "/payout/users/{id}/operations", tag = "Payout users", operation_id = "listUserOperations", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("reference" = Option<String>, Query, description = "Only the payout under this reference"),
        ("metadata[KEY]" = Option<String>, Query, description = "Only operations that have this metadata; KEY is its name"),
        ("created[gte]" = Option<String>, Query, description = "Created at this time or later; RFC 3339"), ("created[gt]" = Option<String>, Query, description = "Created later"),
        ("created[lte]" = Option<String>, Query, description = "Created at this time or earlier"), ("created[lt]" = Option<String>, Query, description = "Created earlier"),
        ("amount" = Option<i64>, Query, description = "Cents, without a sign"), ("amount[gte]" = Option<i64>, Query, description = "At least this many cents"),
        ("amount[gt]" = Option<i64>, Query, description = "More cents"), ("amount[lte]" = Option<i64>, Query, description = "At most this many cents"),
        ("amount[lt]" = Option<i64>, Query, description = "Fewer cents"),
        ("limit" = Option<i64>, Query, description = "1 to 100, default 20", minimum = 1, maximum = 100), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Page<Operation>), (status = 400, description = "Invalid filter, unknown cursor, or limit out of range (`invalid_request`, `unknown_field`)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 429, description = "Too many requests")))]
pub async fn user_operations(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    let row = door.user(caller, &id).await?;
    let filter = HistoryFilter {
        reference: query(&parts.uri, "reference"),
        metadata: filter::metadata(&parts.uri)?,
        created: filter::created(&parts.uri)?,
        amount: filter::amount(&parts.uri)?,
    };
    let (found, mut page) = page_of(&door, caller.book, &row, &parts.uri, Some(&filter)).await?;
    let metadata = door.platform.store.metadata(caller.book, found.iter().map(noted).collect()).await?;
    for (stored, operation) in found.iter().zip(&mut page.data) {
        let entry = &stored.entry;
        let reference = is_payout(entry.kind) && !entry.note.is_empty();
        operation.reference = reference.then(|| entry.note.clone());
        operation.metadata = metadata.get(&noted(stored)).map(|of| of.pairs().clone()).unwrap_or_default();
    }
    Ok(show::ok(&page))
}

/// Whose metadata an operation shows.
fn noted(stored: &StoredEntry) -> MetadataOf {
    let entry = &stored.entry;
    match entry.kind {
        EntryKind::WithdrawalCreated => MetadataOf::Withdrawal(entry.user, entry.withdrawal),
        _ => MetadataOf::Payout(entry.user, entry.sequence),
    }
}

/// The page of operations that a recipient asks for, without what is the business's own.
pub(super) async fn page(
    door: &Door,
    book: BookId,
    row: &UserRow,
    uri: &Uri,
) -> Result<Page<Operation>, Problem> {
    Ok(page_of(door, book, row, uri, None).await?.1)
}

/// The page of a user's operations that the query asks for, with their entries. It begins at the entry that was newest when
/// the balance was read, and entries never change, so balance and history fit together without a transaction.
async fn page_of(
    door: &Door,
    book: BookId,
    row: &UserRow,
    uri: &Uri,
    filter: Option<&HistoryFilter>,
) -> Result<(Vec<StoredEntry>, Page<Operation>), Problem> {
    let limit = limit(uri)?;
    let ids = door.platform.secrets.ids();
    let account = AccountId::user(row.user.number);
    let place = match query(uri, "cursor") {
        None => HistoryPlace::At(row.history),
        Some(cursor) => {
            HistoryPlace::Before(ids.open(IdKind::Operation, book, &cursor).ok_or_else(unknown_cursor)?)
        }
    };
    let filter = filter.filter(|filter| !filter.is_open());
    let store = &door.platform.store;
    let found = match filter {
        None => store.history(book, account, place, limit + 1).await?,
        Some(filter) => store.history_of(book, account, place, filter, limit + 1).await?,
    };
    let found = found.ok_or_else(unknown_cursor)?;
    let withdrawals = withdrawals(door, book, &found, filter.is_none()).await?;
    let expected = expected::many(&door.platform, book, &withdrawals).await?;
    let of = |number: i64| withdrawals.iter().find(|withdrawal| withdrawal.number == number);
    let operations = found
        .iter()
        .map(|stored| {
            let withdrawal = of(stored.entry.withdrawal);
            let shown = show::operation(ids, book, account, stored, withdrawal);
            // A refund of the same withdrawal expects nothing.
            let begins = stored.entry.kind == EntryKind::WithdrawalCreated;
            shown.expected(expected.get(&stored.entry.withdrawal).filter(|_| begins))
        })
        .collect();
    let page = Page::cut(operations, limit, |operation: &Operation| operation.cursor.clone());
    Ok((found, page))
}

/// The withdrawals that these entries begin, as they are now. A page without a filter is a run of one
/// person's history, so its withdrawals are a run of that person's withdrawals.
async fn withdrawals(
    door: &Door,
    book: BookId,
    entries: &[StoredEntry],
    is_run: bool,
) -> Result<Vec<Withdrawal>, Problem> {
    let begun = || entries.iter().filter(|stored| stored.entry.kind == EntryKind::WithdrawalCreated);
    if !is_run {
        let mut found = Vec::new();
        for stored in begun() {
            found.extend(door.platform.store.withdrawal(book, stored.entry.withdrawal).await?);
        }
        return Ok(found);
    }
    let Some(newest) = begun().next() else { return Ok(Vec::new()) };
    let filter = WithdrawalFilter {
        user: Some(newest.entry.user),
        below: Some(newest.entry.withdrawal + 1),
        ..WithdrawalFilter::default()
    };
    let count = i64::try_from(begun().count()).unwrap_or(i64::MAX);
    Ok(door.platform.store.withdrawals(book, &filter, count).await?)
}

/// Activate a payout user.
///
/// Lets the hash authenticate again. Activating a user who is active changes nothing.
#[utoipa::path(
    post, path = "/payout/users/{id}/activate", tag = "Payout users", operation_id = "activateUser", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The user afterwards", body = User), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn activate(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    set_status(&door, &id, request, UserStatus::Active).await
}

/// Deactivate a payout user.
///
/// From the answer on, the hash does not authenticate, also in requests that are in flight. Payouts to the user are still
/// accepted.
#[utoipa::path(
    post, path = "/payout/users/{id}/deactivate", tag = "Payout users", operation_id = "deactivateUser", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The user afterwards", body = User), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn deactivate(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    set_status(&door, &id, request, UserStatus::Inactive).await
}

/// Setting the status that the user already has changes nothing.
async fn set_status(
    door: &Door,
    id: &str,
    request: Request,
    status: UserStatus,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    body::optional_object(&parts, body).await?;
    let user = door.user_number(caller, id)?;
    let done = door.counter(caller).once(once).set_status(user, status).await?;
    let body = show::user(door.platform.secrets.ids(), caller.book, &done.value, None);
    Ok(show::done(&done, StatusCode::OK, &body))
}

/// Rotate a hash.
///
/// Makes a new hash. The old one is dead at once, and the money stays.
#[utoipa::path(
    post, path = "/payout/users/{id}/rotate-hash", tag = "Payout users", operation_id = "rotateUserHash", security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The new hash", body = show::Hash), (status = 401, description = "No valid secret key"),
        (status = 404, description = "No such payout user (`payout_user_not_found`)"), (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn rotate_hash(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    body::optional_object(&parts, body).await?;
    let user = door.user_number(caller, &id)?;
    let done = door.counter(caller).once(once).rotate_hash(user).await?;
    let hash = door.platform.secrets.payout_hash(caller.book, user, &done.value.basis)?;
    Ok(show::done(&done, StatusCode::OK, &show::Hash { hash: hash.expose_secret() }))
}

/// What to send.
#[derive(ToSchema)]
pub struct DebitBody {
    /// What to take back, in cents.
    #[schema(example = 1000, value_type = i64, minimum = 1, maximum = 1_000_000_000_000_000_i64)]
    amount: Cents,
    /// Why, for the journal.
    #[schema(example = "Paid twice", min_length = 1, max_length = 255)]
    reason: String,
}

impl DebitBody {
    fn read(fields: &Object) -> Result<Self, Problem> {
        match (amount(fields.get("amount"), MAX_TRANSFER), text(fields, "reason")) {
            (Ok(amount), Ok(reason)) => Ok(Self { amount, reason }),
            (amount, reason) => {
                let amount = amount.err().map(|sentence| ("amount", sentence));
                let reason = reason.err().map(|sentence| ("reason", sentence));
                Err(Problem::Fields(amount.into_iter().chain(reason).collect()))
            }
        }
    }
}

/// Take unspent money back.
///
/// Takes money that the recipient has not withdrawn back into the payout balance. Where it takes two people, it is proposed
/// instead (202).
#[utoipa::path(
    post, path = "/payout/users/{id}/debit", tag = "Payout users", operation_id = "debitUser", request_body = DebitBody, security(("secret_key" = [])),
    params(("id" = String, Path, description = "usr_…"), ("Idempotency-Key" = Option<String>, Header, description = "Up to 255 printable ASCII characters")),
    responses((status = 200, description = "The user afterwards", body = User), (status = 202, description = "It takes two people here: proposed, and not done yet", body = ProposalShown),
        (status = 400, description = "Invalid fields, malformed JSON, or too little money (`invalid_request`, `unknown_field`, `insufficient_balance`, `insufficient_user_balance`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 404, description = "No such payout user (`payout_user_not_found`)"),
        (status = 413, description = "The body is larger than 64 KiB"), (status = 415, description = "The body is not declared as JSON"),
        (status = 422, description = "The idempotency key was used for another request"),
        (status = 429, description = "Too many requests"), (status = 503, description = "Busy; nothing was changed")))]
pub async fn debit(
    State(door): State<Arc<Door>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let once = once_key(&parts.headers)?;
    let user = door.user_number(caller, &id)?;
    let DebitBody { amount, reason } = DebitBody::read(&body::object(&parts, body, LARGEST).await?)?;
    let done = door.counter(caller).once(once).debit(user, amount, reason.clone()).await;
    let what = Proposed::Debit { user, amount };
    let done = match done_or_proposed(&door, caller, (what, &reason, once), done).await? {
        Ok(done) => done,
        Err(proposed) => return Ok(proposed),
    };
    let body = show::user(door.platform.secrets.ids(), caller.book, &done.value, None);
    Ok(show::done(&done, StatusCode::OK, &body))
}
