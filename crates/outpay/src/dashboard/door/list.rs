//! What all lists share: the one search field, dates, order, pages in both directions, the count, and the CSV of exactly what is shown.
//! Everything is in the URL, so a view can be kept as a bookmark. Not here: a list's own filters and rows, the store's part (store/lists.rs).

use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::dashboard::door::{amount, day};
use crate::format::grouped;
use crate::ids::IdKind;
use crate::search;
use crate::store::{
    Failure, ListCount, ListFilter, ListOrder, ListPage, ListPlace, ListWindow, MOST_COUNTED, SearchKind,
};
use ledger::{BookId, Cents, Micros};
use std::ops::Range;

/// Rows of a page.
const PAGE: i64 = 50;
/// Rows that an export reads at once.
const EXPORT_PAGE: i64 = 500;
/// Fewer bytes are in nearly every text.
const SHORTEST: usize = 2;
/// Longer texts are not searched for.
const LONGEST: usize = 200;
const DAY: Micros = 86_400_000_000;

/// What the list of one page is.
#[derive(Clone, Copy, Debug)]
pub struct ListKind {
    /// `/dashboard/users`
    pub path: &'static str,
    /// How its texts are indexed, if they are.
    pub search: Option<SearchKind>,
    /// The ids of its rows, if they have any.
    pub id: Option<IdKind>,
    /// Whether its rows have amounts, by which they can be found and sorted.
    pub has_amounts: bool,
    /// The names of its own filters.
    pub own: &'static [&'static str],
    /// Those of them that are folded away until one is set.
    pub rare: &'static [&'static str],
    /// One row, and many.
    pub nouns: (&'static str, &'static str),
}

/// A list as its URL asks for it.
#[derive(Clone, Debug)]
pub struct ListQuery {
    kind: ListKind,
    pub q: String,
    pub from: String,
    pub until: String,
    pub sort: String,
    after: String,
    before: String,
    own: Vec<(&'static str, String)>,
}

/// What the template of a list shows around its rows.
#[derive(Clone, Debug, Default)]
pub struct ListBar {
    pub path: &'static str,
    /// What its rows are called.
    pub rows: &'static str,
    pub q: String,
    pub from: String,
    pub until: String,
    /// Word, label, and whether it is chosen.
    pub sorts: Vec<(&'static str, &'static str, bool)>,
    pub is_filtered: bool,
    /// Whether a filter that is folded away is set.
    pub is_open: bool,
    /// What is wrong with the search.
    pub error: Option<String>,
    /// `1,234 recipients`
    pub count: String,
    pub export: String,
    pub previous: Option<String>,
    pub next: Option<String>,
    /// Rows that the search does not find yet, in a sentence.
    pub behind: Option<String>,
}

/// What was typed into the search field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypedSearch {
    Nothing,
    /// The number of a row, by its id.
    Row(i64),
    Amount(Cents),
    Text(String),
}

const SORTS: [(&str, &str, ListOrder); 3] = [
    ("", "Newest first", ListOrder::Newest),
    ("oldest", "Oldest first", ListOrder::Oldest),
    ("largest", "Largest amount first", ListOrder::Largest),
];

impl ListQuery {
    #[must_use]
    pub fn read(query: &Query, kind: ListKind) -> Self {
        let get = |name: &str| query.get(name).to_owned();
        Self {
            kind,
            q: get("q").chars().take(LONGEST).collect(),
            from: get("from"),
            until: get("until"),
            sort: get("sort"),
            after: get("after"),
            before: get("before"),
            own: kind.own.iter().map(|name| (*name, get(name))).collect(),
        }
    }

    /// One of the list's own filters; empty for any.
    #[must_use]
    pub fn own(&self, name: &str) -> &str {
        self.own.iter().find(|own| own.0 == name).map(|own| own.1.as_str()).unwrap_or_default()
    }

    /// The same, where the search came by an older name.
    #[must_use]
    pub fn or_q(mut self, older: &str) -> Self {
        if self.q.is_empty() {
            self.q = older.to_owned();
        }
        self
    }

    #[must_use]
    pub fn is_filtered(&self) -> bool {
        let own = self.own.iter().map(|own| &own.1);
        own.chain([&self.q, &self.from, &self.until]).any(|value| !value.is_empty())
    }

