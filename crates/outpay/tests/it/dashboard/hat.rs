//! The hat of the dashboard's tests: members of a business's team and their browsers. The world is served, behind a proxy that it
//! trusts, and its webhooks may go to a receiver of the test.

use crate::dashboard::browser::{Browser, SESSION};
use crate::database::Database;
use crate::world::{Business, Hat, SECOND, Setup, World, local};
use data_encoding::BASE32_NOPAD;
use ledger::{Actor, Email};
use outpay::testing::http::{ServeConfig, TrustedProxies};
use outpay::testing::members::invitation::{self, Acceptance};
use outpay::testing::members::{SessionClient, second_factor, session, sign_in};
use outpay::testing::networks::Networks;
use outpay::testing::roles::Role;
use secrecy::{ExposeSecret, SecretString};
use std::ops::Deref;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Every member's.
pub const PASSWORD: &str = "four words make one";

pub struct Team {
    world: World,
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

impl Deref for Team {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Team {
    async fn open(database: Arc<Database>) -> Self {
        let world = World::open(database, Setup::default().without_guard()).await;
        // Its connections come from this machine, and may say that they are a proxy's.
        let trusted_proxies = TrustedProxies::new(Networks::parse("127.0.0.1").unwrap());
        Self { world: world.served(ServeConfig { trusted_proxies, ..local() }).await }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl Team {
    /// A request to the API with this key: status and body.
    pub async fn api(&self, method: &str, path: &str, key: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head[9..12].parse().unwrap(), body.to_owned())
    }

    /// A browser without a session.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address(), &self.platform.secrets)
    }

    /// A business that may pay, with this much money to pay out in each mode.
    pub async fn paying_business(&self, cents: i64) -> Business {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        for book in [business.live, business.test] {
            self.fund(book, cents).await;
        }
        business
    }

    /// An invitation's token.
    pub async fn invite(&self, business: &Business, email: &str, role: Role) -> String {
        let email = Email::parse(email).unwrap();
        let made = invitation::invite(&self.platform, business.number, &email, role, Actor::OPERATOR);
        made.await.unwrap().token.expose_secret().to_owned()
    }

    /// A new member of this role, signed in.
    pub async fn member(&self, business: &Business, role: Role) -> Member {
        let number = self.next();
        self.member_called(business, role, &format!("{}{number}@example.com", role.word())).await
    }

    /// The same with an address.
    pub async fn member_called(&self, business: &Business, role: Role, email: &str) -> Member {
        let platform = &self.platform;
        let token = self.invite(business, email, role).await;
        let open = invitation::find(platform, &token).await.unwrap().unwrap();
        let client = SessionClient { agent: "a browser".to_owned(), address: "192.0.2.1".to_owned() };
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
        let filter = outpay::testing::store::AuditFilter {
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

/// A key as the enrolment page shows it.
pub fn typed_key(shown: &str) -> SecretString {
    SecretString::from(shown.replace(' ', ""))
}

/// The digest of an unknown device's name is of no use: see [`second_factor::known_device`].
pub fn is_known(world: &Team, email: &str, device: &str) -> bool {
    second_factor::known_device(&world.platform.secrets, email, Some(device)).is_some()
}
