//! `/dashboard/import/{id}`: one file of payments: totals and duplicates before it is confirmed, progress while it runs, results
//! afterwards.

use crate::audit_log::Names;
use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::frame::Frame;
use crate::dashboard::door::posted::Posted;
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{download, notice};
use crate::ids::IdKind;
use crate::imports::similar::{Similar, similar};
use crate::imports::{self, Approved, ConfirmedImport};
use crate::roles::Permission;
use crate::sheet::{self, CURRENCY, Sheet};
use crate::store::{Import, ImportLine, ImportState, LineState};
use crate::web::page;
use axum::extract::Path;
use axum::response::Response;
use http::header::REFRESH;
use http::{HeaderValue, StatusCode};
use ledger::Cents;

/// Lines and repeated addresses that the page shows.
const SHOWN: i64 = 100;

#[derive(askama::Template)]
#[template(path = "dashboard/money/import.html")]
struct ImportPage {
    frame: Frame,
    id: String,
    import: Import,
    brought_by: String,
    confirmed_by: String,
    pays: bool,
    approves: bool,
    payout: Cents,
    progress: Vec<(LineState, i64, Cents)>,
    lines: Vec<ImportLine>,
    repeats: Vec<(String, i64)>,
    /// Earlier imports of the same file: id and state.
    before: Vec<(String, ImportState)>,
    /// Earlier imports of other files that pay the same people, newest first.
    similar: Vec<Likeness>,
}

/// An earlier import that this one resembles.
struct Likeness {
    id: String,
    name: String,
    /// How many lines the two have in common.
    repeated: i64,
    by: String,
    at: i64,
}

impl Likeness {
    fn new(who: &SignedIn, names: &Names, similar: Similar) -> Self {
        let Similar { import, repeated } = similar;
        let (id, by) = (id(who, import.number), names.of(import.actor));
        Self { id, name: import.name, repeated, by, at: import.created_at }
    }
}

impl ImportPage {
    fn is(&self, state: ImportState) -> bool {
        self.import.state == state
    }

    fn count(&self, state: LineState) -> i64 {
        self.progress.iter().find(|of| of.0 == state).map_or(0, |of| of.1)
    }

    fn tried(&self) -> i64 {
        self.import.lines - self.count(LineState::Open)
    }
}

/// The page. It refreshes itself while the import is running.
pub async fn view(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let import = find(&who, &id).await?;
    let store = &who.platform.store;
    let names = Names::load(&who.platform, who.business.number).await?;
    let before = store.imports_of_file(who.book, &import.digest).await?;
    let before =
        before.into_iter().filter(|of| of.number < import.number && of.state != ImportState::Discarded);
    let similar = match import.state {
        ImportState::Draft | ImportState::Waiting => similar(&who.platform, who.book, &import).await?,
        _ => Vec::new(),
    };
    let shown = ImportPage {
        similar: similar.into_iter().map(|of| Likeness::new(&who, &names, of)).collect(),
        frame: Frame::new(&who, "import", "Import").under("/dashboard/import", "Imports"),
        brought_by: names.of(import.actor),
        confirmed_by: names.of(import.confirmed_by),
        pays: who.may(Permission::PayPeople),
        approves: who.may(Permission::ReviewWithdrawals)
            && ![import.actor, import.confirmed_by].contains(&who.actor()),
        payout: store.own_balances(who.book).await?.1,
        progress: store.import_progress(who.book, import.number).await?,
        lines: store.import_lines(who.book, import.number, 0, SHOWN).await?,
        repeats: store.import_repeats(who.book, import.number, SHOWN).await?,
        before: before.map(|of| (self::id(&who, of.number), of.state)).collect(),
        id,
        import,
    };
    let mut response = page::html(StatusCode::OK, &shown);
    if shown.is(ImportState::Running) {
        response.headers_mut().insert(REFRESH, HeaderValue::from_static("2"));
    }
    Ok(response)
}

/// The import behind `imp_…` in the book that the session looks at.
pub(crate) async fn find(who: &SignedIn, id: &str) -> Result<Import, Declined> {
    let number = who.platform.secrets.ids().open(IdKind::Import, who.book, id).ok_or(Declined::NotFound)?;
    who.platform.store.import(who.book, number).await?.ok_or(Declined::NotFound)
}

/// A state's badge: class and word.
pub(crate) fn badge(state: ImportState) -> (&'static str, &'static str) {
    let class = match state {
        ImportState::Draft | ImportState::Discarded => "badge-quiet",
        ImportState::Waiting | ImportState::Running => "badge-warn",
        ImportState::Done => "badge-good",
    };
    (class, state.word())
}

