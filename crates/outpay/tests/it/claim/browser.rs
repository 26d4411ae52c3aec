//! A browser without script: it keeps cookies, sends forms from the page it looks at, and follows redirects only when it is
//! told to. Invariant: whatever it asks, every page has the strict headers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// See the top of this file.
#[derive(Clone)]
pub struct Browser {
    address: SocketAddr,
    cookies: BTreeMap<String, String>,
    /// Sent with every request.
    pub headers: Vec<(String, String)>,
    /// Who may show in a frame what it is shown, as every page's policy must say; usually `'none'`.
    pub may_frame: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), headers: Vec::new(), may_frame: "'none'".to_owned() }
    }

    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, &[], None).await
    }

    /// Posts these fields.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], Some(body)).await
    }

    /// Posts the hidden fields of the form with this action on `page`, and these; a field given here stands in place of one there.
    pub async fn submit(&mut self, page: &Answer, action: &str, fields: &[(&str, &str)]) -> Answer {
        let hidden = page.hidden_of(action);
        let given = |name: &str| fields.iter().any(|(other, _)| *other == name);
        let kept = hidden.iter().filter(|(name, _)| !given(name));
        let all: Vec<(&str, &str)> =
            kept.map(|(name, value)| (name.as_str(), value.as_str())).chain(fields.iter().copied()).collect();
        self.post(action, &all).await
    }

    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        for (name, value) in &self.headers {
            request += &format!("{name}: {value}\r\n");
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let body = body.unwrap_or_default();
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let answer =
            Answer { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() };
        answer.is_strict(path, &self.may_frame);
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for text in answer.headers("set-cookie") {
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
                assert!(text.contains(attribute), "{text}");
            }
            let (name, rest) = text.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{text}");
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Answer {
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    /// A redirect to this path.
    #[track_caller]
    pub fn leads_to(&self, path: &str) -> &Self {
        assert_eq!((self.status, self.header("location").as_deref()), (303, Some(path)), "{}", self.body);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{text:?} is not in\n{}", self.body);
        self
    }

    #[track_caller]
    pub fn says_not(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is in\n{}", self.body);
        self
    }

    pub fn header(&self, name: &str) -> Option<String> {
        self.headers(name).next().map(str::to_owned)
    }

    fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values of the hidden fields of the first form with this action.
    pub fn hidden_of(&self, action: &str) -> Vec<(String, String)> {
        let start = self
            .body
            .find(&format!("method=\"post\" action=\"{action}\""))
            .unwrap_or_else(|| panic!("no form {action} in\n{}", self.body));
        let form = self.body[start..].split("</form>").next().unwrap();
        let inputs = form.split("<input type=\"hidden\"").skip(1);
        inputs.map(|input| (attribute(input, "name"), attribute(input, "value"))).collect()
    }

    fn is_strict(&self, path: &str, may_frame: &str) {
        let is_asset = path.starts_with("/assets/")
            || path.starts_with("/p/colour/")
            || path.starts_with("/p/logo/")
            || path.starts_with("/.well-known/");
        assert!(self.header("x-request-id").is_some(), "{path}");
        if is_asset && self.status == 200 {
            return;
        }
        assert_eq!(self.header("cache-control").as_deref(), Some("no-store"), "{path}: {}", self.head);
        if self.header("content-type").as_deref() == Some("text/html; charset=utf-8") {
            let policy = self.header("content-security-policy").unwrap();
            assert!(policy.contains("default-src 'none'"), "{policy}");
            let frames = policy.split_once("frame-ancestors ").map(|(_, rest)| rest);
            assert_eq!(frames, Some(may_frame), "{path}");
            assert_eq!(self.header("referrer-policy").as_deref(), Some("no-referrer"));
            for forbidden in [" style=", "<script>", "onclick", "javascript:", "http://"] {
                assert!(!self.body.contains(forbidden), "{path}: {forbidden}");
            }
        }
    }
}

fn attribute(input: &str, name: &str) -> String {
    let start = input.find(&format!("{name}=\"")).unwrap() + name.len() + 2;
    let value = input[start..].split('"').next().unwrap();
    value.replace("&#38;", "&").replace("&#34;", "\"").replace("&#39;", "'")
}
