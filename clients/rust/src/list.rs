//! Lists over all their pages, and what they are filtered by.

use crate::call::Call;
use crate::door::Door;
use crate::error::Error;
use futures_util::stream::{self, Stream, TryStreamExt};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// One page.
#[derive(Clone, Debug, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub data: Vec<T>,
    /// Are there more after these?
    pub has_more: bool,
    /// The `cursor` of the next page.
    pub next_cursor: Option<String>,
}

/// A list: [`List::next`] reads as many pages as it needs.
#[derive(Debug)]
pub struct List<T> {
    door: Arc<Door>,
    path: Vec<String>,
    query: Vec<(String, String)>,
    /// Where the next page begins; `None` where there is none any more.
    place: Option<Place>,
    read: VecDeque<T>,
}

#[derive(Debug)]
struct Place {
    cursor: Option<String>,
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    pub(crate) fn new(door: &Arc<Door>, path: &[&str], query: Query, cursor: Option<String>) -> Self {
        let path = path.iter().map(|segment| (*segment).to_owned()).collect();
        Self {
            door: Arc::clone(door),
            path,
            query: query.0,
            place: Some(Place { cursor }),
            read: VecDeque::new(),
        }
    }

    /// The next item; `None` after the last one.
    ///
    /// # Errors
    /// See [`Error`]. After an error it goes on where it was.
    pub async fn next(&mut self) -> Result<Option<T>, Error> {
        loop {
            if let Some(item) = self.read.pop_front() {
                return Ok(Some(item));
            }
            match self.next_page().await? {
                Some(page) => self.read.extend(page.data),
                None => return Ok(None),
            }
        }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn next_page(&mut self) -> Result<Option<Page<T>>, Error> {
        let Some(Place { cursor }) = &self.place else { return Ok(None) };
        // `after` and `cursor` mean the same, and the API takes one of them.
        let is_sent = |name: &str| !(name == "after" && cursor.is_some());
        let mut query: Vec<_> = self.query.iter().filter(|(name, _)| is_sent(name)).cloned().collect();
        query.extend(cursor.clone().map(|cursor| ("cursor".to_owned(), cursor)));
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let page: Page<T> = Call::new(&self.door, Method::GET, &path).query(&query).await?;
        if page.has_more && (page.next_cursor.is_none() || page.next_cursor == *cursor) {
            return Err(Error::Call("The list says that there is more and does not say where."));
        }
        self.place = page.has_more.then(|| Place { cursor: page.next_cursor.clone() });
        Ok(Some(page))
    }

    /// All items.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn all(self) -> Result<Vec<T>, Error> {
        self.into_stream().try_collect().await
    }

    /// As a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<T, Error>> + Send {
        stream::try_unfold(self, |mut list| async move { Ok(list.next().await?.map(|item| (item, list))) })
    }
}

/// The parts of a query.
#[derive(Default)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    pub(crate) fn with(mut self, name: &str, value: Option<impl ToString>) -> Self {
        self.0.extend(value.map(|value| (name.to_owned(), value.to_string())));
        self
    }

    fn bounds<B: ToString>(self, name: &str, bounds: Bounds<B>) -> Self {
        let Bounds { gte, gt, lte, lt } = bounds;
        [("gte", gte), ("gt", gt), ("lte", lte), ("lt", lt)]
            .into_iter()
            .fold(self, |query, (bound, value)| query.with(&format!("{name}[{bound}]"), value))
    }

    fn metadata(self, metadata: BTreeMap<String, String>) -> Self {
        let pairs = metadata.into_iter();
        pairs.fold(self, |query, (name, value)| query.with(&format!("metadata[{name}]"), Some(value)))
    }
}

/// At or after, after, at or before, before.
#[derive(Clone, Debug)]
pub struct Bounds<B> {
    /// At this or after.
    pub gte: Option<B>,
    /// After this.
    pub gt: Option<B>,
    /// At this or before.
    pub lte: Option<B>,
    /// Before this.
    pub lt: Option<B>,
}

impl<B> Default for Bounds<B> {
    fn default() -> Self {
        Self { gte: None, gt: None, lte: None, lt: None }
    }
}

/// How a list is read.
#[derive(Clone, Debug, Default)]
pub struct PageOptions {
    /// Items per page, 1 to 100. Default: 20.
    pub limit: Option<u8>,
    /// Begins at this page, the `next_cursor` of another.
    pub cursor: Option<String>,
}

/// What users are found by; all that are given must fit.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Their address.
    pub email: Option<String>,
    /// `active` or `inactive`.
    pub status: Option<String>,
    /// A reference that they were paid under.
    pub reference: Option<String>,
    /// Metadata of one of their payouts.
    pub metadata: BTreeMap<String, String>,
    /// RFC 3339.
    pub created: Bounds<String>,
    /// How it is read.
    pub page: PageOptions,
}

/// What a user's operations are found by; all that are given must fit.
#[derive(Clone, Debug, Default)]
pub struct OperationFilter {
    /// Of a credit.
    pub reference: Option<String>,
    /// Of a credit.
    pub metadata: BTreeMap<String, String>,
    /// RFC 3339.
    pub created: Bounds<String>,
    /// Cents, without a sign.
    pub amount: Bounds<i64>,
    /// How it is read.
    pub page: PageOptions,
}

/// What withdrawals are found by; all that are given must fit.
#[derive(Clone, Debug, Default)]
pub struct WithdrawalFilter {
    /// For example `review`.
    pub status: Option<String>,
    /// `usr_…`
    pub user: Option<String>,
    /// The method's name.
    pub method: Option<String>,
    /// How it is read.
    pub page: PageOptions,
}

impl UserFilter {
    pub(crate) fn query(self) -> (Query, Option<String>) {
        let query = Query::default()
            .with("email", self.email)
            .with("status", self.status)
            .with("reference", self.reference)
            .metadata(self.metadata)
            .bounds("created", self.created);
        self.page.query(query)
    }
}

impl OperationFilter {
    pub(crate) fn query(self) -> (Query, Option<String>) {
        let query = Query::default()
            .with("reference", self.reference)
            .metadata(self.metadata)
            .bounds("created", self.created)
            .bounds("amount", self.amount);
        self.page.query(query)
    }
}

impl WithdrawalFilter {
    pub(crate) fn query(self) -> (Query, Option<String>) {
        let query = Query::default();
        let query = query.with("status", self.status).with("user", self.user).with("method", self.method);
        self.page.query(query)
    }
}

impl PageOptions {
    pub(crate) fn query(self, query: Query) -> (Query, Option<String>) {
        (query.with("limit", self.limit), self.cursor)
    }
}
