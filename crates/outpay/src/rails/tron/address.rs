//! Addresses of TRON: 20 bytes behind the byte 0x41, written in base58 with a checksum. Not here: which addresses are refused
//! (destination.rs).

use crate::rails::RailText;
use alloy_primitives::Address;
use sha2::{Digest, Sha256};

/// The byte before every address of the network.
const PREFIX: u8 = 0x41;

/// Reads an address as people write it.
///
/// # Errors
/// A sentence for people.
pub(super) fn parse(text: &str) -> Result<Address, RailText> {
    let form = || RailText::code("tron_address_form");
    if !text.starts_with('T') || text.len() != 34 {
        return Err(form());
    }
    let bytes = bs58::decode(text).into_vec().map_err(|_| form())?;
    let (body, sum) = bytes.split_at_checked(21).filter(|(_, sum)| sum.len() == 4).ok_or_else(form)?;
    if checksum(body) != sum {
        return Err(RailText::code("tron_address_checksum"));
    }
    if body[0] == PREFIX { Ok(Address::from_slice(&body[1..])) } else { Err(form()) }
}

/// Writes an address as people read it.
pub(super) fn write(address: Address) -> String {
    let mut bytes = on_wire(address);
    let sum = checksum(&bytes);
    bytes.extend_from_slice(&sum);
    bs58::encode(bytes).into_string()
}

/// The 21 bytes of a message.
pub(super) fn on_wire(address: Address) -> Vec<u8> {
    let mut bytes = vec![PREFIX];
    bytes.extend_from_slice(address.as_slice());
    bytes
}

/// The same in hexadecimal, as the nodes' HTTP API has it.
pub(super) fn hex(address: Address) -> String {
    alloy_primitives::hex::encode(on_wire(address))
}

fn checksum(body: &[u8]) -> [u8; 4] {
    let twice: [u8; 32] = Sha256::digest(Sha256::digest(body)).into();
    [twice[0], twice[1], twice[2], twice[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract of USDT, whose both forms are public.
    const USDT: (&str, &str) =
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "41a614f803b6fd780986a42c78ec9c7f77e6ded13c");

    #[test]
    fn both_forms_are_of_one_address() {
        let address = parse(USDT.0).unwrap();
        assert_eq!((write(address).as_str(), hex(address).as_str()), USDT);
    }

    #[test]
    fn every_changed_letter_is_noticed() {
        for at in 0..USDT.0.len() {
            let mut changed = USDT.0.to_owned();
            let other = if &changed[at..=at] == "x" { "y" } else { "x" };
            changed.replace_range(at..=at, other);
            assert!(parse(&changed).is_err(), "{changed}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let ethereum = "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F";
        // An address of another network with a right checksum.
        let bitcoin = "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2";
        for text in ["", "T", ethereum, bitcoin, USDT.1, &USDT.0[1..], &format!("{}1", USDT.0)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
