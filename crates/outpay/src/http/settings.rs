//! A business's settings: payouts on or off, the terms of every method, expiry. `PUT` merges what is sent into what is set, at
//! every level; `If-Match` refuses it where another change came first.

use super::body::{self, LARGEST};
use super::door::Door;
use super::etag::{if_match, tagged};
use super::json::{Json, Object};
use super::problem::Problem;
use super::proposals::{ProposalShown, propose_instead};
use super::show;
use super::terms::{MethodTerms, TermsPatch};
use crate::business::origins;
use crate::business::settings::{self, CurrentSettings, MOST_DAYS};
use crate::proposals::Proposed;
use crate::store::SettingsChange;
use axum::extract::{Request, State};
use axum::response::Response;
use ledger::{Actor, BookId, Cents, MAX_TRANSFER, Mode};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// All settings.
#[derive(Debug, Serialize, ToSchema)]
pub struct Settings {
    /// May people be given money, and withdraw it?
    pub payouts_enabled: bool,
    /// After so many days without a movement a person's money goes back to the payout balance; null: never.
    #[schema(required)]
    pub expiry_days: Option<i64>,
    /// Origins of pages whose scripts may call the hash endpoints in a browser.
    #[schema(max_items = 20, example = json!(["https://shop.example"]))]
    pub allowed_origins: Vec<String>,
    /// Above how many cents settling, returning, resolving and debits take two people; while it is set, so do changes of limits,
    /// review rules, keys and roles. Null: never.
    #[schema(required)]
    pub two_people_above: Option<i64>,
    /// The terms of each method, by its name.
    pub methods: BTreeMap<String, MethodTerms>,
}

/// Get the settings.
///
/// Payouts on or off, expiry, allowed origins, when two people are needed, and the terms of every method.
#[utoipa::path(
    get, path = "/payout/settings", tag = "Settings", operation_id = "getSettings", security(("secret_key" = [])),
    responses((status = 200, description = "All settings", body = Settings, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 401, description = "No valid secret key"), (status = 429, description = "Too many requests")))]
pub async fn settings(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let caller = door.business(&parts).await?;
    Ok(shown(&settings::current(&door.platform, caller.book).await?))
}

fn shown(current: &CurrentSettings) -> Response {
    let terms = current.methods.iter().map(|(name, terms)| (name.clone(), MethodTerms::from(terms)));
    let body = Settings {
        payouts_enabled: current.payouts_enabled(),
        expiry_days: current.expiry_days(),
        allowed_origins: current.allowed_origins().to_vec(),
        two_people_above: current.two_people_above().map(|above| above.0),
        methods: terms.collect(),
    };
    tagged(show::ok(&body), &current.tag())
}

/// What to send; what is left out stays as it is.
#[derive(Default, ToSchema)]
pub struct SettingsBody {
    /// May people be given money, and withdraw it? Both modes; needs a live key.
    payouts_enabled: Option<bool>,
    /// 1 to 36500; 0 or null: money stays for ever.
    #[schema(example = 365, value_type = Option<i64>, minimum = 0, maximum = 36500)]
    expiry_days: Option<Option<i64>>,
    /// All origins of pages whose scripts may call the hash endpoints, for live and test mode; at most 20, none for an empty list.
    /// https, or http on this machine.
    #[schema(max_items = 20)]
    allowed_origins: Option<Vec<String>>,
    /// Cents; null: never. To raise it, or to end it, takes two people itself.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    two_people_above: Option<Option<Cents>>,
    /// Changes of terms, by method.
    #[schema(value_type = Option<BTreeMap<String, TermsPatch>>)]
    methods: Vec<(String, TermsPatch)>,
}

/// Change the settings.
///
/// Merges what is sent into what is set, at every level: what is left out stays, and `null` takes a limit away. Send the
/// `ETag` of what you read as `If-Match` to change nothing that another changed meanwhile.
#[utoipa::path(
    put, path = "/payout/settings", tag = "Settings", operation_id = "updateSettings", request_body = SettingsBody, security(("secret_key" = [])),
    params(("If-Match" = Option<String>, Header, description = "The ETag of the settings that the change was made from")),
    responses((status = 200, description = "All settings afterwards", body = Settings, headers(("ETag" = String, description = "Send it back as If-Match"))),
        (status = 202, description = "It takes two people here: proposed, and not done yet", body = ProposalShown), (status = 400, description = "Invalid fields, or malformed JSON (`invalid_request`, `unknown_field`; bare)"),
        (status = 401, description = "No valid secret key"), (status = 412, description = "The settings are not those of If-Match; nothing was set (`precondition_failed`)"),
        (status = 413, description = "The body is larger than 64 KiB"),
        (status = 415, description = "The body is not declared as JSON"), (status = 429, description = "Too many requests"),
        (status = 503, description = "Busy; try again")))]
