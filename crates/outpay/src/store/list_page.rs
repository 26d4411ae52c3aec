//! What a list is asked for and what it answers: order, place, page, count. Not here: how a page is read (lists.rs).

/// Counts are exact up to here.
pub const MOST_COUNTED: i64 = 10_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListOrder {
    #[default]
    Newest,
    Oldest,
    /// By amount, the largest first.
    Largest,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListPlace<P = i64> {
    #[default]
    Start,
    /// After the row with this number, in the order of the list.
    After(P),
    /// The page whose last row comes before this one.
    Before(P),
}

/// Which page.
#[derive(Clone, Copy, Debug)]
pub struct ListWindow {
    pub order: ListOrder,
    pub place: ListPlace,
    pub limit: i64,
    /// Whether to count all rows too.
    pub counts: bool,
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListCount {
    /// At most one more than [`MOST_COUNTED`].
    pub found: i64,
    /// False where there may be more than were looked at.
    pub is_all: bool,
}

/// What is shown of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPage<T, P = i64> {
    pub rows: Vec<T>,
    /// The place before which there is a page.
    pub previous: Option<P>,
    /// The place after which there is one.
    pub next: Option<P>,
    pub count: ListCount,
}

impl<T, P> Default for ListPage<T, P> {
    /// Nothing.
    fn default() -> Self {
        Self { rows: Vec::new(), previous: None, next: None, count: ListCount::default() }
    }
}

impl<T, P> ListPage<T, P> {
    /// The same places around other rows.
    pub(super) fn with<U>(self, rows: Vec<U>) -> ListPage<U, P> {
        ListPage { rows, previous: self.previous, next: self.next, count: self.count }
    }
}
