//! The audit log's chain and the file of signed heads, checked from the documentation alone: the digested bytes
//! (store/audit_log_chain.rs), the signed text (heads/line.rs).

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use ed25519_dalek::{Signature, VerifyingKey};
use rusqlite::{Connection, OptionalExtension};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Every row's digest follows from the row before it and its own content, and the head is the newest row's.
pub fn log(connection: &Connection) -> Result<()> {
    let sql = "SELECT number, business, book, at, actor, action, subject, detail, digest FROM audit_log ORDER BY number";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut newest, mut chain) = (0, vec![0u8; 32]);
    while let Some(row) = rows.next()? {
        newest = row.get(0)?;
        let mut digest = Sha256::new();
        digest.update(&chain);
        for column in 0..5 {
            digest.update(row.get::<_, i64>(column)?.to_be_bytes());
        }
        for column in 5..8 {
            let text: String = row.get(column)?;
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
        chain = digest.finalize().to_vec();
        let stored: Option<Vec<u8>> = row.get(8)?;
        ensure!(stored.as_ref() == Some(&chain), "audit log {newest}: its digest does not follow");
    }
    let head: (i64, Vec<u8>) =
        connection.query_row("SELECT number, digest FROM audit_log_head", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    ensure!(head == (newest, chain), "the audit log's head is not its newest row, {newest}");
    Ok(())
}

/// Every line follows from the one before it, is signed by this key, and names an entry with its digest. Returns the
/// number of lines.
#[cfg_attr(not(test), expect(dead_code, reason = "the simulator runs no server, which is what signs"))]
pub fn heads(connection: &Connection, file: &Path, key: &[u8; 32]) -> Result<usize> {
    let key = VerifyingKey::from_bytes(key)?;
    let text = std::fs::read_to_string(file)?;
    let mut previous = hex(&[0; 32]);
    for (number, line) in (1..).zip(text.lines()) {
        let place = || format!("line {number}");
        let signed: Value = serde_json::from_str(line).with_context(place)?;
        let word = |name: &str| signed[name].as_str().unwrap_or_default().to_owned();
        let digits = |name: &str| signed[name].as_i64().unwrap_or_default();
        ensure!(word("previous") == previous, "line {number} does not follow");
        let said = [
            "outpay head".to_owned(),
            digits("book").to_string(),
            digits("sequence").to_string(),
            word("digest"),
            word("at"),
            digits("epoch").to_string(),
            word("previous"),
        ];
        let signature = Signature::from_slice(&unhex(&word("signature"))?)?;
        key.verify_strict(said.join("\n").as_bytes(), &signature).with_context(place)?;
        let sql = match digits("book") {
            0 => "SELECT digest FROM audit_log WHERE ?1 = 0 AND number = ?2",
            _ => "SELECT chain FROM journal WHERE book = ?1 AND sequence = ?2",
        };
        let place_of_it = [digits("book"), digits("sequence")];
        let stored: Option<Vec<u8>> = connection.query_row(sql, place_of_it, |row| row.get(0)).optional()?;
        let Some(stored) = stored else { bail!("line {number}: entry {} is gone", digits("sequence")) };
        ensure!(hex(&stored) == word("digest"), "line {number}: entry {} is another", digits("sequence"));
        previous = hex(&Sha256::digest(line.as_bytes()));
    }
    Ok(text.lines().count())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Result<Vec<u8>> {
    let digit = |at: usize| text.get(at..at + 2).context("two digits to a byte");
    (0..text.len()).step_by(2).map(|at| Ok(u8::from_str_radix(digit(at)?, 16)?)).collect()
}
