//! Connections that hold on to a server. One that the server ends is opened again.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use clap::ValueEnum;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use super::member;
use crate::client::{Connection, form, request};

/// So that a server that refuses is not simply asked as fast as the machine can.
const BETWEEN_TRIES: Duration = Duration::from_millis(100);
/// Between two passwords that one connection tries.
const BETWEEN_GUESSES: Duration = Duration::from_secs(1);
/// A few packets.
const SMALL_BUFFER: u32 = 2048;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Attack {
    /// Asks for a large answer again and again, and reads none
    SlowReader,
    /// Says nothing
    Idle,
    /// Begins a request and does not end it
    HalfHeader,
    /// Tries a wrong password every second
    SignIn,
}

/// What happened to the connections.
#[derive(Default)]
pub struct Counts {
    opened: AtomicUsize,
    refused: AtomicUsize,
    ended: AtomicUsize,
    guesses: AtomicUsize,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [opened, refused, ended] =
            [&self.opened, &self.refused, &self.ended].map(|count| count.load(Relaxed));
        write!(f, "{opened} opened, {refused} refused, {ended} ended by the server")?;
        match self.guesses.load(Relaxed) {
            0 => Ok(()),
            guesses => write!(f, ", {guesses} passwords answered"),
        }
    }
}

impl Attack {
    pub fn name(self) -> &'static str {
        match self {
            Self::SlowReader => "slow reader",
            Self::Idle => "idle",
            Self::HalfHeader => "half header",
            Self::SignIn => "sign-in flood",
        }
    }

    /// One place in the flood; until it is dropped.
    pub async fn attack(self, server: SocketAddr, from: IpAddr, counts: Arc<Counts>) {
        loop {
            match connect(server, from).await {
                Ok(stream) => {
                    counts.opened.fetch_add(1, Relaxed);
                    self.hold(stream, &counts).await;
                    counts.ended.fetch_add(1, Relaxed);
                }
                Err(_) => {
                    counts.refused.fetch_add(1, Relaxed);
                }
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// Until the server ends the connection.
    async fn hold(self, mut stream: TcpStream, counts: &Counts) {
        match self {
            Self::SlowReader => {
                let requests = request("GET", "/openapi.json", &[], None).repeat(100);
                while stream.write_all(&requests).await.is_ok() {}
            }
            Self::Idle => until_the_end(&mut stream).await,
            Self::HalfHeader => {
                if stream.write_all(b"GET /balance HTTP/1.1\r\nHost: local").await.is_ok() {
                    until_the_end(&mut stream).await;
                }
            }
            Self::SignIn => {
                let fields = [("email", member::EMAIL), ("password", "not the right one")];
                let guess = form("/dashboard/sign-in", "", &fields);
                let mut connection = Connection::over(stream);
                // So that not all of them come at the same moment of each second.
                tokio::time::sleep(BETWEEN_GUESSES.mul_f64(fastrand::f64())).await;
                while connection.exchange(&guess).await.is_ok() {
                    counts.guesses.fetch_add(1, Relaxed);
                    tokio::time::sleep(BETWEEN_GUESSES).await;
                }
            }
        }
    }
}

async fn until_the_end(stream: &mut TcpStream) {
    let mut bytes = [0; 1024];
    while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {}
}

async fn connect(server: SocketAddr, from: IpAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SMALL_BUFFER)?;
    socket.bind((from, 0).into())?;
    socket.connect(server).await
}
