//! One request and its response over its own TCP connection: just enough HTTP/1.1 for our own server.

use crate::store::Failure;
use anyhow::{Context, ensure};
use std::fmt::Write;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The server's address.
pub(super) struct Exchange {
    address: SocketAddr,
}

pub(super) struct DemoRequest {
    method: &'static str,
    path: String,
    headers: Vec<String>,
    body: Option<String>,
}

pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: String,
}

impl DemoRequest {
    pub(super) fn get(path: &str) -> Self {
        Self { method: "GET", path: path.to_owned(), headers: Vec::new(), body: None }
    }

    pub(super) fn post(path: &str, json: &str) -> Self {
        let headers = vec!["Content-Type: application/json".to_owned()];
        Self { method: "POST", path: path.to_owned(), headers, body: Some(json.to_owned()) }
    }

    pub(super) fn put(path: &str, json: &str) -> Self {
        Self { method: "PUT", ..Self::post(path, json) }
    }

    pub(super) fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }
}

impl Exchange {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address }
    }

    /// The request as a shell command. No value of the tour contains a single quote.
    pub(super) fn curl(&self, asked: &DemoRequest) -> String {
        let mut line = format!("curl -s 'http://{}{}'", self.address, asked.path);
        if asked.method == "PUT" {
            line.push_str(" -X PUT");
        }
        for header in &asked.headers {
            line.push_str(&format!(" -H '{header}'"));
        }
        if let Some(body) = &asked.body {
            line.push_str(&format!(" -d '{body}'"));
        }
        line
    }

    /// Sends the request and reads the whole response.
    pub(super) async fn send(&self, asked: &DemoRequest) -> Result<Answered, Failure> {
        let mut text = format!("{} {} HTTP/1.1\r\nHost: {}\r\n", asked.method, asked.path, self.address);
        for header in &asked.headers {
            write!(text, "{header}\r\n")?;
        }
        let body = asked.body.as_deref().unwrap_or_default();
        write!(text, "Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())?;
        let mut stream = TcpStream::connect(self.address).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        read(&answer)
    }
}

fn read(answer: &str) -> Result<Answered, Failure> {
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer has no end of headers")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding");
    ensure!(!chunked, "the demo cannot read a chunked response");
    Ok(Answered { status: status.context("the answer has no status")?, body: body.to_owned() })
}