/// `imp_…`
pub(crate) fn id(who: &SignedIn, number: i64) -> String {
    imports::id(&who.platform, who.book, number)
}

/// A member's decision on an import: confirm, approve, discard, retry. Each is in the audit log.
pub async fn decide(Path(id): Path<String>, posted: Posted) -> Result<Response, Declined> {
    let Posted { who, form } = posted;
    let how = form.get("how").to_owned();
    who.require(if how == "approve" { Permission::ReviewWithdrawals } else { Permission::PayPeople })?;
    let found = find(&who, &id).await?;
    let (platform, book, actor) = (&who.platform, who.book, who.actor());
    let word = match how.as_str() {
        "confirm" => match imports::confirm(platform, book, &found, form.get("again_as"), actor).await? {
            ConfirmedImport::Runs => "The payments are being made.",
            ConfirmedImport::Waits => "Confirmed. Another member must approve it.",
            ConfirmedImport::IsSimilar => {
                return Err(Declined::sentence(
                    "These recipients are in an earlier import with the same amounts. Check it, then confirm that they are paid again.",
                ));
            }
            ConfirmedImport::Gone => return Err(gone()),
        },
        "approve" => match imports::approve(platform, book, &found, actor).await? {
            Approved::Runs => "Approved. The payments are being made.",
            Approved::IsOwn => {
                return Err(Declined::sentence("Another member must approve your import."));
            }
            Approved::Gone => return Err(gone()),
        },
        "discard" if imports::discard(platform, book, &found, actor).await? => {
            "Import discarded. Nothing was paid."
        }
        "retry" if imports::retry(platform, book, &found, actor).await? => "Retrying.",
        "discard" | "retry" => return Err(gone()),
        _ => return Err(Declined::sentence("Choose what to do.")),
    };
    let mut response = page::see_other(&format!("/dashboard/import/{id}"));
    notice::leave(&mut response, word);
    Ok(response)
}

fn gone() -> Declined {
    Declined::sentence("The state of this import has changed. Check it again.")
}

const PAGE: i64 = 1_000;

/// The result of every line as a CSV.
pub async fn download_result(who: SignedIn, Path(id): Path<String>) -> Result<Response, Declined> {
    let found = find(&who, &id).await?;
    let mut sheet = Sheet::new(&["line", "email", "amount", "currency", "reference", "status", "detail"]);
    let mut after = 0;
    loop {
        let lines = who.platform.store.import_lines(who.book, found.number, after, PAGE).await?;
        let Some(last) = lines.last() else { break };
        after = last.line;
        for line in lines {
            let (number, amount, state) =
                (line.line.to_string(), sheet::money(line.amount), line.state.word());
            sheet.row(&[&number, &line.email, &amount, CURRENCY, &line.reference, state, &line.detail]);
        }
    }
    Ok(download::csv("import-result.csv", sheet))
}

/// An invented one, for snapshots.
#[cfg(test)]
pub(crate) fn invented(state: ImportState) -> Import {
    Import {
        number: 2,
        name: "march.csv".to_owned(),
        digest: [7; 32],
        lines: 3,
        total: Cents(3_600),
        actor: ledger::Actor::member(1),
        confirmed_by: ledger::Actor::NONE,
        state,
        created_at: 1_800_000_000_000_000,
        changed_at: 1_800_000_060_000_000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::snapshot;

    #[test]
    fn page_import() {
        let line = |line, email: &str, amount| ImportLine {
            line,
            email: email.to_owned(),
            amount: Cents(amount),
            reference: String::new(),
            metadata: ledger::Metadata::default(),
            state: LineState::Open,
            detail: String::new(),
        };
        snapshot(
            "import",
            &ImportPage {
                frame: Frame::sample("import", "Import"),
                id: "imp_2".to_owned(),
                import: invented(ImportState::Draft),
                brought_by: "Ada Example (ada@example.com)".to_owned(),
                confirmed_by: "Outpay".to_owned(),
                pays: true,
                approves: false,
                payout: Cents(2_000),
                progress: vec![(LineState::Open, 3, Cents(3_600))],
                lines: vec![
                    line(2, "ada@example.com", 1_200),
                    line(3, "bob@example.com", 1_200),
                    line(4, "ada@example.com", 1_200),
                ],
                repeats: vec![("ada@example.com".to_owned(), 2)],
                before: vec![("imp_1".to_owned(), ImportState::Done)],
                similar: vec![Likeness {
                    id: "imp_1".to_owned(),
                    name: "march.csv".to_owned(),
                    repeated: 3,
                    by: "Operator".to_owned(),
                    at: 1_800_000_000_000_000,
                }],
            },
        );
    }
}
