//! The teller's load and save on PostgreSQL: a fixed number of statements with arrays, sent without waiting for one
//! another, so that a batch costs three round trips however large it is.
//!
//! Several processes share a database: a change of a book first locks its row in `book`, books in sorted order.
//! Everything else of a book is read and written under that lock, so no other row needs one.

use super::columns::Columns;
use super::deposits;
use super::row as any_row;
use super::spent;
use super::statements::Statements;
use crate::clock::Clock;
use crate::store::AskedBefore;
use crate::store::Failure;
use crate::store::pauses::pause_of_book;
use crate::store::teller::{Needs, Saving, most_looks, put_asked, stored_credential};
use crate::store::withdrawals::withdrawal;
use anyhow::Context;
use futures_util::future::{try_join, try_join_all, try_join3, try_join4};
use futures_util::{FutureExt, future::BoxFuture};
use ledger::{
    Account, AccountId, Book, BookHead, BookId, Cents, Email, Fingerprint, HashSalt, Lease, OnceKey,
    PayoutUser, Remembered, SessionStamp, UserStatus,
};
use std::collections::HashMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Row, Statement};

/// The teller's connection.
pub struct PostgresTeller {
    client: Client,
    statements: Statements,
    clock: Clock,
}

impl PostgresTeller {
    pub(super) async fn new(client: Client, clock: Clock) -> Result<Self, Failure> {
        // The planner knows nothing of the arrays' contents; every one of these statements wants its index.
        client
            .batch_execute(
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; \
                 SET enable_mergejoin = off; SET jit = off",
            )
            .await?;
        let statements = Statements::prepare(&client).await?;
        Ok(Self { client, statements, clock })
    }

    pub(crate) async fn load(&mut self, needs: &Needs) -> Result<Vec<Book>, Failure> {
        let loaded = self.load_locked(needs).await;
        if let Err(failure) = loaded {
            return Err(match self.roll_back().await {
                Ok(()) => failure,
                Err(second) => failure.context(format!("and rolling back failed: {second:#}")),
            });
        }
        loaded
    }

    async fn load_locked(&self, needs: &Needs) -> Result<Vec<Book>, Failure> {
        let books: Vec<i64> = needs.0.keys().map(|id| id.0).collect();
        let mut email_books = Vec::new();
        let mut emails = Vec::new();
        let mut user_books = Vec::new();
        let mut users = Vec::new();
        let mut once_books = Vec::new();
        let mut once: Vec<&[u8]> = Vec::new();
        let mut credential_books = Vec::new();
        let mut credentials: Vec<&[u8]> = Vec::new();
        for (id, needs) in &needs.0 {
            email_books.extend(needs.emails.iter().map(|_| id.0));
            emails.extend(needs.emails.iter().map(Email::as_str));
            user_books.extend(needs.users.iter().map(|_| id.0));
            users.extend(needs.users.iter().copied());
            once_books.extend(needs.once.iter().map(|_| id.0));
            once.extend(needs.once.iter().map(|key| key.0.as_slice()));
            credential_books.extend(needs.credentials.iter().map(|_| id.0));
            credentials.extend(needs.credentials.iter().map(<[u8; 32]>::as_slice));
        }
        let all = &self.statements;
        // Statements run in the order in which they are sent, each on a fresh snapshot, so all that follow the lock
        // see what its last holder committed.
        let begin = deposits::begin(needs);
        let begin = self.client.batch_execute(&begin).map(|done| done.map_err(Failure::from));
        let heads = self.query(1, &all.lock, vec![&books]);
        let parameters: [&(dyn ToSql + Sync); 8] =
            [&email_books, &emails, &user_books, &users, &once_books, &once, &credential_books, &credentials];
        let people = try_join3(
            self.query(1, &all.own_accounts, vec![&books]),
            self.query(emails.len(), &all.by_email, parameters[..2].to_vec()),
            self.query(users.len(), &all.by_number, parameters[2..4].to_vec()),
        );
        let remembered = try_join3(
            self.query(once.len(), &all.remembered, parameters[4..6].to_vec()),
            self.query(credentials.len(), &all.credentials, parameters[6..].to_vec()),
            self.sessions(needs),
        );
        let orders = try_join3(self.withdrawals(needs), self.leases(needs), self.pauses(needs));
        let further =
            try_join(deposits::load(&self.client, all, needs), spent::load(&self.client, all, needs));
        let before = try_join3(self.asked_before(needs), self.looks(needs), further);
        let rest = try_join3(remembered, orders, before);
        let (
            (),
            heads,
            (own, by_email, by_number),
            ((remembered, credentials, sessions), (withdrawals, leases, pauses), (asked, looks, more)),
        ) = try_join4(begin, heads, people, rest).await?;
        let mut found = books_of(&heads)?;
        for row in &own {
            let account = Account { balance: Cents(row.get(2)), head: row.get(3) };
            book_of(&mut found, row)?.put_account(AccountId(row.get(1)), account);
        }
        for row in by_email.iter().chain(&by_number) {
            put_user(book_of(&mut found, row)?, row)?;
        }
        for row in &by_number {
            book_of(&mut found, row)?.put_pending(row.get(1), Cents(row.get(10)));
        }
        put_rights(&mut found, &credentials, &sessions)?;
        for row in &remembered {
            put_remembered(book_of(&mut found, row)?, row)?;
        }
        deposits::put(&mut found, &more.0)?;
        put_withdrawals(&mut found, &withdrawals)?;
        put_holds(&mut found, &leases, &pauses);
        put_before(&mut found, &asked, &looks, &more.1);
        let mut books: Vec<Book> = found.into_values().collect();
        books.sort_by_key(|book| book.id);
        Ok(books)
    }

