//! Rows that belong to nothing, or to another state of the database: rows of books that do not exist, cursors ahead
//! of their journal, credentials for a book without a key row, gift cards assigned to no withdrawal, pages of a
//! database file that was assembled from two.

use super::finding::Place;
use super::replay::Replay;
use super::{Audit, PAGE};
use crate::store::Failure;
use ledger::BookId;

const GIVEN_OUT: i64 = 2;

impl Audit<'_> {
    /// `has_books`: false if a database without a book is a finding.
    pub(super) async fn strays(&mut self, has_books: bool) -> Result<(), Failure> {
        self.findings.leave();
        let mut add = |what: String| self.findings.add(Place::Installation, what);
        if !has_books {
            add("there is no book: this is not an installation's database, or its contents are gone"
                .to_owned());
        }
        for (table, book) in self.snapshot.strays().await? {
            add(format!("the table {table} has rows of book {book}, which does not exist"));
        }
        for line in self.snapshot.broken_pages().await? {
            add(format!("the file is inconsistent: {line}"));
        }
        for (reader, book) in self.snapshot.cursors_beyond().await? {
            self.enter(book);
            self.findings.add(Place::Book, format!("its {reader} have read further than its entries go"));
        }
        for (book, key) in self.snapshot.strange_key_credentials().await? {
            self.enter(book);
            let what = format!("a credential of API key {key} for it does not match the stored key");
            self.findings.add(Place::Book, what);
        }
        Ok(())
    }

    pub(super) async fn gift_cards(&mut self, book: BookId, replay: &Replay) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let page = self.snapshot.given_gift_cards(book, after, PAGE).await?;
            for (number, state, withdrawal) in &page {
                after = *number;
                let was_sent = withdrawal.is_some_and(|withdrawal| replay.withdrawals.was_sent(withdrawal));
                if *state != GIVEN_OUT || !was_sent {
                    let what = format!(
                        "gift card {number} was given out, but not to a withdrawal that was being sent"
                    );
                    self.findings.add(Place::Book, what);
                }
            }
            if !self.count(page.len()) {
                return Ok(());
            }
        }
    }

    /// Differences added from now on belong to this book, or to none if it does not exist.
    pub(super) fn enter(&mut self, book: BookId) {
        match self.users.get(&book) {
            Some((business, _)) => self.findings.enter(book, business),
            None => self.findings.leave(),
        }
    }
}
