//! The fake's own reader of signed TRON transactions, which shares no code with the rail.

use alloy_primitives::{Address, B256, U256, hex, keccak256};
use sha2::{Digest, Sha256};

/// A transfer that was sent.
#[derive(Clone)]
pub struct Sent {
    pub id: B256,
    pub raw: Vec<u8>,
    pub to: Address,
    pub units: U256,
    pub expiration: i64,
    pub reference: ([u8; 2], [u8; 8]),
}

/// An address as the node's HTTP API has it.
pub fn wire(address: Address) -> String {
    format!("41{}", hex::encode(address))
}

/// The fields of a protobuf message: number and bytes; a number is given as its 8 bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = bytes[0];
            *bytes = &bytes[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
            shift += 7;
        }
    }
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = match tag & 7 {
            0 => varint(&mut bytes).to_be_bytes().to_vec(),
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (value, rest) = bytes.split_at(length);
                bytes = rest;
                value.to_vec()
            }
            other => panic!("a field of kind {other}"),
        };
        found.push((tag >> 3, value));
    }
    found
}

fn field(of: &[(u64, Vec<u8>)], number: u64) -> &[u8] {
    &of.iter().find(|(found, _)| *found == number).unwrap_or_else(|| panic!("no field {number}")).1
}

/// A transfer of this token; anything else is a fault of the rail.
pub fn read(raw: &[u8], token: Address) -> Sent {
    let raw_data = field(&fields(raw), 1).to_vec();
    let transaction = fields(&raw_data);
    let contract = fields(field(&transaction, 11));
    let call = fields(field(&fields(field(&contract, 2)), 2));
    assert_eq!(hex::encode(field(&call, 2)), wire(token));
    let data = field(&call, 4);
    assert_eq!(data[..4], keccak256("transfer(address,uint256)")[..4]);
    let number = |of: &[u8]| i64::from_be_bytes(of.try_into().unwrap());
    Sent {
        id: B256::from(<[u8; 32]>::from(Sha256::digest(&raw_data))),
        raw: raw.to_vec(),
        to: Address::from_slice(&data[16..36]),
        units: U256::from_be_slice(&data[36..]),
        expiration: number(field(&transaction, 8)),
        reference: (field(&transaction, 1).try_into().unwrap(), field(&transaction, 4).try_into().unwrap()),
    }
}
