//! A browser without script: keeps cookies, follows nothing by itself, posts forms with the token of its session.

use outpay::testing::auth::Secrets;
use outpay::testing::web::csrf;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub const SESSION: &str = "__Host-outpay_session";
pub const DEVICE: &str = "__Host-outpay_device";

#[derive(Clone)]
pub struct Browser {
    address: SocketAddr,
    secrets: Arc<Secrets>,
    pub cookies: BTreeMap<String, String>,
    /// What the proxies on its way say of where it is; empty without any.
    pub forwarded_for: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Page {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Browser {
    pub fn new(address: SocketAddr, secrets: &Arc<Secrets>) -> Self {
        Self { address, secrets: Arc::clone(secrets), cookies: BTreeMap::new(), forwarded_for: String::new() }
    }

    pub fn with_cookie(mut self, name: &str, value: &str) -> Self {
        self.cookies.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The session's token.
    pub fn session(&self) -> String {
        self.cookies.get(SESSION).cloned().unwrap_or_default()
    }

    /// The token that pages of this session carry now: of the book that it looks at, or, halfway, of the session alone.
    pub async fn csrf(&self) -> String {
        // By a copy, which keeps this browser's notice for the page that it is for.
        let page = self.clone().get("/dashboard/account").await;
        let token =
            page.body.split_once(r#"name="csrf" value=""#).and_then(|(_, rest)| rest.split('"').next());
        match token {
            Some(token) if page.status == 200 => token.to_owned(),
            _ => csrf::token(&self.secrets, &self.session()),
        }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, &[("Sec-Fetch-Site", "none")], None).await
    }

    /// Posts a form of one of our pages.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf().await;
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        self.post_with(path, &[("Sec-Fetch-Site", "same-origin")], &all).await
    }

    /// Posts with these headers and these fields alone.
    pub async fn post_with(&mut self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send("POST", path, headers, Some(body)).await
    }

    /// Posts a file by one of our forms.
    pub async fn upload(&mut self, path: &str, name: &str, text: &str) -> Page {
        self.upload_with(path, &[], name, text).await
    }

    /// The same with further fields.
    pub async fn upload_with(&mut self, path: &str, fields: &[(&str, &str)], name: &str, text: &str) -> Page {
        let mut body = String::new();
        for (field, value) in fields {
            body += &format!("--cut\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        }
        body += "--cut\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n";
        body += &format!("{}\r\n--cut\r\n", self.csrf().await);
        body += &format!(
            "Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
        );
        body += &format!("{text}\r\n--cut--\r\n");
        let headers =
            [("Sec-Fetch-Site", "same-origin"), ("Content-Type", "multipart/form-data; boundary=cut")];
        self.send("POST", path, &headers, Some(body)).await
    }

    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Page {
        let request = self.request(method, path, headers, body.as_deref());
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let page = Page::whole(stream).await;
        self.keep(&page);
        page.is_strict(path);
        page
    }

    /// A request as this browser writes it.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> String {
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        request += "User-Agent: a browser without script\r\n";
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !self.forwarded_for.is_empty() {
            request += &format!("X-Forwarded-For: {}\r\n", self.forwarded_for);
        }
        if !self.cookies.is_empty() {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request += &format!("Cookie: {}\r\n", pairs.join("; "));
        }
        if let Some(body) = &body {
            let length = body.len();
            if !headers.iter().any(|(name, _)| *name == "Content-Type") {
                request += "Content-Type: application/x-www-form-urlencoded\r\n";
            }
            request += &format!("Content-Length: {length}\r\n");
        }
        request + "\r\n" + body.unwrap_or_default()
    }

    /// Sends a request up to its last bytes, which go when `meanwhile` is over. So many are left that a body in parts lacks its end.
    pub async fn slowly(&self, request: &str, meanwhile: impl AsyncFnOnce()) -> Page {
        let (begin, end) = request.as_bytes().split_at(request.len() - 12);
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(begin).await.unwrap();
        meanwhile().await;
        stream.write_all(end).await.unwrap();
        Page::whole(stream).await
    }

    fn keep(&mut self, page: &Page) {
        for cookie in page.all("set-cookie") {
            for attribute in ["; Path=/", "; Secure", "; HttpOnly", "; SameSite="] {
                assert!(cookie.contains(attribute), "{cookie}");
            }
            let (name, rest) = cookie.split_once('=').unwrap();
            assert!(name.starts_with("__Host-"), "{cookie}");
            let value = rest.split(';').next().unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Page {
    async fn whole(mut stream: TcpStream) -> Self {
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Self::read(&String::from_utf8(answer).unwrap())
    }

    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let page =
            Self { status: head[9..12].parse().unwrap(), head: head.to_owned(), body: body.to_owned() };
        if page.header("transfer-encoding") == "chunked" { Self { body: joined(body), ..page } } else { page }
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.split("\r\n").skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(move |(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    pub fn header<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    /// Where it leads; the empty text where it leads nowhere.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    #[track_caller]
    pub fn leads_to(&self, path: &str) -> &Self {
        self.is(303);
        assert_eq!(self.location(), path);
        self
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Self {
        assert!(self.body.contains(text), "{text:?} is not in: {}", self.body);
        self
    }

    #[track_caller]
    pub fn says_not(&self, text: &str) -> &Self {
        assert!(!self.body.contains(text), "{text:?} is in: {}", self.body);
        self
    }

    /// What stands between two texts, the first time.
    #[track_caller]
    pub fn between(&self, before: &str, after: &str) -> String {
        let (_, rest) = self.body.split_once(before).unwrap_or_else(|| panic!("{before:?}: {}", self.body));
        rest.split_once(after).unwrap().0.to_owned()
    }

    /// No page can be framed, cached, or run a foreign script.
    #[track_caller]
    fn is_strict(&self, path: &str) {
        let policy = self.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {}", self.head);
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(self.header("cache-control"), "no-store", "{path}");
        assert_eq!(self.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{path}");
        for inline in ["<style", "style=\"", "onclick=", "onload=", "<script>"] {
            assert!(!self.body.contains(inline), "{path}: {inline}");
        }
    }
}

/// What the chunks of a body say together (RFC 9112, 7.1). The last one is empty; without it the body was cut off.
fn joined(mut chunks: &str) -> String {
    let mut body = String::new();
    loop {
        let (length, rest) = chunks.split_once("\r\n").expect("a body in chunks has an end");
        match usize::from_str_radix(length, 16).unwrap() {
            0 => return body,
            length => {
                body += &rest[..length];
                chunks = &rest[length + 2..];
            }
        }
    }
}
