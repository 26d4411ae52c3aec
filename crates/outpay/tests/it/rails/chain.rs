//! A chain with a token, a funded treasury, and the rail that pays from it.

use crate::rails::peers::{Anvil, Hardhat, Peer};
use crate::rails::tokens::{Node, word};
use alloy_primitives::{Address, U256};
use ledger::{BookId, Cents, Provider, Withdrawal, WithdrawalState};
use outpay::testing::clock::Clock;
use outpay::testing::rails::crypto::{ChainAccess, CryptoConfig, CryptoRail};
use outpay::testing::rails::{Finding, Outcome, Payment, Prepared, Rail};
use outpay::testing::store::Attempt;
use secrecy::SecretString;
use serde_json::{Value, json};

pub const CONFIRMATIONS: u64 = 3;
pub const SECOND: i64 = 1_000_000;
/// The treasury's key in all tests: worthless elsewhere.
pub const KEY: &str = "0x4646464646464646464646464646464646464646464646464646464646464646";
pub const TREASURY: &str = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
pub const BOOK: BookId = BookId(2);

/// Every treasury's initial balance, in cents.
pub const WEALTH: u64 = 1_000_000;

/// A token of tests/peers.
#[derive(Clone, Copy)]
pub struct Token {
    pub name: &'static str,
    pub decimals: u8,
}

pub const SIX: Token = Token { name: "SixDecimals", decimals: 6 };

pub struct Chain {
    // Ends with the test.
    _peer: Peer,
    pub node: Node,
    pub token: Address,
    pub decimals: u8,
    pub config: CryptoConfig,
    pub clock: Clock,
    pub rail: CryptoRail,
}

impl Chain {
    /// Foundry's chain with an ordinary token of 6 decimals.
    pub async fn anvil() -> Self {
        Self::anvil_with(SIX).await
    }

    pub async fn anvil_with(token: Token) -> Self {
        Self::new(Anvil::start(), Anvil::CHAIN_ID, token).await
    }

    pub async fn hardhat() -> Self {
        Self::new(Hardhat::start(), Hardhat::CHAIN_ID, SIX).await
    }

    async fn new(peer: Peer, chain_id: u64, kind: Token) -> Self {
        let node = Node::new(&peer.url);
        node.stop_mining().await;
        let supply = units(WEALTH * 2, kind.decimals);
        let arguments = match kind.name {
            // Two one-letter strings, the supply, and its owner.
            "ERC20PresetFixedSupply" => {
                let letter = U256::from(b'T') << 248;
                let one = U256::from(1);
                let owner = word(node.rich().await);
                vec![U256::from(128), U256::from(192), supply, owner, one, letter, one, letter]
            }
            "TransferFeeToken" => vec![supply, U256::from(1)],
            _ => vec![supply],
        };
        let token = node.deploy(kind.name, &arguments).await;
        let treasury = TREASURY.parse().unwrap();
        node.give_coins(treasury, U256::from(10).pow(U256::from(18))).await;
        node.give_tokens(token, treasury, units(WEALTH, kind.decimals)).await;
        let config = config(chain_id, token, kind.decimals);
        let clock = Clock::manual(1_800_000_000 * SECOND);
        let rail = rail(&config, &peer.url, &clock);
        Self { _peer: peer, node, token, decimals: kind.decimals, config, clock, rail }
    }

    /// Another rail to the same chain, through another URL or with other settings.
    pub fn rail_at(&self, url: &str, change: impl FnOnce(&mut CryptoConfig)) -> CryptoRail {
        let mut config = self.config.clone();
        change(&mut config);
        rail(&config, url, &self.clock)
    }

    pub async fn paid(&self, to: Address) -> U256 {
        self.node.tokens_of(self.token, to).await
    }

    pub fn units(&self, cents: u64) -> U256 {
        units(cents, self.decimals)
    }

    pub async fn prepare(&self, payment: &Payment, earlier: &[Attempt], slot: i64) -> Attempt {
        let prepared = self.rail.prepare(payment, earlier, slot).await.unwrap();
        self.attempt(earlier, prepared)
    }

