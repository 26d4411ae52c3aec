//! The API as a business and as a recipient, over one connection each.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::client::{Answer, Connection};

pub struct Api {
    connection: Connection,
    header: (&'static str, String),
}

impl Api {
    pub async fn of_business(address: SocketAddr, key: &str) -> Result<Self> {
        Self::open(address, ("Authorization", format!("Bearer {key}"))).await
    }

    pub async fn of_person(address: SocketAddr, hash: &str) -> Result<Self> {
        Self::open(address, ("X-Payout-Hash", hash.to_owned())).await
    }

    async fn open(address: SocketAddr, header: (&'static str, String)) -> Result<Self> {
        Ok(Self { connection: Connection::open(address).await.context("connecting to outpay")?, header })
    }

    /// The same connection for another recipient.
    pub fn now_as(&mut self, hash: &str) {
        self.header = ("X-Payout-Hash", hash.to_owned());
    }

    pub async fn ask(&mut self, path: &str) -> Result<Answer> {
        self.connection.get(path, &[(self.header.0, &self.header.1)]).await
    }

    pub async fn post(&mut self, path: &str, body: &Value) -> Result<Answer> {
        self.connection.post(path, &[(self.header.0, &self.header.1)], &body.to_string()).await
    }

    /// All items of a list, page by page.
    pub async fn list(&mut self, path: &str) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut page_path = format!("{path}?limit=100");
        loop {
            let mut page = self.ask(&page_path).await?.json(200).with_context(|| page_path.clone())?;
            all.append(page["data"].as_array_mut().context("a list without data")?);
            if page["has_more"] != true {
                return Ok(all);
            }
            let cursor = page["next_cursor"].as_str().context("more to come, but no cursor")?;
            page_path = format!("{path}?limit=100&cursor={cursor}");
        }
    }

    /// All events from the first on.
    pub async fn events(&mut self) -> Result<Vec<Value>> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map_or(0, |event| event["sequence"].as_u64().unwrap_or(0));
            let path = format!("/payout/events?after={after}&limit=100");
            let mut page = self.ask(&path).await?.json(200)?;
            let has_more = page["has_more"] == true;
            let events = page["data"].as_array_mut().context("events without data")?;
            ensure!(!has_more || !events.is_empty(), "an empty page with more to come");
            all.append(events);
            if !has_more {
                return Ok(all);
            }
        }
    }
}

/// A string field of an object.
pub fn text<'a>(of: &'a Value, field: &str) -> Result<&'a str> {
    of[field].as_str().with_context(|| format!("no {field} in {of}"))
}
