//! A request between its connection and the router, and the answer on its way back: both tell the connection how far they are.

use super::activity::Activity;
use super::limits::ConnectionLimits;
use super::{MOST_RESETS, MOST_STREAMS, Site};
use crate::commit::NoVerdict;
use crate::http::observe::Crowded;
use crate::http::problem::Problem;
use crate::http::protocol;
use crate::http::rate_limit::ClientAddress;
use crate::http::request_id::FromTrustedProxy;
use crate::http::security_headers;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::IntoResponse;
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Response, Version};
use hyper::body::{Frame, Incoming, SizeHint};
use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tower_service::Service;

/// Answers are written in pieces of this size, so that what a client does not take stays in one place in memory, and is noticed.
const PIECE: usize = 16 * 1024;

/// Answers the requests of one connection.
#[derive(Clone)]
pub(super) struct Responder {
    pub(super) site: Arc<Site>,
    pub(super) peer: IpAddr,
    pub(super) activity: Arc<Activity>,
    /// Only probes are answered.
    pub(super) is_reserve: bool,
}

impl Responder {
    pub(super) async fn answer(self, request: Request<Incoming>) -> Result<Response<SentBody>, Infallible> {
        let Self { site, peer, activity, is_reserve } = self;
        let _working = Working::begin(Arc::clone(&activity));
        let is_http1 = request.version() < Version::HTTP_2;
        let mut request: Request =
            request.map(|body| Body::new(ReceivedBody { body, activity: Arc::clone(&activity) }));
        let client = site.proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
        if site.proxies.contains(peer) {
            request.extensions_mut().insert(FromTrustedProxy);
        }
        protocol::settle_host(&mut request);
        if is_reserve {
            request.extensions_mut().insert(Crowded);
        }
        let is_last = is_reserve || activity.in_a_row() >= site.limits.pipelined;
        let mut response = site.router.clone().call(request).await?;
        security_headers::add(response.headers_mut(), site.tls.is_some());
        if is_last && is_http1 {
            // What a client has sent beyond that is read for a moment and dropped.
            activity.leaves_unread();
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response.map(|body| SentBody::new(body, activity, &site.limits)))
    }
}

impl Responder {
    /// The same for HTTP/2, where a client can reset one request, and hyper then drops it. It runs apart, so that it is carried out,
    /// logged and counted all the same. Both the requests that run so and the resets are bounded.
    pub(super) async fn answer_apart(
        self,
        request: Request<Incoming>,
    ) -> Result<Response<SentBody>, Infallible> {
        let activity = Arc::clone(&self.activity);
        if activity.working() >= MOST_STREAMS {
            let busy = Problem::NoVerdict(NoVerdict::Busy).into_response();
            return Ok(busy.map(|body| SentBody::new(body, activity, &self.site.limits)));
        }
        let mut answered = AwaitedAnswer { activity: &activity, is_done: false };
        let answer = tokio::spawn(self.answer(request)).await;
        answered.is_done = true;
        answer.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
    }
}

/// Notices where a request was dropped before its answer.
struct AwaitedAnswer<'a> {
    activity: &'a Activity,
    is_done: bool,
}

impl Drop for AwaitedAnswer<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.activity.was_reset(MOST_RESETS);
        }
    }
}

/// Ends with the request, also where its handler panics.
struct Working(Arc<Activity>);

impl Working {
    fn begin(activity: Arc<Activity>) -> Self {
        activity.works();
        Self(activity)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.has_worked();
    }
}

/// The body of a request. Where it is dropped before its end, the client may still be sending it.
struct ReceivedBody {
    body: Incoming,
    activity: Arc<Activity>,
}

impl HttpBody for ReceivedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for ReceivedBody {
    fn drop(&mut self) {
        if !self.body.is_end_stream() {
            self.activity.leaves_unread();
        }
    }
}

/// The body of an answer.
pub(super) struct SentBody {
    body: Body,
    /// What is left of the piece that the body gave.
    rest: Bytes,
    activity: Arc<Activity>,
}

impl SentBody {
    fn new(body: Body, activity: Arc<Activity>, limits: &ConnectionLimits) -> Self {
        activity.sends(limits, body.size_hint().lower());
        Self { body, rest: Bytes::new(), activity }
    }
}

impl HttpBody for SentBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, of_body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

impl Drop for SentBody {
    fn drop(&mut self) {
        self.activity.has_sent();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn an_answer_is_sent_in_pieces_of_its_length() {
        let activity = Arc::new(Activity::begin());
        let text: Vec<u8> = (0..40_000u32).map(|n| n as u8).collect();
        let limits = ConnectionLimits::default();
        let mut body = SentBody::new(Body::from(text.clone()), Arc::clone(&activity), &limits);
        assert_eq!(body.size_hint().exact(), Some(40_000));
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            pieces.push(frame.unwrap().into_data().unwrap());
            assert_eq!(activity.idle_since(), None, "the answer is being sent");
        }
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [PIECE, PIECE, 40_000 - 2 * PIECE]);
        assert_eq!(pieces.concat(), text);
        drop(body);
        assert!(activity.idle_since().is_some());
    }
}
