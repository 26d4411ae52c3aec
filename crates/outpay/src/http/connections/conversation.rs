//! An HTTP/1.1 connection as hyper reads and writes it, with three things that hyper does not do: an error of its parser is
//! answered like every other error, a head that does not become complete is answered, and a client that is still sending gets to
//! read its answer before the connection ends.

use super::activity::Activity;
use super::limits::MOST_DRAINED;
use bytes::{Buf, Bytes};
use http::StatusCode;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The bytes of the answer to a request that could not be parsed.
pub(super) type AnswerUnparsed = Box<dyn Fn(StatusCode) -> Bytes + Send + Sync>;

pub(super) struct Conversation<S> {
    stream: S,
    activity: Arc<Activity>,
    answer_unparsed: AnswerUnparsed,
    /// What is still to be written of such an answer.
    last_words: Option<Bytes>,
    is_shut: bool,
    drained: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>, answer_unparsed: AnswerUnparsed) -> Self {
        Self { stream, activity, answer_unparsed, last_words: None, is_shut: false, drained: 0 }
    }

    fn poll_last_words(&mut self, context: &mut Context<'_>, status: StatusCode) -> Poll<io::Result<()>> {
        let words = self.last_words.get_or_insert_with(|| (self.answer_unparsed)(status));
        while words.has_remaining() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, words))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            words.advance(written);
        }
        self.activity.leaves_unread();
        Poll::Ready(Ok(()))
    }

    /// Writes our answer in place of the one that hyper's parser gives, which has no body. Its status is kept.
    fn poll_instead_of(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let status = bytes.get(9..12).and_then(|digits| StatusCode::from_bytes(digits).ok());
        ready!(self.poll_last_words(context, status.unwrap_or(StatusCode::BAD_REQUEST)))?;
        Poll::Ready(Ok(bytes.len()))
    }

    /// Reads and drops what the client is still sending. Time is bounded by [`Activity::judge`].
    fn poll_drain(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [0; 16 * 1024];
        while self.drained < MOST_DRAINED {
            let mut into = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(context, &mut into));
            if read.is_err() || into.filled().is_empty() {
                break;
            }
            self.drained += into.filled().len();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Conversation<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.activity.head_is_late() {
            ready!(this.poll_last_words(context, StatusCode::REQUEST_TIMEOUT))?;
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, into);
        match &read {
            Poll::Pending => this.activity.waits_for_input(),
            Poll::Ready(_) => this.activity.has_read(&into.filled()[before..]),
        }
        read
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Conversation<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.activity.is_replying() {
            return Pin::new(&mut this.stream).poll_write(context, bytes);
        }
        this.poll_instead_of(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.activity.is_replying() {
            return Pin::new(&mut this.stream).poll_write_vectored(context, pieces);
        }
        this.poll_instead_of(context, pieces.first().map_or(&[], |piece| piece))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut this.stream).poll_flush(context))?;
        this.activity.has_flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_shut {
            ready!(Pin::new(&mut this.stream).poll_shutdown(context))?;
            this.is_shut = true;
        }
        if this.activity.is_unread() {
            this.activity.lingers();
            ready!(this.poll_drain(context));
        }
        Poll::Ready(Ok(()))
    }
}