    /// How the search field is to be understood.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn typed(&self, who: &SignedIn) -> Result<TypedSearch, String> {
        if let Some(kind) = self.kind.id
            && let Some(number) = who.platform.secrets.ids().open(kind, who.book, &self.q)
        {
            return Ok(TypedSearch::Row(number));
        }
        typed(&self.q, self.kind.has_amounts)
    }

    /// The part of the filter that every list has.
    ///
    /// # Errors
    /// Says what is wrong with the dates.
    pub fn filter(&self, typed: &TypedSearch) -> Result<ListFilter, String> {
        Ok(ListFilter {
            text: if let TypedSearch::Text(text) = typed { text.clone() } else { String::new() },
            amount: if let TypedSearch::Amount(amount) = typed { Some(*amount) } else { None },
            created: dates(&self.from, &self.until)?,
        })
    }

    /// The order of the rows.
    #[must_use]
    pub fn order(&self) -> ListOrder {
        let sorts = SORTS
            .iter()
            .find(|sort| sort.0 == self.sort && (sort.2 != ListOrder::Largest || self.kind.has_amounts));
        sorts.map_or(ListOrder::Newest, |sort| sort.2)
    }

    /// The page that the URL asks for.
    #[must_use]
    pub fn window(&self, who: &SignedIn) -> ListWindow {
        let open = |id: &str| match self.kind.id {
            None => id.parse().ok(),
            Some(kind) => who.platform.secrets.ids().open(kind, who.book, id),
        };
        let place = match (open(&self.after), open(&self.before)) {
            (Some(number), _) => ListPlace::After(number),
            (None, Some(number)) => ListPlace::Before(number),
            (None, None) => ListPlace::Start,
        };
        ListWindow { order: self.order(), place, limit: PAGE, counts: true }
    }

    /// The window of an export that has come to this row.
    #[must_use]
    pub fn export_window(&self, after: Option<i64>) -> ListWindow {
        let place = after.map_or(ListPlace::Start, ListPlace::After);
        ListWindow { order: self.order(), place, limit: EXPORT_PAGE, counts: false }
    }

    /// Adds the newest rows to the index, if a search needs it; says how many are missing.
    pub async fn behind(&self, who: &SignedIn, typed: &TypedSearch) -> Result<i64, Failure> {
        let needs_index = matches!(typed, TypedSearch::Text(_) | TypedSearch::Amount(_))
            || self.order() == ListOrder::Largest;
        let Some(kind) = self.kind.search.filter(|_| needs_index) else { return Ok(0) };
        let book = match kind {
            SearchKind::AuditLog => BookId::new(who.business.number, ledger::Mode::Live),
            _ => who.book,
        };
        search::catch_up(&who.platform.store, book, kind).await
    }

    /// What is shown around a page.
    #[must_use]
    pub fn bar<T>(&self, who: &SignedIn, page: &ListPage<T>, error: Option<String>, behind: i64) -> ListBar {
        let seal = |number: i64| match self.kind.id {
            None => number.to_string(),
            Some(kind) => who.platform.secrets.ids().seal(kind, who.book, number),
        };
        let count = count(page.count, self.kind.nouns);
        self.around(count, page.previous.map(seal), page.next.map(seal), error, behind)
    }

    /// The same with places that are no numbers of rows.
    #[must_use]
    pub fn around(
        &self,
        count: String,
        previous: Option<String>,
        next: Option<String>,
        error: Option<String>,
        behind: i64,
    ) -> ListBar {
        let sorts = SORTS.iter().filter(|sort| sort.2 != ListOrder::Largest || self.kind.has_amounts);
        ListBar {
            path: self.kind.path,
            rows: self.kind.nouns.1,
            q: self.q.clone(),
            from: self.from.clone(),
            until: self.until.clone(),
            sorts: sorts.map(|sort| (sort.0, sort.1, sort.2 == self.order())).collect(),
            is_filtered: self.is_filtered(),
            is_open: self.kind.rare.iter().any(|name| !self.own(name).is_empty())
                || [&self.from, &self.until, &self.sort].into_iter().any(|value| !value.is_empty()),
            error,
            count,
            export: self.link(&format!("{}/export", self.kind.path), ("", "")),
            previous: previous.map(|before| self.link(self.kind.path, ("before", &before))),
            next: next.map(|after| self.link(self.kind.path, ("after", &after))),
            behind: behind_words(behind, self.kind.nouns),
        }
    }

    fn link(&self, path: &str, place: (&str, &str)) -> String {
        let own = self.own.iter().map(|(name, value)| (*name, value.as_str()));
        let shared = [
            ("q", self.q.as_str()),
            ("from", &self.from),
            ("until", &self.until),
            ("sort", &self.sort),
            place,
        ];
        let fields: Vec<(&str, &str)> = own.chain(shared).collect();
        query::path(path, &fields)
    }

    /// The text after which `after=` and `before=` say where the page begins, for lists whose places are no ids.
    #[must_use]
    pub fn places(&self) -> (&str, &str) {
        (&self.after, &self.before)
    }
}

