//! The public detail of a payment: the webhook's `crypto` object, in the order of the contract (1.5).

use super::super::kind::{Known, text_of};
use super::CryptoConfig;
use super::amount::decimal;
use crate::rails::RailText;
use alloy_primitives::{Address, B256, U256};
use ledger::Cents;
use serde_json::{Map, Value};

/// The fields in the order of the contract.
pub(super) const ORDER: &[&str] = &[
    "order_id",
    "currency",
    "chain",
    "crypto_amount",
    "usd_amount",
    "to_address",
    "tx_hash",
    "confirmations",
    "network_fee",
];

/// What a webhook says of a payment about which the chain says nothing yet. Only the rail knows its word for the chain.
pub(super) fn known(known: &Known<'_>) -> String {
    let dollars = format!("\"usd_amount\":{}", decimal(cents(known.gross), 2));
    known.object([dollars].into_iter().chain(known.text("to_address", "address")))
}

/// What the person receives: tokens to the address, of which both ends are shown, since 42 characters are hard to compare; the whole stands
/// beside it. A token is worth a dollar (amount.rs), so the number of tokens is that of dollars.
pub(super) fn receives(to: &Map<String, Value>, quote: &Value) -> RailText {
    let address: Vec<char> = text_of(to.get("address")).chars().collect();
    let ends: String = match address.as_slice() {
        [start @ .., a, b, c, d] if start.len() > 8 => {
            start[..6].iter().chain(&['…', *a, *b, *c, *d]).collect()
        }
        short => short.iter().collect(),
    };
    RailText::code("receive_tokens")
        .with("currency", text_of(quote.get("currency")))
        .with("chain", text_of(quote.get("chain")))
        .with("address", ends)
}

/// An invented payment of a stablecoin on Ethereum.
pub(super) fn sample(known: &Known<'_>) -> String {
    let units = cents(known.net) * U256::from(10_000);
    Detail {
        order_id: known.order_id,
        currency: "USDC",
        chain: "ERC20",
        units,
        decimals: 6,
        gross: known.gross,
        to: Address::with_last_byte(0xaa).to_checksum(None),
        hash: Some(B256::with_last_byte(1).to_string()),
        confirmations: Some(12),
        fee: Some((U256::from(65_000_000_000_000_u64), super::COIN_DECIMALS)),
    }
    .json()
}

/// An amount of a withdrawal, which is never negative.
pub(super) fn cents(amount: Cents) -> U256 {
    U256::from(amount.0.unsigned_abs())
}

/// The documented words for chains, by EIP-155 number.
const CHAINS: &[(u64, &str)] = &[(1, "ERC20"), (728_126_428, "TRC20")];

/// How programs read which chain it is: as configured, by the documented word, or by the chain's name.
pub(super) fn chain_word(config: &CryptoConfig) -> String {
    let documented = || CHAINS.iter().find(|(id, _)| *id == config.chain_id).map(|(_, word)| *word);
    config.webhook_chain.as_deref().or_else(documented).unwrap_or(&config.chain).to_owned()
}

/// Unknown fields are left out.
pub(in crate::rails) struct Detail<'a> {
    pub order_id: &'a str,
    pub currency: &'a str,
    pub chain: &'a str,
    pub units: U256,
    pub decimals: u8,
    /// What left the person's balance, as the documented sample has it.
    pub gross: Cents,
    /// As people of this chain write it.
    pub to: String,
    pub hash: Option<String>,
    pub confirmations: Option<u64>,
    /// In the smallest unit of the chain's coin, and how many decimals that has.
    pub fee: Option<(U256, usize)>,
}

impl Detail<'_> {
    /// One JSON object. Numbers are written from integers, since a float would round them.
    pub fn json(&self) -> String {
        let text = |text: &str| Value::from(text).to_string();
        let mut fields = vec![
            ("order_id", text(self.order_id)),
            ("currency", text(self.currency)),
            ("chain", text(self.chain)),
            ("crypto_amount", decimal(self.units, usize::from(self.decimals))),
            ("usd_amount", decimal(cents(self.gross), 2)),
            ("to_address", text(&self.to)),
        ];
        fields.extend(self.hash.as_ref().map(|hash| ("tx_hash", text(hash))));
        fields.extend(self.confirmations.map(|count| ("confirmations", count.to_string())));
        fields.extend(self.fee.map(|(fee, decimals)| ("network_fee", decimal(fee, decimals))));
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_stand_in_the_order_of_the_contract() {
        let mut detail = Detail {
            order_id: "CRX-1",
            currency: "USDC",
            chain: "Base",
            units: U256::from(24_500_000),
            decimals: 6,
            gross: Cents(2500),
            to: Address::repeat_byte(0xab).to_checksum(None),
            hash: None,
            confirmations: None,
            fee: None,
        };
        let start = r#"{"order_id":"CRX-1","currency":"USDC","chain":"Base","crypto_amount":24.5,"usd_amount":25,"to_address":"0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB""#;
        assert_eq!(detail.json(), format!("{start}}}"));
        detail.hash = Some(B256::repeat_byte(1).to_string());
        detail.confirmations = Some(12);
        detail.fee = Some((U256::from(65_000_000_000_000_u64), 18));
        let hash = "01".repeat(32);
        let end = format!(r#","tx_hash":"0x{hash}","confirmations":12,"network_fee":0.000065}}"#);
        assert_eq!(detail.json(), format!("{start}{end}"));
    }

    #[test]
    fn chains_have_the_documented_words() {
        let word = |chain_id: u64, configured: Option<&str>| {
            let config: CryptoConfig = serde_json::from_value(serde_json::json!({
                "chain": "Our label", "chain_id": chain_id, "currency": "USDC", "token": "0x1", "decimals": 6,
                "webhook_chain": configured,
            }))
            .unwrap();
            chain_word(&config)
        };
        assert_eq!(word(1, None), "ERC20");
        assert_eq!(word(728_126_428, None), "TRC20");
        assert_eq!(word(8453, None), "Our label");
        assert_eq!(word(1, Some("ethereum")), "ethereum");
        assert_eq!(word(56, Some("BEP20")), "BEP20");
    }
}