    /// Row and user's account of each withdrawal that is named; sent without waiting for one another.
    async fn withdrawals(&self, needs: &Needs) -> Result<Vec<(BookId, Vec<Row>, Vec<Row>)>, Failure> {
        let named =
            needs.0.iter().flat_map(|(book, needs)| needs.withdrawals.iter().map(|number| (*book, *number)));
        let (client, all) = (&self.client, &self.statements);
        let load = named.map(|(book, number)| async move {
            let params: [&(dyn ToSql + Sync); 2] = [&book.0, &number];
            let rows = client.query(&all.withdrawal, &params);
            let (rows, account) = try_join(rows, client.query(&all.account_of_withdrawal, &params)).await?;
            Ok((book, rows, account))
        });
        try_join_all(load.map(FutureExt::boxed)).await
    }

    /// Those of the sessions that stand.
    async fn sessions(&self, needs: &Needs) -> Result<Vec<(BookId, SessionStamp)>, Failure> {
        let named = needs.0.iter().flat_map(|(book, needs)| needs.sessions.iter().map(|one| (*book, *one)));
        let (client, all) = (&self.client, &self.statements);
        let load = named.map(|(book, stamp)| async move {
            let business = book.business();
            let params: [&(dyn ToSql + Sync); 3] = [&business, &stamp.session, &stamp.role];
            let rows = client.query(&all.session_stands, &params).await?;
            Ok::<_, Failure>(rows.first().map(|_| (book, stamp)))
        });
        Ok(try_join_all(load.map(FutureExt::boxed)).await?.into_iter().flatten().collect())
    }

    /// The pauses that concern each book whose commands ask for money or let it go.
    async fn pauses(&self, needs: &Needs) -> Result<Vec<(BookId, Vec<Row>)>, Failure> {
        let asked = needs.0.iter().filter(|(_, needs)| needs.pauses).map(|(book, _)| *book);
        let (client, all) = (&self.client, &self.statements);
        let load = asked.map(|book| async move {
            let business = book.business();
            let params: [&(dyn ToSql + Sync); 2] = [&business, &book.0];
            Ok((book, client.query(&all.pauses, &params).await?))
        });
        try_join_all(load.map(FutureExt::boxed)).await
    }

    /// The lease that each named withdrawal is under, if it is under one.
    async fn leases(&self, needs: &Needs) -> Result<Vec<(BookId, i64, Vec<Row>)>, Failure> {
        let named =
            needs.0.iter().flat_map(|(book, needs)| needs.leases.iter().map(|number| (*book, *number)));
        let (client, all) = (&self.client, &self.statements);
        let now = match &self.clock {
            Clock::System => 0,
            by_hand => by_hand.now(),
        };
        let load = named.map(|(book, number)| async move {
            let params: [&(dyn ToSql + Sync); 3] = [&book.0, &number, &now];
            Ok((book, number, client.query(&all.lease, &params).await?))
        });
        try_join_all(load.map(FutureExt::boxed)).await
    }

