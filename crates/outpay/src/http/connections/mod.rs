//! Connections: accepted, bounded in number and in time, spoken to in HTTP or HTTPS, ended in good order. Invariant: no client
//! can hold a connection for longer than its limits, whatever it sends or does not read.

mod activity;
mod conversation;
mod limits;
mod places;
mod responder;
mod socket;
mod unparsed;

pub use limits::{ConnectionLimits, in_all};
pub use places::ConnectionMeasures;
pub(super) use places::ConnectionPlaces;

use super::door::Door;
use super::proxies::TrustedProxies;
use super::tls::{Certificate, H2};
use activity::{Activity, Judgement};
use axum::Router;
use conversation::Conversation;
use http::StatusCode;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use places::ConnectionPlace;
use responder::Responder;
use socket::Socket;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio_rustls::server::TlsStream;

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
const HEADER_BYTES: usize = 32 * 1024;
/// Requests of one HTTP/2 connection at the same time.
const MOST_STREAMS: u32 = 64;
/// Streams that the client resets before they are accepted, and that we reset for its errors.
const MOST_PENDING_RESETS: usize = 20;
const MOST_RESETS: usize = 200;
const HEADER_LIST: u32 = 32 * 1024;
/// What the client may send before it is read.
const STREAM_WINDOW: u32 = 128 * 1024;
const CONNECTION_WINDOW: u32 = 1024 * 1024;
const SEND_BUFFER_OF_STREAM: usize = 32 * 1024;
const BETWEEN_PINGS: Duration = Duration::from_secs(20);
const BACKLOG: u32 = 1024;
/// What the kernel keeps for a client that does not read. It would otherwise grow to some megabytes for each.
const SEND_BUFFER: u32 = 128 * 1024;

/// What answers on one address.
pub(super) struct Site {
    pub(super) router: Router,
    pub(super) proxies: TrustedProxies,
    pub(super) door: Arc<Door>,
    pub(super) tls: Option<Arc<Certificate>>,
    pub(super) limits: ConnectionLimits,
    pub(super) places: Arc<ConnectionPlaces>,
    /// True when the process is to end. A connection keeps a receiver for as long as it lives.
    pub(super) stopping: watch::Receiver<bool>,
}

/// Takes an address.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that is started again must not wait for the connections of the one before.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SEND_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts for ever.
pub(super) async fn accept(listener: TcpListener, site: Site) {
    let site = Arc::new(site);
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, for example: those in use will be given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        if let Some(place) = site.places.take(peer.ip()) {
            let _optional = stream.set_nodelay(true);
            tokio::spawn(connection(stream, peer.ip(), Arc::clone(&site), place));
        }
    }
}

async fn connection(stream: TcpStream, peer: IpAddr, site: Arc<Site>, place: ConnectionPlace) {
    let activity = Arc::clone(&place.activity);
    let responder = Responder { site, peer, activity: Arc::clone(&activity), is_reserve: place.is_reserve };
    let stream = Socket::new(stream, Arc::clone(&activity));
    let Some(tls) = responder.site.tls.clone() else { return http1(stream, responder).await };
    let tls = tls.acceptor();
    let shaken = tokio::select! {
        shaken = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream)) => shaken,
        () = activity.asked_to_give_way() => return,
    };
    let Ok(Ok(stream)) = shaken else { return };
    if stream.get_ref().1.alpn_protocol() == Some(H2) {
        http2(stream, responder).await;
    } else {
        http1(stream, responder).await;
    }
}

async fn http1(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, responder: Responder) {
    let (site, activity) = (Arc::clone(&responder.site), Arc::clone(&responder.activity));
    let (door, is_tls) = (Arc::clone(&site.door), site.tls.is_some());
    let unparsed = Box::new(move |status: StatusCode| unparsed::answer(&door, status, is_tls));
    let stream = Conversation::new(stream, Arc::clone(&activity), unparsed);
    let connection = http1::Builder::new()
        // The limits of time are those of `Activity::judge`.
        .header_read_timeout(None)
        // A client that has sent its request may close its side, or leave: what it asked for is carried out, answered, logged
        // and counted. Without this, hyper drops the request in the middle.
        .half_close(true)
        .max_headers(MOST_HEADERS)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service_fn(move |request| responder.clone().answer(request)));
    drive(connection, &site, &activity).await;
}

async fn http2(stream: TlsStream<Socket>, responder: Responder) {
    let (site, activity) = (Arc::clone(&responder.site), Arc::clone(&responder.activity));
    let connection = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_pending_accept_reset_streams(MOST_PENDING_RESETS)
        .max_local_error_reset_streams(MOST_RESETS)
        .max_header_list_size(HEADER_LIST)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER_OF_STREAM)
        .keep_alive_interval(BETWEEN_PINGS)
        .keep_alive_timeout(BETWEEN_PINGS)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |request| responder.clone().answer_apart(request)),
        );
    drive(connection, &site, &activity).await;
}

/// Runs a connection until it ends, by itself or because it exceeds a limit.
async fn drive(connection: impl GracefulConnection, site: &Site, activity: &Activity) {
    let mut connection = pin!(connection);
    let mut stopping = site.stopping.clone();
    let mut is_closing = false;
    let grain = site.limits.grain();
    loop {
        tokio::select! {
            // An error here is a client that went away or spoke no HTTP.
            _ended = connection.as_mut() => return,
            () = activity.asked_to_give_way() => {
                if activity.idle_since().is_some() || activity.has_reset_too_often() {
                    return activity.abandon();
                }
            }
            () = asked_to_end(&mut stopping), if !is_closing => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(grain) => match activity.judge(&site.limits) {
                Judgement::Fine => {}
                Judgement::HeadIsLate => activity.tell_that_head_is_late(),
                Judgement::Close if !is_closing => {
                    is_closing = true;
                    connection.as_mut().graceful_shutdown();
                }
                Judgement::Close | Judgement::Abandon => return activity.abandon(),
            },
        }
    }
}

async fn asked_to_end(stopping: &mut watch::Receiver<bool>) {
    let is_asked = stopping.wait_for(|stopping| *stopping).await.is_ok();
    if !is_asked {
        // The server was dropped without having been asked to end; its connections go on until they do.
        std::future::pending::<()>().await;
    }
}
