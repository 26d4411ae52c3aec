//! Addresses as people write them: the checks of a destination, each with a sentence a person understands.

use crate::rails::RailText;
use alloy_primitives::Address;

/// Reads an address. Mixed case must carry a right checksum (EIP-55); all-lower and all-upper carry none.
///
/// # Errors
/// A sentence for people.
pub(super) fn parse(text: &str) -> Result<Address, RailText> {
    let form = || RailText::code("address_form");
    let digits = text.strip_prefix("0x").ok_or_else(form)?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(form());
    }
    let has = |wanted: fn(&u8) -> bool| digits.as_bytes().iter().any(wanted);
    if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
        return Address::parse_checksummed(text, None).map_err(|_| RailText::code("address_checksum"));
    }
    digits.parse().map_err(|_| form())
}

/// Addresses that are never paid.
pub(super) struct Forbidden<'a> {
    pub token: Address,
    pub treasury: Address,
    /// The token's symbol.
    pub currency: &'a str,
}

impl Forbidden<'_> {
    /// Why money must not go to `address`, in a sentence for people.
    pub fn reason(&self, address: Address) -> Option<RailText> {
        if address == Address::ZERO {
            Some(RailText::code("zero_address"))
        } else if address == self.token {
            Some(RailText::code("token_address").with("currency", self.currency))
        } else if address == self.treasury {
            Some(RailText::code("treasury"))
        } else {
            None
        }
    }
}