/// Dollars with a sign or with cents are an amount; anything else is a part of a text.
fn typed(text: &str, has_amounts: bool) -> Result<TypedSearch, String> {
    if text.is_empty() {
        return Ok(TypedSearch::Nothing);
    }
    let is_money = text.starts_with('$')
        || text
            .rsplit_once('.')
            .is_some_and(|(_, cents)| cents.len() == 2 && cents.bytes().all(|byte| byte.is_ascii_digit()));
    if has_amounts
        && is_money
        && let Ok(Some(amount)) = amount::read("Amount", text)
    {
        return Ok(TypedSearch::Amount(amount));
    }
    if text.len() < SHORTEST {
        return Err("Enter at least two characters to search.".to_owned());
    }
    Ok(TypedSearch::Text(text.to_owned()))
}

/// From the beginning of one day to the end of another, in UTC; a missing day leaves that end open.
pub(crate) fn dates(from: &str, until: &str) -> Result<Option<Range<Micros>>, String> {
    if from.is_empty() && until.is_empty() {
        return Ok(None);
    }
    let days = day::range(from, until)?;
    let micros = |day: i64| day.saturating_mul(DAY);
    Ok(Some(micros(days.start)..micros(days.end)))
}

/// `1 recipient`, `1,234 recipients`, `10,000+ recipients`
pub(crate) fn count(count: ListCount, (one, many): (&str, &str)) -> String {
    let number = |number: i64| grouped(number.unsigned_abs(), ",");
    match count {
        ListCount { found, .. } if found > MOST_COUNTED => format!("{}+ {many}", number(MOST_COUNTED)),
        ListCount { found: 1, is_all: true } => format!("1 {one}"),
        ListCount { found, is_all: true } => format!("{} {many}", number(found)),
        ListCount { found, is_all: false } => format!("{} {many} or more", number(found)),
    }
}

fn behind_words(behind: i64, (one, many): (&str, &str)) -> Option<String> {
    let number = grouped(behind.unsigned_abs(), ",");
    match behind {
        0 => None,
        1 => Some(format!("The newest {one} is not in the search yet.")),
        MOST_COUNTED.. => Some(format!("The newest {many}, {number} or more, are not in the search yet.")),
        _ => Some(format!("The newest {number} {many} are not in the search yet.")),
    }
}

/// A bar with invented places, for snapshots.
#[cfg(test)]
pub(crate) fn sample_bar(path: &'static str, q: &str, count: &str) -> ListBar {
    ListBar {
        path,
        rows: "rows",
        q: q.to_owned(),
        sorts: SORTS.iter().map(|sort| (sort.0, sort.1, sort.0.is_empty())).collect(),
        is_filtered: !q.is_empty(),
        count: count.to_owned(),
        export: query::path(&format!("{path}/export"), &[("q", q)]),
        previous: Some(query::path(path, &[("q", q), ("before", "id_2")])),
        next: Some(query::path(path, &[("q", q), ("after", "id_1")])),
        ..ListBar::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_is_understood() {
        let text = |text: &str| Ok(TypedSearch::Text(text.to_owned()));
        for (q, understood) in [
            ("", Ok(TypedSearch::Nothing)),
            ("$25", Ok(TypedSearch::Amount(Cents(2_500)))),
            ("1,234.50", Ok(TypedSearch::Amount(Cents(123_450)))),
            ("25", text("25")),
            ("ada.co", text("ada.co")),
            ("$x", text("$x")),
            ("é", text("é")),
            ("a", Err("Enter at least two characters to search.".to_owned())),
        ] {
            assert_eq!(typed(q, true), understood, "{q}");
        }
        assert_eq!(typed("25.00", false), text("25.00"));
    }

    #[test]
    fn dates_are_whole_days_in_utc() {
        let day = DAY;
        assert_eq!(dates("", ""), Ok(None));
        assert_eq!(dates("1970-01-02", "1970-01-02"), Ok(Some(day..2 * day)));
        let open = |from: &str, until: &str| dates(from, until).unwrap().unwrap();
        assert!(open("1970-01-02", "").start == day && open("1970-01-02", "").end > 1_000_000 * day);
        assert!(open("", "1970-01-02").end == 2 * day && open("", "1970-01-02").start < -1_000_000 * day);
        for (from, until) in
            [("1970-01-03", "1970-01-02"), ("yesterday", ""), ("1970-13-01", ""), ("", "02.01.1970")]
        {
            assert!(dates(from, until).is_err(), "{from} {until}");
        }
    }

    #[test]
    fn a_count_says_whether_it_is_all() {
        let words = |found, is_all| count(ListCount { found, is_all }, ("payment", "payments"));
        assert_eq!(words(0, true), "0 payments");
        assert_eq!(words(1, true), "1 payment");
        assert_eq!(words(1_234, true), "1,234 payments");
        assert_eq!(words(10_000, true), "10,000 payments");
        assert_eq!(words(10_001, false), "10,000+ payments");
        assert_eq!(words(3, false), "3 payments or more");
    }
}
