//! Addresses as people write them: the checks of a destination, each with a sentence a person understands.

use alloy_primitives::Address;

/// Reads an address. Mixed case must carry a right checksum (EIP-55); all-lower and all-upper carry none.
///
/// # Errors
/// A sentence for people.
pub(super) fn parse(text: &str) -> Result<Address, &'static str> {
    const FORM: &str =
        "An address begins with 0x, followed by 40 characters from 0-9 and a-f. Please check it.";
    const CHECKSUM: &str =
        "This address has a typing error: its capital letters do not fit. Please copy it again.";
    let digits = text.strip_prefix("0x").ok_or(FORM)?;
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(FORM);
    }
    let has = |wanted: fn(&u8) -> bool| digits.as_bytes().iter().any(wanted);
    if has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) {
        return Address::parse_checksummed(text, None).map_err(|_| CHECKSUM);
    }
    digits.parse().map_err(|_| FORM)
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
    pub fn reason(&self, address: Address) -> Option<String> {
        let lost = "whatever is sent there is lost. Please give your own address.";
        if address == Address::ZERO {
            Some(format!("This is the zero address, which has no owner: {lost}"))
        } else if address == self.token {
            Some(format!("This is the address of the {} contract itself: {lost}", self.currency))
        } else if address == self.treasury {
            Some("This is the address that the money comes from. Please give your own address.".to_owned())
        } else {
            None
        }
    }
}
