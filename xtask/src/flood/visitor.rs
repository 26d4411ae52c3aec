//! The legitimate client: a create on a new connection, again and again, as a cron job or a serverless function sends it. And what
//! such a client sees while it does the same thing for some time.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use tokio::net::TcpSocket;

use crate::bench::histogram::Histogram;
use crate::client::Connection;
use crate::clock;

pub struct Visitor {
    pub server: SocketAddr,
    pub from: IpAddr,
    pub key: String,
}

/// What the client saw.
#[derive(Default)]
pub struct Visit {
    latencies: Histogram,
    pub errors: usize,
    first_error: Option<String>,
}

impl Visitor {
    pub async fn create(&self) -> Result<()> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((self.from, 0).into())?;
        let mut connection = Connection::over(socket.connect(self.server).await?);
        let bearer = format!("Bearer {}", self.key);
        let body = json!({ "email": "user@example.com", "amount": 1 }).to_string();
        let answer = connection.post("/payout/create", &[("Authorization", &bearer)], &body).await?;
        ensure!(answer.status == 201, "{answer}");
        Ok(())
    }
}

impl Visit {
    /// Acts again and again, and measures each time. What takes longer than `patience` is an error.
    pub async fn of(
        duration: Duration,
        pause: Duration,
        patience: Duration,
        act: impl AsyncFn() -> Result<()>,
    ) -> Self {
        let mut visit = Self::default();
        let end = clock::now() + duration;
        while clock::now() < end {
            let started = clock::now();
            let acted = tokio::time::timeout(patience, act()).await;
            match acted.context("no answer in time").and_then(|acted| acted) {
                Ok(()) => visit.latencies.record(clock::now() - started),
                Err(error) => {
                    visit.errors += 1;
                    visit.first_error.get_or_insert_with(|| format!("{error:#}"));
                }
            }
            tokio::time::sleep(pause).await;
        }
        visit
    }

    pub fn p99_ms(&self) -> f64 {
        self.latencies.percentile_ms(0.99)
    }

    pub fn heading() -> String {
        format!("{:12}  {:>9}  {:>9}  {:>8}  {:>6}", "", "p50", "p99", "answers", "errors")
    }

    pub fn row(&self, name: &str) -> String {
        let [p50, p99] = [0.5, 0.99].map(|share| self.latencies.percentile_ms(share));
        let error = self.first_error.as_deref().map(|error| format!("  ({error})")).unwrap_or_default();
        let answers = self.latencies.total();
        format!("{name:12}  {p50:6.1} ms  {p99:6.1} ms  {answers:8}  {:6}{error}", self.errors)
    }
}
