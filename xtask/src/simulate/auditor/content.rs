//! A digest over every row of every table: two runs with the same digest have the same contents.

use std::path::Path;

use anyhow::Result;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};

/// Tables, and the columns that order their rows.
const TABLES: [(&str, &str); 9] = [
    ("setting", "name"),
    ("business", "number"),
    ("book", "id"),
    ("account", "book, id"),
    ("payout_user", "book, number"),
    ("credential", "digest"),
    ("api_key", "number"),
    ("journal", "book, sequence"),
    ("remembered", "book, key"),
];

pub fn digest(path: &Path) -> Result<Vec<u8>> {
    let connection = super::open(path)?;
    let mut digest = Sha256::new();
    for (table, order) in TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table} ORDER BY {order}"))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            digest.update(table.as_bytes());
            for column in 0..columns {
                feed(&mut digest, row.get_ref(column)?);
            }
        }
    }
    Ok(digest.finalize().to_vec())
}

fn feed(digest: &mut Sha256, value: ValueRef<'_>) {
    match value {
        ValueRef::Null => digest.update([0]),
        ValueRef::Integer(number) => {
            digest.update([1]);
            digest.update(number.to_be_bytes());
        }
        ValueRef::Real(number) => {
            digest.update([2]);
            digest.update(number.to_be_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            digest.update([3]);
            digest.update((bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        }
    }
}
