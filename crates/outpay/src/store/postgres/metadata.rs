//! New metadata of a batch, column by column; usually none, and then the statement is not sent.

use ledger::{BookId, NewMetadata};
use tokio_postgres::types::ToSql;

pub(super) const INSERT_METADATA: &str = "INSERT INTO metadata (book, payout_user, sequence, name, value) \
     SELECT * FROM unnest($1::BIGINT[], $2::BIGINT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[])";

#[derive(Default)]
pub(super) struct MetadataColumns<'a> {
    book: Vec<i64>,
    user: Vec<i64>,
    sequence: Vec<i64>,
    name: Vec<&'a str>,
    value: Vec<&'a str>,
}

impl<'a> MetadataColumns<'a> {
    pub(super) fn extend(&mut self, book: BookId, new: &'a [NewMetadata]) {
        for new in new {
            for (name, value) in new.metadata.pairs() {
                self.book.push(book.0);
                self.user.push(new.user);
                self.sequence.push(new.sequence);
                self.name.push(name);
                self.value.push(value);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.book.len()
    }

    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        vec![&self.book, &self.user, &self.sequence, &self.name, &self.value]
    }
}
