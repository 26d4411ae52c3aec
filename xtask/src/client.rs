//! A minimal HTTP/1.1 client over one keep-alive connection: lean enough to generate load, plain enough to compare
//! responses to the byte.
//!
//! Not here: TLS, redirects, chunked bodies, pipelining. Invariant: a response is returned complete or not at all.

use std::io::Write;
use std::net::SocketAddr;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection with one request at a time.
pub struct Connection {
    stream: TcpStream,
}

/// A complete response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head_length: usize,
    bytes: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self::over(stream))
    }

    pub fn over(stream: TcpStream) -> Self {
        Self { stream }
    }

    /// Sends a request built by [`request`] and waits for the whole response.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        let mut bytes = Vec::with_capacity(1024);
        loop {
            let read = self.stream.read_buf(&mut bytes).await?;
            ensure!(read > 0, "the connection was closed after {} bytes of the answer", bytes.len());
            let Some(head) = read_head(&bytes)? else { continue };
            let end = head.length + head.body_length;
            bytes.reserve(end.saturating_sub(bytes.len()));
            while bytes.len() < end {
                let read = self.stream.read_buf(&mut bytes).await?;
                ensure!(read > 0, "the connection was closed within the body");
            }
            ensure!(bytes.len() == end, "more bytes than the announced body");
            return Ok(Answer { status: head.status, head_length: head.length, bytes });
        }
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        self.exchange(&request("GET", path, headers, None)).await
    }

    pub async fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        self.exchange(&request("POST", path, headers, Some(body.as_bytes()))).await
    }
}

impl Answer {
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head_length..]
    }

    /// The response as JSON, if it has the expected status.
    pub fn json(&self, expected: u16) -> Result<Value> {
        ensure!(self.status == expected, "expected status {expected}, not {self}");
        serde_json::from_slice(self.body()).with_context(|| format!("reading {self}"))
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).into_iter().next()
    }

    /// All values of a header.
    pub fn headers(&self, name: &str) -> Vec<String> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut response = httparse::Response::new(&mut fields);
        if response.parse(&self.bytes).is_err() {
            return Vec::new();
        }
        let named = response.headers.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        named.map(|field| String::from_utf8_lossy(field.value).into_owned()).collect()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{} {}", self.status, String::from_utf8_lossy(self.body()))
    }
}

/// The bytes of a request; a body is always JSON.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&[u8]>) -> Vec<u8> {
    let body_bytes = body.unwrap_or_default();
    let mut bytes = Vec::with_capacity(256 + body_bytes.len());
    let mut line = |text: std::fmt::Arguments<'_>| {
        bytes.write_fmt(text).expect("writing into memory does not fail");
    };
    line(format_args!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n"));
    for (name, value) in headers {
        line(format_args!("{name}: {value}\r\n"));
    }
    if body.is_some() {
        line(format_args!("Content-Type: application/json\r\nContent-Length: {}\r\n", body_bytes.len()));
    }
    line(format_args!("\r\n"));
    bytes.extend_from_slice(body_bytes);
    bytes
}

/// The bytes of a form that a browser with this cookie sends.
pub fn form(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Vec<u8> {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    let encoded = |text: &str| text.bytes().map(byte).collect::<String>();
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let body = fields.join("&");
    let length = body.len();
    let cookie = if cookie.is_empty() { String::new() } else { format!("Cookie: {cookie}\r\n") };
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n{cookie}\
         Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

struct Head {
    status: u16,
    length: usize,
    body_length: usize,
}

/// The head, once it is complete.
fn read_head(bytes: &[u8]) -> Result<Option<Head>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(length) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.context("an answer without a status")?;
    let mut body_length = 0;
    for field in response.headers.iter() {
        if field.name.eq_ignore_ascii_case("content-length") {
            body_length = std::str::from_utf8(field.value)?.trim().parse()?;
        } else if field.name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("this client does not read chunked bodies");
        }
    }
    Ok(Some(Head { status, length, body_length }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    /// A server that sends `pieces` one by one, so that the client meets every kind of split.
    async fn answered_with(pieces: &'static [&'static str]) -> Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
        Connection::open(address).await?.get("/", &[]).await
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_put_together() {
        let pieces = &["HTTP/1.1 201 Cre", "ated\r\ncontent-LENGTH: 4\r\nX-A: b\r\n", "\r\nab", "cd"];
        let answer = answered_with(pieces).await.unwrap();
        assert_eq!((answer.status, answer.body()), (201, b"abcd".as_slice()));
        assert_eq!(answer.header("x-a").as_deref(), Some("b"));
        assert_eq!(answer.header("x-b"), None);
    }

    #[tokio::test]
    async fn an_answer_without_a_body_ends_with_its_head() {
        let answer = answered_with(&["HTTP/1.1 204 No Content\r\n\r\n"]).await.unwrap();
        assert_eq!((answer.status, answer.body()), (204, b"".as_slice()));
    }

    #[tokio::test]
    async fn a_connection_that_closes_early_gives_no_answer() {
        assert!(answered_with(&["HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"]).await.is_err());
        assert!(answered_with(&["HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab"]).await.is_err());
        assert!(answered_with(&[]).await.is_err());
    }

    #[test]
    fn a_request_carries_its_headers_and_its_length() {
        let bytes = request("POST", "/x", &[("A", "b")], Some(b"{}"));
        let expected = "POST /x HTTP/1.1\r\nHost: localhost\r\nA: b\r\nContent-Type: application/json\r\n\
                        Content-Length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }
}
