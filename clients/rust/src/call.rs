//! A call before it is sent: what it may say beside its arguments.

use crate::door::{Door, random_key};
use crate::error::Error;
use reqwest::header::{HeaderName, IF_MATCH};
use reqwest::{Method, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

/// A call that is sent when it is awaited.
///
/// `.await` gives what was asked for; [`Call::send`] gives it with what stands around it.
#[must_use = "a call is sent when it is awaited"]
pub struct Call<T> {
    door: Arc<Door>,
    pub(crate) method: Method,
    pub(crate) url: Result<Url, Error>,
    pub(crate) body: Option<Result<Vec<u8>, Error>>,
    pub(crate) key: Key,
    pub(crate) headers: Vec<(HeaderName, String)>,
    answer: PhantomData<fn() -> T>,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What was asked for.
    pub value: T,
    /// The tag under which it can be changed: [`Call::if_match`].
    pub etag: Option<String>,
    /// What to quote to the operator of the server.
    pub request_id: Option<String>,
    /// Is it the answer to an earlier request under the same key?
    pub is_replayed: bool,
}

/// The idempotency key of a call.
pub(crate) enum Key {
    /// It takes none, and is sent once.
    None,
    Random,
    Given(String),
    /// One was given to a call that takes none.
    Misplaced,
}

impl Key {
    pub(crate) fn value(self) -> Result<Option<String>, Error> {
        match self {
            Self::None => Ok(None),
            Self::Random => Ok(Some(random_key())),
            Self::Given(key) if is_sendable(&key) => Ok(Some(key)),
            Self::Given(_) => Err(Error::Call("An idempotency key has 1 to 255 printable ASCII characters.")),
            Self::Misplaced => Err(Error::Call("This call takes no idempotency key.")),
        }
    }
}

fn is_sendable(key: &str) -> bool {
    (1..=255).contains(&key.len()) && key.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

impl<T> Call<T> {
    pub(crate) fn new(door: &Arc<Door>, method: Method, segments: &[&str]) -> Self {
        let url = door.url(segments).ok_or(Error::Call("An id is missing."));
        let key = if method == Method::POST { Key::Random } else { Key::None };
        let (body, headers, answer) = (None, Vec::new(), PhantomData);
        Self { door: Arc::clone(door), method, url, body, key, headers, answer }
    }

    /// The endpoint takes no idempotency key.
    pub(crate) fn once(mut self) -> Self {
        self.key = Key::None;
        self
    }

    pub(crate) fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        let text = serde_json::to_vec(body);
        self.body = Some(text.map_err(|_| Error::Call("The body cannot be written as JSON.")));
        self
    }

    pub(crate) fn query(mut self, pairs: &[(String, String)]) -> Self {
        if let (Ok(url), false) = (&mut self.url, pairs.is_empty()) {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        self
    }

    /// A key of your own in place of a random one, such as the number of an order: it works also over restarts of your
    /// process. Only for calls that change something.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        let takes_one = matches!(self.key, Key::Random | Key::Given(_));
        self.key = if takes_one { Key::Given(key.into()) } else { Key::Misplaced };
        self
    }

    /// Makes the change only where the resource still has this tag.
    pub fn if_match(mut self, etag: impl Into<String>) -> Self {
        self.headers.push((IF_MATCH, etag.into()));
        self
    }

    /// Echoed by the server, and in its log.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.headers.push((HeaderName::from_static("x-request-id"), id.into()));
        self
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends it, and gives the answer with its tag and id.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn send(self) -> Result<Answer<T>, Error> {
        let door = Arc::clone(&self.door);
        door.send(self).await
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(self.send().await?.value) })
    }
}