    async fn asked_before<'a>(
        &self,
        needs: &'a Needs,
    ) -> Result<Vec<(BookId, &'a AskedBefore, Vec<Row>)>, Failure> {
        let named = needs.0.iter().flat_map(|(book, needs)| needs.asked.iter().map(|asked| (*book, asked)));
        let (client, all) = (&self.client, &self.statements);
        let load = named.map(|(book, asked)| async move {
            let params: [&(dyn ToSql + Sync); 5] =
                [&book.0, &asked.method, &asked.since, &asked.user, &asked.destination];
            Ok((book, asked, client.query(&all.asked_before, &params).await?))
        });
        try_join_all(load.map(FutureExt::boxed)).await
    }

    async fn looks(&self, needs: &Needs) -> Result<Vec<(BookId, i64, Vec<Row>)>, Failure> {
        let named =
            needs.0.iter().flat_map(|(book, needs)| needs.looks.iter().map(|number| (*book, *number)));
        let (client, all) = (&self.client, &self.statements);
        let load = named.map(|(book, number)| async move {
            let params: [&(dyn ToSql + Sync); 3] = [&book.0, &number, &most_looks()];
            Ok((book, number, client.query(&all.looks, &params).await?))
        });
        try_join_all(load.map(FutureExt::boxed)).await
    }

    /// A query that is not sent where nothing is asked for; boxed, so that several can wait together.
    fn query<'a>(
        &'a self,
        asked: usize,
        statement: &'a Statement,
        params: Vec<&'a (dyn ToSql + Sync)>,
    ) -> BoxFuture<'a, Result<Vec<Row>, Failure>> {
        async move { if asked == 0 { Ok(Vec::new()) } else { Ok(self.client.query(statement, &params).await?) } }.boxed()
    }

    pub(crate) async fn save(&mut self, books: &[Saving<'_>]) -> Result<(), Failure> {
        let changed: Vec<&Saving<'_>> = (books.iter())
            .filter(|saving| !saving.changes.entries.is_empty() || !saving.changes.remembered.is_empty())
            .collect();
        let columns = Columns::gather(&changed)?;
        let (client, all) = (&self.client, &self.statements);
        // In the order in which they must run: a rotated hash's old credential goes before the new one comes.
        let mut writes: Vec<(&Statement, usize, Vec<&(dyn ToSql + Sync)>)> = vec![
            (&all.insert_users, columns.new_users.len(), columns.new_users.insert()),
            (&all.update_users, columns.changed_users.len(), columns.changed_users.update()),
            (&all.delete_credentials, columns.replaced.len(), vec![&columns.replaced]),
            (&all.insert_credentials, columns.credentials.len(), columns.credentials.params()),
            (&all.insert_accounts, columns.new_accounts.len(), columns.new_accounts.params()),
            (&all.update_accounts, columns.changed_accounts.len(), columns.changed_accounts.params()),
            (&all.insert_entries, columns.entries.len(), columns.entries.params()),
            (&all.insert_metadata, columns.metadata.len(), columns.metadata.params()),
            (&all.insert_remembered, columns.remembered.len(), columns.remembered.params()),
            (&all.update_books, columns.heads.len(), columns.heads.params()),
        ];
        writes.extend(columns.new_withdrawals.iter().map(|new| (&all.insert_withdrawal, 1, new.params())));
        let changed = &columns.changed_withdrawals;
        writes.push((&all.update_withdrawals, changed.len(), changed.params()));
        writes.push((&all.add_asked, columns.asked.len(), columns.asked.params()));
        writes.push((&all.set_spent, columns.spent.len(), columns.spent.params()));
        let sent = writes.into_iter().filter(|(_, rows, _)| *rows > 0).map(|(statement, rows, params)| {
            async move {
                let touched = client.execute(statement, &params).await?;
                anyhow::ensure!(touched == rows as u64, "a row that was loaded is gone");
                Ok(())
            }
            .boxed()
        });
        try_join_all(sent).await.map(drop)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Failure> {
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    pub(crate) async fn roll_back(&mut self) -> Result<(), Failure> {
        Ok(self.client.batch_execute("ROLLBACK").await?)
    }
}

fn book_of<'a>(found: &'a mut HashMap<i64, Book>, row: &Row) -> Result<&'a mut Book, Failure> {
    found.get_mut(&row.get::<_, i64>(0)).context("a row belongs to no book")
}

/// The locked books, of which nothing but the heads is loaded yet.
fn books_of(heads: &[Row]) -> Result<HashMap<i64, Book>, Failure> {
    let mut found = HashMap::new();
    for row in heads {
        let id = BookId(row.get(0));
        let chain = row.get::<_, &[u8]>(2).try_into().context("a chain digest has 32 bytes")?;
        let head = BookHead { sequence: row.get(1), chain, users: row.get(3), withdrawals: row.get(5) };
        let mut book = Book::new(id, row.get::<_, i64>(4) == 1, head);
        book.put_clock(row.get(6));
        found.insert(id.0, book);
    }
    Ok(found)
}

