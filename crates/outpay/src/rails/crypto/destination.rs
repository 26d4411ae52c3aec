//! Checks of a destination, each with a sentence for people, for the live rail and its simulation. Not here: the form of an address
//! (address.rs).

use super::{ChainDestination, CryptoRail, FieldProblem, RailText, address};
use alloy_primitives::Address;
use serde_json::{Map, Value};

/// What a destination is checked against.
pub(super) struct Destinations<'a> {
    /// The chain's name.
    pub chain: &'a str,
    /// The token's symbol.
    pub currency: &'a str,
    pub token: Address,
    pub treasury: Address,
}

impl CryptoRail {
    /// Reads a destination and writes its canonical form.
    pub(super) fn read_destination(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let (chain, currency) = (self.chain_name.as_str(), self.currency.as_str());
        let (token, treasury) = (self.chain().token, self.chain().treasury);
        Destinations { chain, currency, token, treasury }.read(fields)
    }
}

impl Destinations<'_> {
    /// Reads a destination and writes its canonical form: the address with its checksum, and the network.
    pub fn read(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let mut problems = Vec::new();
        let address = self.read_address(fields.get("address")).map_err(|sentence| {
            problems.push(FieldProblem::new("address", sentence));
        });
        if let Err(sentence) = self.read_network(fields.get("network")) {
            problems.push(FieldProblem::new("network", sentence));
        }
        match address {
            Ok(address) if problems.is_empty() => {
                let stored = ChainDestination { address, network: self.chain.to_owned() };
                Ok(serde_json::to_string(&stored).expect("two texts are JSON"))
            }
            _ => Err(problems),
        }
    }

    fn read_address(&self, value: Option<&Value>) -> Result<String, RailText> {
        let missing = || RailText::code("address_missing").with("currency", self.currency);
        let text = value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let address = address::parse(text.ok_or_else(missing)?)?;
        let forbidden =
            address::Forbidden { token: self.token, treasury: self.treasury, currency: self.currency };
        forbidden.reason(address).map_or_else(|| Ok(address.to_checksum(None)), Err)
    }

    /// A person who names another network expects the money there, where it would not arrive.
    fn read_network(&self, value: Option<&Value>) -> Result<(), RailText> {
        let fits = match value {
            None | Some(Value::Null) => true,
            Some(Value::String(name)) => name.trim().eq_ignore_ascii_case(self.chain),
            Some(_) => false,
        };
        let sentence = || RailText::code("other_network").with("chain", self.chain);
        if fits { Ok(()) } else { Err(sentence()) }
    }
}