pub async fn settings_set(State(door): State<Arc<Door>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let caller = door.business(&parts).await?;
    let condition = if_match(&parts.headers)?;
    let body = SettingsBody::read(&door, caller.book, &body::object(&parts, body, LARGEST).await?)?;
    door.still_authenticates(caller).await?;
    let wanted = |current: &CurrentSettings| {
        if !condition.holds(Some(&current.tag())) {
            return Err(Problem::PreconditionFailed);
        }
        body.onto(current)
    };
    let change = wanted(&settings::current(&door.platform, caller.book).await?)?;
    if settings::takes_two(&door.platform, caller.book, Actor(caller.subject), &change).await? {
        return propose_instead(&door, caller, Proposed::Settings(Box::new(change))).await;
    }
    settings::change_from(&door.platform, caller.book, Actor(caller.subject), wanted).await?;
    Ok(shown(&settings::current(&door.platform, caller.book).await?))
}

impl SettingsBody {
    /// Everything is checked before anything is set, and all problems are named together.
    fn read(door: &Door, book: BookId, fields: &Object) -> Result<Self, Problem> {
        let mut body = Self::default();
        let mut problems: Vec<(&'static str, String)> = Vec::new();
        match fields.get("payouts_enabled") {
            None => {}
            // The switch covers both books, and a test key must not change the live one.
            Some(Json::Bool(_)) if book.mode() == Mode::Test => {
                problems.push((
                    "payouts_enabled",
                    "The payouts_enabled can only be changed with a live key.".to_owned(),
                ));
            }
            Some(Json::Bool(enabled)) => body.payouts_enabled = Some(*enabled),
            Some(_) => {
                problems.push(("payouts_enabled", "The payouts_enabled must be true or false.".to_owned()))
            }
        }
        match fields.sent("expiry_days") {
            None => {}
            Some(Json::Null) => body.expiry_days = Some(None),
            Some(Json::Integer(days)) if (0..=MOST_DAYS).contains(days) => {
                body.expiry_days = Some(Some(*days).filter(|days| *days > 0));
            }
            Some(_) => {
                problems.push((
                    "expiry_days",
                    format!("The expiry_days must be an integer from 0 to {MOST_DAYS}, or null for never."),
                ));
            }
        }
        match fields.get("allowed_origins").map(|origins| allowed_origins(origins, book)) {
            None => {}
            Some(Ok(origins)) => body.allowed_origins = Some(origins),
            Some(Err(sentence)) => problems.push(("allowed_origins", sentence.to_owned())),
        }
        match fields.sent("two_people_above") {
            None => {}
            Some(Json::Null) => body.two_people_above = Some(None),
            Some(Json::Integer(cents)) if (0..=MAX_TRANSFER.0).contains(cents) => {
                body.two_people_above = Some(Some(Cents(*cents)));
            }
            Some(_) => {
                let most = MAX_TRANSFER.0;
                let sentence =
                    format!("The two_people_above must be an integer from 0 to {most}, or null for never.");
                problems.push(("two_people_above", sentence));
            }
        }
        match fields.get("methods") {
            None => {}
            Some(Json::Object(methods)) => {
                for (name, value) in methods.entries() {
                    let wrong = |sentence: String| ("methods", sentence);
                    if door.platform.rails.get(book.mode(), name).is_none() {
                        problems.push(wrong(format!("There is no method {name:?}.")));
                        continue;
                    }
                    match TermsPatch::read(name, value) {
                        Ok(patch) => body.methods.push((name.to_owned(), patch)),
                        Err(sentences) => problems.extend(sentences.into_iter().map(wrong)),
                    }
                }
            }
            Some(_) => problems.push(("methods", "The methods must be an object.".to_owned())),
        }
        if problems.is_empty() { Ok(body) } else { Err(Problem::Fields(problems)) }
    }

    /// The change that this makes of the present settings.
    fn onto(&self, current: &CurrentSettings) -> Result<SettingsChange, Problem> {
        let mut terms = Vec::new();
        let mut problems = Vec::new();
        for (name, patch) in &self.methods {
            let Some(set) = current.methods.get(name) else { continue };
            let new = patch.onto(set);
            match new.problem() {
                Some(problem) => problems.push(("methods", format!("{name}: {problem}"))),
                None => terms.push((name.clone(), new)),
            }
        }
        if !problems.is_empty() {
            return Err(Problem::Fields(problems));
        }
        let Self { payouts_enabled, expiry_days, .. } = *self;
        Ok(SettingsChange {
            payouts_enabled,
            expiry_days,
            allowed_origins: self.allowed_origins.clone(),
            two_people_above: self.two_people_above,
            terms,
            ..SettingsChange::default()
        })
    }
}

fn allowed_origins(value: &Json, book: BookId) -> Result<Vec<String>, &'static str> {
    // The origins are those of both books, and a test key must not change the live one.
    if book.mode() == Mode::Test {
        return Err(
            "The allowed_origins are those of live and test mode together; set them with a live key.",
        );
    }
    let wrong = "The allowed_origins must be a list of at most 20 origins such as https://shop.example.";
    let Json::Array(items) = value else { return Err(wrong) };
    let texts = items.iter().map(|item| match item {
        Json::String(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Option<Vec<_>>>().and_then(origins::allowed).ok_or(wrong)
}
