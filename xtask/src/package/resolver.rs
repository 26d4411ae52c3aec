//! A name server that knows one name: for a container whose program must find a host by name where there is no network.

use std::net::{Ipv4Addr, SocketAddrV4};

use anyhow::{Context, Result};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// The name; all others do not exist.
pub const NAME: &str = "database.outpay.example";
/// An address of this machine that no other name server listens on.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 53, 53);

/// Ends with its guard.
pub struct Resolver(JoinHandle<()>);

impl Drop for Resolver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Answers that [`NAME`] is this machine.
pub async fn start() -> Result<Resolver> {
    let socket = UdpSocket::bind(SocketAddrV4::new(ADDRESS, 53)).await;
    let socket = socket.with_context(|| format!("listening on {ADDRESS}, port 53"))?;
    Ok(Resolver(tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut query).await {
            if let Some(reply) = answer(&query[..length]) {
                drop(socket.send_to(&reply, client).await);
            }
        }
    })))
}

/// RFC 1035, 4.1: the head and the question again, and an A record for the name; no other record is known of it.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let question = query.get(12..)?;
    let end = question.iter().position(|length| *length == 0)?;
    let kind = question.get(end + 1..end + 5)?;
    let is_known = question[..=end].eq_ignore_ascii_case(&encoded(NAME));
    let has_address = is_known && kind == [0, 1, 0, 1];
    let mut reply = query.get(..2)?.to_vec();
    // A response to a recursive query; 3: the name does not exist.
    reply.extend([0x81, if is_known { 0x80 } else { 0x83 }, 0, 1, 0, u8::from(has_address), 0, 0, 0, 0]);
    reply.extend(question.get(..end + 5)?);
    if has_address {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(reply)
}

fn encoded(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label of the name above is short"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(name: &str, kind: u8) -> Vec<u8> {
        [&[7, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &encoded(name), &[0, kind, 0, 1]].concat()
    }

    #[test]
    fn one_name_has_one_address() {
        let found = answer(&query(NAME, 1)).unwrap();
        assert_eq!((&found[..4], found[7]), (&[7, 9, 0x81, 0x80][..], 1));
        assert!(found.ends_with(&[127, 0, 0, 1]));
        let other_kind = answer(&query(NAME, 28)).unwrap();
        assert_eq!((other_kind[3], other_kind[7]), (0x80, 0), "no IPv6 address, but the name exists");
        let unknown = answer(&query("other.example", 1)).unwrap();
        assert_eq!((unknown[3], unknown[7]), (0x83, 0));
        assert!(answer(b"short").is_none());
    }
}
