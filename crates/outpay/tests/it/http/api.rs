//! The hat of the API's tests: requests and what the answers must be. The world is served on a free port.

use crate::database::Database;
use crate::wire::Call;
use crate::world::{Business, Hat, NOW, Server, Setup, World, local};
use ledger::{Actor, BookId, HashBasis};
use outpay::testing::api_keys::{self, KeyOrder};
use outpay::testing::http::ServeConfig;
use outpay::testing::ids::IdKind;
use outpay::testing::key_limits::KeyLimits;
use outpay::testing::store::CredentialKind;
use secrecy::ExposeSecret;
use std::ops::Deref;
use std::sync::Arc;

/// The master key of every world, 64 hexadecimal digits.
pub const MASTER_KEY: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub const UNAUTHORIZED: &str = r#"{"error":"Unauthorized"}"#;
pub const DISABLED: &str = r#"{"error":"Payouts are currently disabled. Please enable them in Settings."}"#;
pub const INSUFFICIENT: &str = r#"{"error":"Insufficient payout balance"}"#;
pub const MALFORMED: &str = r#"{"error":"Malformed JSON body"}"#;
pub const NOT_JSON: &str = r#"{"error":"Send JSON with the header Content-Type: application/json.","code":"unsupported_media_type"}"#;
pub const TOO_LARGE: &str =
    r#"{"error":"The body may not be larger than 65536 bytes.","code":"payload_too_large"}"#;
pub const UNKNOWN_USER: &str = r#"{"error":"Payout user not found","code":"payout_user_not_found"}"#;
pub const NO_LIMIT: &str = "The limit must be an integer from 1 to 100.";
pub const NO_CURSOR: &str = "The cursor is not one that this list gave; start again without it.";

/// The answer to one invalid field, everywhere but in `POST /payout/create`.
pub fn invalid(field: &str, sentence: &str) -> String {
    let sentence = serde_json::to_string(sentence).unwrap();
    format!(r#"{{"error":{sentence},"code":"invalid_request","fields":{{"{field}":[{sentence}]}}}}"#)
}

/// A body filled up with white space to this many bytes.
pub fn padded(body: &str, length: usize) -> String {
    body.to_owned() + &" ".repeat(length - body.len())
}

pub struct Api {
    world: World,
}

impl Deref for Api {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl Hat for Api {
    async fn open(database: Arc<Database>) -> Self {
        Self { world: World::open(database, Setup::default()).await.served(local()).await }
    }

    async fn into_world(self) -> World {
        self.world
    }
}

impl Api {
    /// A second server on the same database.
    pub async fn second_server(&self) -> Server {
        self.second_server_with(local()).await
    }

    pub async fn second_server_with(&self, config: ServeConfig) -> Server {
        Server::start(config, self.neighbour().await).await
    }

    /// The same, with webhooks that may go to this machine, and without TLS.
    pub async fn second_server_without_guard(&self) -> Server {
        let platform = self.neighbour_with(&Setup::default().without_guard()).await;
        Server::start(local(), platform).await
    }

    pub fn get(&self, target: &str) -> Call {
        self.call("GET", target)
    }

    pub fn post(&self, target: &str) -> Call {
        self.call("POST", target)
    }

    pub fn call(&self, method: &str, target: &str) -> Call {
        Call::new(self.address(), method, target)
    }

    /// A documented create.
    pub fn create(&self, key: &str, email: &str, amount: i64) -> Call {
        self.post("/payout/create").key(key).json(format!(r#"{{"email":"{email}","amount":{amount}}}"#))
    }

    /// Pays a recipient; the hash.
    pub async fn pay(&self, key: &str, email: &str, amount: i64) -> String {
        let paid = self.create(key, email, amount).send().await.value(201);
        paid["hash"].as_str().unwrap().to_owned()
    }

    /// A business that may pay, with this much live money to pay out.
    pub async fn paying_business(&self, cents: i64) -> Business {
        let business = self.business().await;
        self.enable_payouts(&business, true).await;
        self.fund(business.live, cents).await;
        business
    }

    /// One more key.
    pub async fn new_key(&self, book: BookId, kind: CredentialKind, lifetime: Option<i64>) -> (i64, String) {
        let limits = KeyLimits::default();
        let order = KeyOrder {
            book,
            kind,
            name: String::new(),
            expires_in: lifetime,
            limits,
            family: None,
            budget: None,
        };
        let made = api_keys::create(&self.platform, &order, Actor::NONE).await.unwrap();
        (made.number, made.text.expose_secret().to_owned())
    }

    /// Ends the key with this number.
    pub async fn revoke(&self, number: i64) {
        let key = self.platform.store.key(number).await.unwrap().unwrap();
        api_keys::revoke(&self.platform, &key, Actor::NONE).await.unwrap();
    }

    /// The hash of a book's `number`th user, as it was after so many rotations.
    pub async fn hash(&self, book: BookId, number: i64, generation: usize) -> String {
        let entries = self.platform.store.entries(book, 0, 100_000).await.unwrap();
        let mut salts = entries
            .iter()
            .filter(|stored| stored.entry.user == number)
            .filter_map(|stored| stored.entry.salt);
        let salt = salts.nth(generation).expect("the user has such a hash");
        let basis = HashBasis { generation: i64::try_from(generation).unwrap(), salt };
        self.platform.secrets.payout_hash(book, number, &basis).unwrap().expose_secret().to_owned()
    }

    /// The public id of the key with this text.
    pub async fn key_id(&self, book: BookId, text: &str) -> String {
        let digest = self.platform.secrets.credential_digest(text.as_bytes());
        let credential = self.platform.store.credential(&digest).await.unwrap().unwrap();
        self.platform.secrets.ids().seal(IdKind::ApiKey, book, credential.subject)
    }

    /// The public id of a book's entry as an operation.
    pub fn operation_id(&self, book: BookId, sequence: i64) -> String {
        self.platform.secrets.ids().seal(IdKind::Operation, book, sequence)
    }

    /// The path of a book's `number`th user, with something behind it.
    pub fn user_path(&self, book: BookId, number: i64, rest: &str) -> String {
        format!("/payout/users/{}{rest}", self.user_id(book, number))
    }

    /// A user of this status and balance as answers show one that was created at [`NOW`].
    pub fn user(&self, book: BookId, number: i64, email: &str, status: &str, balance: i64) -> String {
        let id = self.user_id(book, number);
        format!(
            r#"{{"id":"{id}","email":"{email}","status":"{status}","balance":{balance},"pending":0,"created_at":"{NOW}","expires_at":null}}"#
        )
    }

    /// Asserts main and payout balance.
    pub async fn has_balances(&self, key: &str, main: i64, payout: i64) {
        let expected = format!(r#"{{"balance":{main},"payout_balance":{payout}}}"#);
        self.get("/balance").key(key).send().await.is(200, expected);
    }

    /// Everything a business sees of its books: equal before and after what must change nothing.
    pub async fn books(&self, key: &str) -> String {
        let mut seen = String::new();
        for path in ["/balance", "/payout/users?limit=100", "/payout/events?limit=100"] {
            let answer = self.get(path).key(key).send().await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            seen += answer.text();
        }
        seen
    }
}
