//! What is there and belongs to nothing, or belongs to another state of the database: rows of books that do not exist,
//! readers that are ahead of their journal, keys that open a book and were never made, gift cards given to no withdrawal,
//! pages of a file that was put together from two.

use super::finding::Place;
use super::replay::Replay;
use super::{Audit, PAGE};
use crate::store::Failure;
use ledger::BookId;

const GIVEN_OUT: i64 = 2;

impl Audit<'_> {
    /// `has_books`: is there a book, or may there be none?
    pub(super) async fn strays(&mut self, has_books: bool) -> Result<(), Failure> {
        self.findings.leave();
        let mut add = |what: String| self.findings.add(Place::Installation, what);
        if !has_books {
            add("there is no book: this is no installation's database, or all of it is gone".to_owned());
        }
        for (table, book) in self.snapshot.strays().await? {
            add(format!("the table {table} has rows of book {book}, which does not exist"));
        }
        for line in self.snapshot.broken_pages().await? {
            add(format!("the file does not hold together: {line}"));
        }
        for (reader, book) in self.snapshot.cursors_beyond().await? {
            self.enter(book);
            self.findings.add(Place::Book, format!("its {reader} have read further than its entries go"));
        }
        for (book, key) in self.snapshot.strange_key_credentials().await? {
            self.enter(book);
            let what =
                format!("a credential of API key {key} opens it that is not that key's as it is stored");
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
                    let what =
                        format!("gift card {number} is given out to no withdrawal that was being sent");
                    self.findings.add(Place::Book, what);
                }
            }
            if !self.count(page.len()) {
                return Ok(());
            }
        }
    }

    /// What is added from now on is about this book, or about none where it does not exist.
    pub(super) fn enter(&mut self, book: BookId) {
        match self.users.get(&book) {
            Some((business, _)) => self.findings.enter(book, business),
            None => self.findings.leave(),
        }
    }
}
