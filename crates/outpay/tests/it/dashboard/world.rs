//! The world of one test: a platform with a clock that stands still, on a database of its own, with both faces served on a
//! free port. When the scenario is over, the books must balance.

use crate::dashboard::browser::{Browser, SESSION};
use crate::database::Database;
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, BookId, Cents, Command, Direction, Email, Mode, Request};
use outpay::auth::Secrets;
use outpay::business;
use outpay::clock::{Clock, Entropy};
use outpay::config::Config;
use outpay::http::{self, ServeConfig, TrustedProxies};
use outpay::members::invitation::{self, Acceptance};
use outpay::members::{Client, second_factor, session, sign_in};
use outpay::networks::Networks;
use outpay::platform::Platform;
use outpay::rails::manual::ManualConfig;
use outpay::roles::Role;
use outpay::serving;
use outpay::store::Failure;
use outpay::webhooks::Guard;
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// What the clock shows at first.
pub const NOW: &str = "2026-01-02T03:04:05.678901Z";
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
/// Everybody's.
pub const PASSWORD: &str = "four words make one";

pub struct World {
    pub platform: Platform,
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), Failure>>,
    made: AtomicU64,
}

/// A business with its first secret keys.
pub struct Business {
    pub number: i64,
    pub id: String,
    pub name: String,
    pub live: BookId,
    pub test: BookId,
    pub key: String,
    pub test_key: String,
}

/// A member and a browser that is signed in.
#[derive(Clone)]
pub struct Member {
    pub browser: Browser,
    pub number: i64,
    pub email: String,
    /// The TOTP key.
    pub key: SecretString,
    pub recovery_codes: Vec<String>,
}

/// Runs a scenario in a new world, then closes the world.
pub fn run(database: Database, scenario: impl AsyncFnOnce(&World)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::open(&database).await;
        scenario(&world).await;
        world.close().await;
    });
    drop(runtime);
    drop(database);
}

