//! Checks of a destination, each with a sentence for people, for the live rail and its simulation. Not here: the form of an
//! address (address.rs).

use super::super::crypto::ChainDestination;
use super::address;
use crate::rails::{FieldProblem, RailText};
use alloy_primitives::Address;
use serde_json::{Map, Value};

/// What a destination is checked against.
pub(super) struct TronDestinations<'a> {
    pub chain: &'a str,
    /// The token's symbol.
    pub currency: &'a str,
    pub token: Address,
    /// Known only to the live rail.
    pub treasury: Option<Address>,
}

impl TronDestinations<'_> {
    /// Reads a destination and writes its canonical form: the address and the network.
    pub fn read(&self, fields: &Map<String, Value>) -> Result<String, Vec<FieldProblem>> {
        let address = self.read_address(fields.get("address"));
        let network = self.read_network(fields.get("network"));
        match (address, network) {
            (Ok(address), Ok(())) => {
                let stored = ChainDestination { address, network: self.chain.to_owned() };
                Ok(serde_json::to_string(&stored).expect("two texts are JSON"))
            }
            (address, network) => {
                let problem = |name: &str, sentence| FieldProblem::new(name, sentence);
                let address = address.err().map(|sentence| problem("address", sentence));
                let network = network.err().map(|sentence| problem("network", sentence));
                Err(address.into_iter().chain(network).collect())
            }
        }
    }

    fn read_address(&self, value: Option<&Value>) -> Result<String, RailText> {
        let missing = || RailText::code("address_missing").with("currency", self.currency);
        let text = value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let address = address::parse(text.ok_or_else(missing)?)?;
        if address == Address::ZERO {
            return Err(RailText::code("zero_address"));
        }
        if address == self.token {
            return Err(RailText::code("token_address").with("currency", self.currency));
        }
        if Some(address) == self.treasury {
            return Err(RailText::code("treasury"));
        }
        Ok(address::write(address))
    }

    /// A person who names another network expects the money there, where it would not arrive.
    fn read_network(&self, value: Option<&Value>) -> Result<(), RailText> {
        let fits = match value {
            None | Some(Value::Null) => true,
            Some(Value::String(name)) => name.trim().eq_ignore_ascii_case(self.chain),
            Some(_) => false,
        };
        if fits { Ok(()) } else { Err(RailText::code("other_network").with("chain", self.chain)) }
    }
}