/// What commands came with, as far as it still stands.
fn put_rights(
    found: &mut HashMap<i64, Book>,
    credentials: &[Row],
    sessions: &[(BookId, SessionStamp)],
) -> Result<(), Failure> {
    for row in credentials {
        let digest = row.get::<_, &[u8]>(1).try_into().context("a credential digest has 32 bytes")?;
        let credential = stored_credential(row.get(2), row.get(3), row.get(4), row.get(5));
        book_of(found, row)?.put_credential(digest, credential);
    }
    for (book, stamp) in sessions {
        if let Some(book) = found.get_mut(&book.0) {
            book.put_session(*stamp);
        }
    }
    Ok(())
}

/// Each withdrawal with the account of its user.
fn put_withdrawals(
    found: &mut HashMap<i64, Book>,
    withdrawals: &[(BookId, Vec<Row>, Vec<Row>)],
) -> Result<(), Failure> {
    for (book, rows, accounts) in withdrawals {
        let (Some(book), Some(row), Some(account)) = (found.get_mut(&book.0), rows.first(), accounts.first())
        else {
            continue;
        };
        let withdrawal = withdrawal(&any_row(row)?)?;
        let stored = Account { balance: Cents(account.get(0)), head: account.get(1) };
        book.put_account(AccountId::user(withdrawal.user), stored);
        book.put_withdrawal(withdrawal);
    }
    Ok(())
}

/// What keeps a withdrawal from being written or sent.
fn put_holds(
    found: &mut HashMap<i64, Book>,
    leases: &[(BookId, i64, Vec<Row>)],
    pauses: &[(BookId, Vec<Row>)],
) {
    for (book, rows) in pauses {
        if let Some(book) = found.get_mut(&book.0) {
            rows.iter().for_each(|row| book.put_pause(pause_of_book(row.get(0), row.get(1))));
        }
    }
    for (book, number, rows) in leases {
        if let (Some(book), Some(row)) = (found.get_mut(&book.0), rows.first()) {
            book.put_lease(*number, Lease { number: row.get(0), attempts: row.get(1) });
        }
    }
}

fn put_user(book: &mut Book, row: &Row) -> Result<(), Failure> {
    let number: i64 = row.get(1);
    if let (Some(balance), Some(head)) = (row.get::<_, Option<i64>>(7), row.get(8)) {
        book.put_account(AccountId::user(number), Account { balance: Cents(balance), head });
    }
    book.put_user(PayoutUser {
        number,
        email: Email::from_stored(row.get(2)),
        status: if row.get::<_, i64>(3) == 1 { UserStatus::Active } else { UserStatus::Inactive },
        generation: row.get(4),
        salt: HashSalt(row.get::<_, &[u8]>(9).try_into().context("a salt has 16 bytes")?),
        created_at: row.get(5),
        expires_at: row.get(6),
    });
    Ok(())
}

/// What happened before, as far as rules look back at it.
fn put_before(
    found: &mut HashMap<i64, Book>,
    asked: &[(BookId, &AskedBefore, Vec<Row>)],
    looks: &[(BookId, i64, Vec<Row>)],
    spent: &[Row],
) {
    spent::put(found, spent);
    for (book, before, rows) in asked {
        if let (Some(book), Some(row)) = (found.get_mut(&book.0), rows.first()) {
            put_asked(book, before, row.get(0), row.get(1), row.get::<_, i32>(2) == 1);
        }
    }
    for (book, withdrawal, rows) in looks {
        if let Some(book) = found.get_mut(&book.0) {
            rows.iter().for_each(|row| book.put_look(*withdrawal, row.get(0)));
        }
    }
}

fn put_remembered(book: &mut Book, row: &Row) -> Result<(), Failure> {
    let key = row.get::<_, &[u8]>(1).try_into().context("a key digest has 16 bytes")?;
    let fingerprint = row.get::<_, &[u8]>(2).try_into().context("a fingerprint has 16 bytes")?;
    let reply = serde_json::from_str(row.get(3)).context("a remembered answer cannot be read")?;
    book.put_remembered(OnceKey(key), Remembered { fingerprint: Fingerprint(fingerprint), reply });
    Ok(())
}
