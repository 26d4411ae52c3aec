//! A browser as a guard: chromedriver on a free port and a headless chromium with its own empty profile; both end on
//! drop.

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// Limit for anything that must appear.
const PATIENCE: Duration = Duration::from_secs(15);

pub struct Browser {
    pub client: Client,
    driver: Driver,
    session: String,
    clicks: AtomicUsize,
    keystrokes: AtomicUsize,
    _profile: TempDir,
}

struct Driver {
    child: Child,
    port: u16,
}

/// Width and theme of a page.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub width: u32,
    pub is_dark: bool,
}

impl Look {
    pub const ALL: [Self; 6] = [
        Self { width: 390, is_dark: false },
        Self { width: 390, is_dark: true },
        Self { width: 834, is_dark: false },
        Self { width: 834, is_dark: true },
        Self { width: 1440, is_dark: false },
        Self { width: 1440, is_dark: true },
    ];
}

impl Browser {
    pub async fn start() -> Self {
        let (driver, profile) = (Driver::start(), tempfile::tempdir().unwrap());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--user-data-dir={}", profile.path().display()),
        ];
        let mut capabilities = serde_json::Map::new();
        let options = json!({ "args": arguments, "binary": program(&["chromium", "google-chrome"]) });
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let url = format!("http://127.0.0.1:{}", driver.port);
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let client = builder.capabilities(capabilities).connect(&url).await.unwrap();
        let session = client.session_id().await.unwrap().unwrap();
        let (clicks, keystrokes) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let browser = Self { client, driver, session, clicks, keystrokes, _profile: profile };
        browser.look(Look::ALL[4]).await;
        browser
    }

    pub async fn open(&self, url: &str) {
        // Changing only the fragment of the address is not a navigation.
        self.client.goto("about:blank").await.unwrap();
        self.client.goto(url).await.unwrap();
    }

    pub async fn look(&self, look: Look) {
        let metrics = json!({ "width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let theme = if look.is_dark { "dark" } else { "light" };
        // Without motion: a colour in transition between themes is not one that a user reads.
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": theme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Enables or disables script.
    pub async fn script(&self, is_on: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": !is_on })).await;
    }

    /// The element, once it is there.
    pub async fn find(&self, css: &str) -> Element {
        match self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await {
            Ok(element) => element,
            Err(error) => panic!("no {css}: {error}\n{}", self.client.source().await.unwrap()),
        }
    }

    pub async fn type_into(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        self.keystrokes.fetch_add(text.chars().count(), Ordering::Relaxed);
        field.send_keys(text).await.unwrap();
    }

    pub async fn click(&self, css: &str) {
        self.clicks.fetch_add(1, Ordering::Relaxed);
        self.find(css).await.click().await.unwrap();
    }

    /// Clicks the button or link with this text.
    pub async fn press(&self, text: &str) {
        let path = format!("//*[self::button or self::a][normalize-space(.)={text:?}]");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        let Ok(element) = found else {
            panic!("no {text:?} to press\n{}", self.client.source().await.unwrap())
        };
        self.clicks.fetch_add(1, Ordering::Relaxed);
        element.click().await.unwrap();
    }

    /// The clicks and the keystrokes since the last call.
    pub fn counted(&self) -> (usize, usize) {
        (self.clicks.swap(0, Ordering::Relaxed), self.keystrokes.swap(0, Ordering::Relaxed))
    }

    /// Waits until the page shows this text, without reloading it.
    pub async fn until_text(&self, text: &str) {
        let path = format!("//body[contains(normalize-space(.), {text:?})]");
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::XPath(&path)).await;
        assert!(found.is_ok(), "the page does not show {text:?}: {}", self.text().await);
    }

    pub async fn text(&self) -> String {
        self.find("body").await.text().await.unwrap()
    }

    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.fragment().map_or_else(|| url.path().to_owned(), |fragment| format!("{}#{fragment}", url.path()))
    }

    pub async fn evaluate(&self, expression: &str) -> Value {
        self.client.execute(&format!("return {expression};"), Vec::new()).await.unwrap()
    }

    /// Plugs in an authenticator that keeps passkeys and always recognises its user.
    pub async fn authenticator(&self) {
        self.devtools("WebAuthn.enable", json!({})).await;
        let options = json!({ "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
            "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true });
        self.devtools("WebAuthn.addVirtualAuthenticator", json!({ "options": options })).await;
    }

    /// A screenshot for the README, if OUTPAY_SCREENSHOTS is set.
    pub async fn picture(&self, name: &str) {
        if std::env::var_os("OUTPAY_SCREENSHOTS").is_some() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/screenshots");
            std::fs::create_dir_all(&folder).unwrap();
            // Wait for colour transitions between themes to end.
            tokio::time::sleep(Duration::from_millis(500)).await;
            let picture = self.client.screenshot().await.unwrap();
            std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
        }
    }

    /// What a screen reader reads of the page, in the order of the tree: role and name of every node that has a name.
    pub async fn read_aloud(&self) -> Vec<(String, String)> {
        let tree = self.devtools("Accessibility.getFullAXTree", json!({})).await;
        let nodes = tree["nodes"].as_array().unwrap();
        let mut ahead = vec![&nodes[0]["nodeId"]];
        let mut read = Vec::new();
        while let Some(id) = ahead.pop() {
            let Some(node) = nodes.iter().find(|node| node["nodeId"] == *id) else { continue };
            let text = |field: &str| node[field]["value"].as_str().unwrap_or_default().trim().to_owned();
            if node["ignored"] == false && !text("name").is_empty() {
                read.push((text("role"), text("name")));
            }
            ahead.extend(node["childIds"].as_array().into_iter().flatten().rev());
        }
        read
    }

    /// A command of the browser's own protocol, for what WebDriver does not offer; its result.
    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let (port, path) = (self.driver.port, format!("/session/{}/goog/cdp/execute", self.session));
        let body = json!({ "cmd": command, "params": parameters }).to_string();
        let answer = tokio::task::spawn_blocking(move || post(port, &path, &body)).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{command}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut answer: Value = serde_json::from_str(body).unwrap();
        answer["value"].take()
    }
}

fn post(port: u16, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    // The driver keeps the connection open regardless of the request: its Content-Length ends the response.
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let start = head.len();
        assert_ne!(reader.read_line(&mut head).unwrap(), 0, "the driver broke off");
        if let Some(value) = head[start..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

impl Driver {
    fn start() -> Self {
        let mut command = Command::new(program(&["chromedriver"]));
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let port = loop {
            let mut line = String::new();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "chromedriver ended before it listened");
            if let Some((_, port)) = line.trim().split_once("started successfully on port ") {
                break port.trim_end_matches('.').parse().unwrap();
            }
        };
        // Drain the output, or the driver would block on a full pipe.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        Self { child, port }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // SIGTERM first, so that it ends its browser too.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            for _ in 0..50 {
                if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn program(names: &[&str]) -> String {
    let path = std::env::var("PATH").unwrap();
    let found = names
        .iter()
        .flat_map(|name| path.split(':').map(move |folder| format!("{folder}/{name}")))
        .find(|candidate| std::path::Path::new(candidate).exists());
    found.unwrap_or_else(|| panic!("{names:?} is not installed: run ./test, which installs it"))
}