impl World {
    async fn open(database: &Database) -> Self {
        let start: jiff::Timestamp = NOW.parse().unwrap();
        let (clock, entropy) = (Clock::manual(start.as_microsecond()), Entropy::seeded(1));
        let (secrets, url, config) = (Secrets::derive(&[7; 32]), database.url(), with_a_bank());
        let opened = Platform::open(database.folder(), &url, secrets, clock, entropy, &config);
        let mut platform = opened.await.unwrap();
        // Webhooks may lead to a receiver of the test.
        let guard = Guard { allow_http: true, allow_private: true };
        platform.webhooks = platform.webhooks.guarded_by(guard);
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        // Its connections come from this machine, and may say that they are a proxy's.
        let trusted_proxies = TrustedProxies::new(Networks::parse("127.0.0.1").unwrap());
        let config = ServeConfig { trusted_proxies, ..ServeConfig::on(listen) };
        let faces = serving::faces(platform.clone());
        let server = http::bind(config, platform.clone(), faces).await.unwrap();
        let address = server.address().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move { drop(stopped.await) }));
        Self { platform, address, stop, running, made: AtomicU64::new(0) }
    }

    async fn close(self) {
        let Self { platform, stop, running, .. } = self;
        let (store, secrets) = (platform.store.clone(), platform.secrets.clone());
        // The server waits for its teller, which ends with the last handle to it.
        drop(platform);
        let _listens = stop.send(());
        let ended = tokio::time::timeout(Duration::from_secs(40), running).await;
        ended.expect("the server ends when it is asked to").unwrap().unwrap();
        let report = outpay::audit::run(&store, &secrets, &mut |_, _| {}).await.unwrap();
        assert!(report.is_clean(), "the books do not balance: {:#?}", report.differences);
    }

    /// A request to the API with this key: status and body.
    pub async fn api(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// Moves the clock.
    pub fn wait(&self, micros: i64) {
        self.platform.clock.advance(micros);
    }

    /// Nobody in particular.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, &self.platform.secrets)
    }

    /// A new business without money; payouts are disabled.
    pub async fn business(&self) -> Business {
        let name = format!("Business {}", self.made.fetch_add(1, Ordering::Relaxed));
        let created = business::create(&self.platform, &name).await.unwrap();
        let number = created.business.number;
        Business {
            number,
            id: business::id(&self.platform, number),
            name,
            live: BookId::new(number, Mode::Live),
            test: BookId::new(number, Mode::Test),
            key: created.secret_key.expose_secret().to_owned(),
            test_key: created.test_secret_key.expose_secret().to_owned(),
        }
    }

    /// A business that may pay, with this much money to pay out in each mode.
    pub async fn paying_business(&self, cents: i64) -> Business {
        let business = self.business().await;
        self.platform.store.set_payouts_enabled(business.number, true).await.unwrap();
        for book in [business.live, business.test] {
            let reference = format!("deposit {}", self.made.fetch_add(1, Ordering::Relaxed));
            self.command(book, Command::Deposit { amount: Cents(cents), reference, used_elsewhere: true })
                .await;
            let transfer = Command::Transfer { direction: Direction::ToPayout, amount: Cents(cents) };
            self.command(book, transfer).await;
        }
        business
    }

    /// A command of nobody's.
    pub async fn command(&self, book: BookId, command: Command) {
        self.platform.teller.ask(book, Request::plain(command)).await.unwrap().unwrap();
    }

    /// An invitation's token.
    pub async fn invite(&self, business: &Business, email: &str, role: Role) -> String {
        let email = Email::parse(email).unwrap();
        let made = invitation::invite(&self.platform, business.number, &email, role, Actor::OPERATOR);
        made.await.unwrap().token.expose_secret().to_owned()
    }

    /// A new member of this role, signed in.
    pub async fn member(&self, business: &Business, role: Role) -> Member {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        self.member_called(business, role, &format!("{}{number}@example.com", role.word())).await
    }

    /// The same with an address.
    pub async fn member_called(&self, business: &Business, role: Role, email: &str) -> Member {
        let platform = &self.platform;
        let token = self.invite(business, email, role).await;
        let open = invitation::find(platform, &token).await.unwrap().unwrap();
        let client = Client { agent: "a browser".to_owned(), address: "192.0.2.1".to_owned() };
        let password = SecretString::from(PASSWORD);
        let acceptance =
            Acceptance { name: "Ada Example", password: &password, client: &client, device: None };
        let step = invitation::accept(platform, &open, &acceptance, None).await.unwrap();
        let half = async || session::find(platform, step.token.expose_secret()).await.unwrap().unwrap();
        let key = sign_in::key_to_enrol(platform, &half().await).await.unwrap();
        let code = self.code(&key);
        let (step, codes) = sign_in::enrol(platform, &half().await, &code, &client).await.unwrap();
        let browser = self.browser().with_cookie(SESSION, step.token.expose_secret());
        let number =
            session::find(platform, step.token.expose_secret()).await.unwrap().unwrap().member().number;
        let recovery_codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
        Member { browser, number, email: email.to_owned(), key, recovery_codes }
    }

    /// What the app shows now.
    pub fn code(&self, key: &SecretString) -> String {
        let bytes = BASE32_NOPAD.decode(key.expose_secret().as_bytes()).unwrap();
        let totp = totp_rs::Builder::new().with_secret(bytes).build().unwrap();
        totp.generate(u64::try_from(self.platform.clock.now() / SECOND).unwrap()).to_string()
    }

    /// What the app shows next; the clock moves there.
    pub fn next_code(&self, key: &SecretString) -> String {
        self.wait(30 * SECOND);
        self.code(key)
    }

    /// A browser in which this member's password was given, and nothing more.
    pub async fn halfway(&self, member: &Member) -> Browser {
        let mut browser = self.browser();
        let fields = [("email", member.email.as_str()), ("password", PASSWORD)];
        browser.post("/dashboard/sign-in", &fields).await.leads_to("/dashboard/second-factor");
        browser
    }

    /// The words for what stands in a business's audit log, newest first.
    pub async fn audit(&self, business: &Business) -> Vec<String> {
        let filter = outpay::store::AuditFilter {
            business: business.number,
            actors: (i64::MIN, i64::MAX),
            action: String::new(),
            before: i64::MAX,
            limit: 100,
        };
        let entries = self.platform.store.audit_log(&filter).await.unwrap();
        entries.into_iter().map(|entry| entry.action).collect()
    }
}

/// Rails as they come, and one that a person pays.
fn with_a_bank() -> Config {
    let mut config = Config::default();
    let bank: ManualConfig = serde_json::from_str(r#"{"title":"Bank transfer"}"#).unwrap();
    config.rails.manual.insert("bank".to_owned(), bank);
    config
}

/// A key as the enrolment page shows it.
pub fn typed_key(shown: &str) -> SecretString {
    SecretString::from(shown.replace(' ', ""))
}

/// The digest of an unknown device's name is of no use: see [`second_factor::known_device`].
pub fn is_known(world: &World, email: &str, device: &str) -> bool {
    second_factor::known_device(&world.platform.secrets, email, Some(device)).is_some()
}
