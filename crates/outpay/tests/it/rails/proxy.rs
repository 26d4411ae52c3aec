//! A faulty connection to a node: every call can be passed on, answered differently, or lost before or after
//! execution.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does with a call.
pub enum Act {
    Pass,
    /// Returns this result without asking the node.
    Say(Value),
    /// Returns this error without asking the node.
    Fail(&'static str),
    /// Returns this body without asking the node.
    Raw(&'static str),
    /// The node executes it; the caller gets this status.
    PassThenStatus(u16),
    /// The node executes it; the caller gets no response.
    PassThenSilence,
    /// The node executes it; the caller gets this error.
    PassThenFail(&'static str),
    /// Closes the connection before the node gets the call.
    Hang,
}

type Rule = Box<dyn Fn(&str, &Value) -> Act + Send>;

pub struct Proxy {
    pub url: String,
    rule: Arc<Mutex<Rule>>,
    calls: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    /// Passes everything on to `node` until told otherwise.
    pub async fn start(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let rule: Arc<Mutex<Rule>> = Arc::new(Mutex::new(Box::new(|_, _| Act::Pass)));
        let calls = Arc::new(Mutex::new(Vec::new()));
        let node = crate::rails::tokens::Node::new(node);
        let (rules, seen) = (Arc::clone(&rule), Arc::clone(&calls));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (rules, seen, node) = (Arc::clone(&rules), Arc::clone(&seen), node.clone());
                tokio::spawn(async move { serve(stream, &rules, &seen, &node).await });
            }
        });
        Self { url, rule, calls, task }
    }

    pub fn act(&self, rule: impl Fn(&str, &Value) -> Act + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// How often a method was called.
    pub fn count(&self, method: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| *call == method).count()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    rule: &Mutex<Rule>,
    calls: &Mutex<Vec<String>>,
    node: &crate::rails::tokens::Node,
) {
    let Some(call) = read_call(&mut stream).await else { return };
    let method = call["method"].as_str().unwrap().to_owned();
    calls.lock().unwrap().push(method.clone());
    let act = rule.lock().unwrap()(&method, &call["params"]);
    let passed = || node.ask(&method, call["params"].clone());
    let (status, body) = match act {
        Act::Hang => return,
        Act::PassThenSilence => {
            passed().await.ok();
            return;
        }
        Act::PassThenStatus(status) => {
            passed().await.ok();
            (status, "trouble".to_owned())
        }
        Act::PassThenFail(message) => {
            passed().await.ok();
            (200, error(message))
        }
        Act::Pass => (200, answer(passed().await)),
        Act::Say(result) => (200, answer(Ok(result))),
        Act::Fail(message) => (200, error(message)),
        Act::Raw(body) => (200, body.to_owned()),
    };
    let head = format!("HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.ok();
}

fn error(message: &str) -> String {
    answer(Err(json!({"code": -32000, "message": message}).to_string()))
}

fn answer(result: Result<Value, String>) -> String {
    match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string(),
        Err(error) => {
            let error: Value = serde_json::from_str(&error).unwrap();
            json!({"jsonrpc": "2.0", "id": 1, "error": error}).to_string()
        }
    }
}

/// One HTTP request with a content length.
async fn read_call(stream: &mut TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>();
        let body = &bytes[end + 4..];
        if body.len() >= length.ok()? {
            return serde_json::from_slice(body).ok();
        }
    }
}