    /// The attempt that the store would record.
    pub fn attempt(&self, earlier: &[Attempt], prepared: Prepared) -> Attempt {
        let number = i64::try_from(earlier.len()).unwrap() + 1;
        let Prepared { key, request, slot } = prepared;
        let (rail, created_at) = ("usdc".to_owned(), self.clock.now());
        let (answer, answer_text) = (String::new(), String::new());
        Attempt { number, rail, key, request, slot, created_at, answered_at: None, answer, answer_text }
    }

    /// Prepares a payment and sends it; it is in no block yet.
    pub async fn send(&self, payment: &Payment, slot: i64) -> Attempt {
        let attempt = self.prepare(payment, &[], slot).await;
        let answer = self.rail.submit(payment, &attempt).await;
        assert!(matches!(answer, Outcome::Accepted { .. }), "{answer:?}");
        attempt
    }

    pub async fn query(&self, payment: &Payment, attempts: &[Attempt]) -> Finding {
        self.rail.query(payment, attempts).await
    }

    /// Mines until the payment is deep enough; it must then be paid.
    pub async fn succeed(&self, payment: &Payment, attempts: &[Attempt]) -> Value {
        self.node.mine(CONFIRMATIONS).await;
        match self.query(payment, attempts).await {
            Finding::Outcome(Outcome::Succeeded { detail }) => serde_json::from_str(&detail).unwrap(),
            other => panic!("{other:?}"),
        }
    }
}

pub fn units(cents: u64, decimals: u8) -> U256 {
    U256::from(cents) * U256::from(10).pow(U256::from(decimals - 2))
}

pub fn config(chain_id: u64, token: Address, decimals: u8) -> CryptoConfig {
    serde_json::from_value(json!({
        "chain": "Testnet", "chain_id": chain_id, "currency": "USDC", "token": token.to_checksum(None),
        "decimals": decimals, "confirmations": CONFIRMATIONS, "timeout_seconds": 2,
    }))
    .unwrap()
}

pub fn rail(config: &CryptoConfig, url: &str, clock: &Clock) -> CryptoRail {
    let access = ChainAccess::new(SecretString::from(url), &SecretString::from(KEY)).unwrap();
    CryptoRail::new("usdc", config.clone(), access, clock.clone()).unwrap()
}

/// A recipient's address.
pub fn person(number: u8) -> Address {
    Address::repeat_byte(number)
}

/// A payment of this many cents, including a fee of 50 cents.
pub fn payment(to: Address, amount: i64) -> Payment {
    let withdrawal = Withdrawal {
        number: 1,
        user: 1,
        method: "usdc".to_owned(),
        provider: Provider::Crypto,
        amount: Cents(amount),
        fees: Cents(50),
        destination: json!({"address": to.to_checksum(None), "network": "Testnet"}).to_string(),
        state: WithdrawalState::Sending,
        outcome_unknown: false,
        reason_code: String::new(),
        reason: String::new(),
        created_at: 0,
        changed_at: 0,
    };
    Payment { book: BOOK, withdrawal, order_id: "CRX-1".to_owned(), now: 0 }
}

pub fn is_accepted(finding: &Finding) -> bool {
    matches!(finding, Finding::Outcome(Outcome::Accepted { .. }))
}

pub fn is_succeeded(finding: &Finding) -> bool {
    matches!(finding, Finding::Outcome(Outcome::Succeeded { .. }))
}

/// The operator's text of an unknown outcome.
pub fn unknown(finding: Finding) -> String {
    match finding {
        Finding::Outcome(Outcome::Unknown { text, .. }) => text,
        other => panic!("{other:?}"),
    }
}

/// The code of a refusal.
pub fn refused(finding: Finding) -> String {
    match finding {
        Finding::Outcome(Outcome::Refused { code, text }) => {
            assert!(text.ends_with('.'), "{text}");
            code
        }
        other => panic!("{other:?}"),
    }
}
