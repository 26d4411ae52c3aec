//! What the rails of tokens on chains say of themselves, and of a quote.

use super::{CryptoConfig, amount};
use crate::rails::{Facts, Field, FieldRole, RailText};
use alloy_primitives::U256;
use ledger::Provider;
use serde_json::Value;

/// The facts of a token on an EVM chain.
pub(super) fn facts(name: &str, config: &CryptoConfig) -> Facts {
    let title = config.title.as_deref();
    facts_of_chain(name, (&config.currency, &config.chain), title, &config.expected_time)
}

/// The facts of a token on any chain.
pub(in crate::rails) fn facts_of_chain(
    name: &str,
    (currency, chain): (&str, &str),
    title: Option<&str>,
    expected_time: &str,
) -> Facts {
    let named = |text: RailText| text.with("currency", currency).with("chain", chain);
    let title = title.map_or_else(|| named(RailText::code("token_on_chain")), RailText::configured);
    Facts {
        name: name.to_owned(),
        provider: Provider::Crypto,
        title,
        expected_time: RailText::configured(expected_time),
        fields: vec![
            Field {
                hint: Some("withdraw.address_hint"),
                ..Field::typed("address", named(RailText::code("your_address")))
            },
            Field {
                required: false,
                role: FieldRole::Confirmed(chain.to_owned()),
                hint: Some("withdraw.network_hint"),
                ..Field::typed("network", named(RailText::code("network")))
            },
        ],
        // Known only with the treasury's key.
        line: None,
    }
}

/// What a quote says beside the amount in cents.
pub(in crate::rails) fn quote_detail(currency: &str, chain: &str, units: U256, decimals: u8) -> String {
    let (currency, chain) = (Value::from(currency), Value::from(chain));
    let tokens = amount::decimal(units, usize::from(decimals));
    format!(r#"{{"currency":{currency},"chain":{chain},"crypto_amount":{tokens}}}"#)
}
