//! What the teller loads and saves of withdrawals, what their commands look back at, and what was spent of budgets. Not here: users and accounts
//! (teller.rs).

use super::deposits::load_deposits;
use super::{expect_one, sqlite_row};
use crate::store::Failure;
use crate::store::pauses::{PAUSES_OF_BOOK, pause_of_book};
use crate::store::teller::{
    ASKED_BEFORE, BookNeeds, LEASE, LOOKS, SPENT, asked_changes, most_looks, put_asked,
};
use crate::store::withdrawals::{INSERT_WITHDRAWAL, WITHDRAWAL, due_at, withdrawal};
use ledger::{Account, AccountId, Book, Cents, Lease, Micros, Spent};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub(super) fn load(
    connection: &Connection,
    book: &mut Book,
    needs: &BookNeeds,
    now: Micros,
) -> Result<(), Failure> {
    let id = book.id;
    for number in &needs.withdrawals {
        let mut by_number = connection.prepare_cached(&WITHDRAWAL)?;
        let Some(row) = by_number.query([id.0, *number])?.next()?.map(sqlite_row).transpose()? else {
            continue;
        };
        let withdrawal = withdrawal(&row)?;
        let mut account =
            connection.prepare_cached("SELECT balance, head FROM account WHERE book = ?1 AND id = ?2")?;
        let stored = account.query_row([id.0, withdrawal.user], |row| {
            Ok(Account { balance: Cents(row.get(0)?), head: row.get(1)? })
        })?;
        book.put_account(AccountId::user(withdrawal.user), stored);
        book.put_withdrawal(withdrawal);
    }
    if needs.pauses {
        let mut pauses = connection.prepare_cached(PAUSES_OF_BOOK)?;
        let mut rows = pauses.query([id.business(), id.0])?;
        while let Some(row) = rows.next()? {
            book.put_pause(pause_of_book(&row.get::<_, String>(0)?, row.get(1)?));
        }
    }
    for number in &needs.leases {
        let mut running = connection.prepare_cached(LEASE)?;
        let lease = |row: &Row<'_>| Ok(Lease { number: row.get(0)?, attempts: row.get(1)? });
        if let Some(lease) = running.query_row([id.0, *number, now], lease).optional()? {
            book.put_lease(*number, lease);
        }
    }
    for asked in &needs.asked {
        let mut look_back = connection.prepare_cached(&ASKED_BEFORE)?;
        let params = params![id.0, asked.method, asked.since, asked.user, asked.destination];
        let (by_method, by_user, known): (i64, i64, i64) =
            look_back.query_row(params, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        put_asked(book, asked, by_method, by_user, known == 1);
    }
    load_deposits(connection, book, needs)?;
    load_spent(connection, book, needs)?;
    for withdrawal in &needs.looks {
        let mut looks = connection.prepare_cached(&LOOKS)?;
        let mut rows = looks.query([id.0, *withdrawal, most_looks()])?;
        while let Some(row) = rows.next()? {
            book.put_look(*withdrawal, row.get(0)?);
        }
    }
    Ok(())
}

/// A person who has no number yet was not paid yet.
fn load_spent(connection: &Connection, book: &mut Book, needs: &BookNeeds) -> Result<(), Failure> {
    for (budget, email) in &needs.spent {
        let user = match email {
            None => Some(0),
            Some(email) => book.user_by_email(email).map(|user| user.number),
        };
        let Some(user) = user else { continue };
        let mut by_budget = connection.prepare_cached(SPENT)?;
        let spent = |row: &Row<'_>| Ok(Spent { day: row.get(0)?, amount: Cents(row.get(1)?) });
        if let Some(spent) = by_budget.query_row([book.id.0, *budget, user], spent).optional()? {
            book.put_spent(*budget, user, spent);
        }
    }
    Ok(())
}

pub(super) fn save(
    connection: &Connection,
    book: &Book,
    changes: &ledger::Changes<'_>,
) -> Result<(), Failure> {
    let id = book.id;
    for new in &changes.new_withdrawals {
        let mut insert = connection.prepare_cached(INSERT_WITHDRAWAL)?;
        insert.execute(params![
            id.0,
            new.number,
            new.user,
            new.method,
            new.provider.word(),
            new.amount.0,
            new.fees.0,
            new.destination,
            new.state.code(),
            i64::from(new.outcome_unknown),
            new.reason_code,
            new.reason,
            new.created_at,
            new.changed_at,
            due_at(book, new)
        ])?;
    }
    for changed in &changes.changed_withdrawals {
        let mut update = connection.prepare_cached(
            "UPDATE withdrawal SET state = ?1, outcome_unknown = ?2, reason_code = ?3, reason = ?4, changed_at = ?5, due_at = ?6 \
             WHERE book = ?7 AND number = ?8",
        )?;
        expect_one(update.execute(params![
            changed.state.code(),
            i64::from(changed.outcome_unknown),
            changed.reason_code,
            changed.reason,
            changed.changed_at,
            due_at(book, changed),
            id.0,
            changed.number
        ])?)?;
    }
    for ((method, day), cents) in asked_changes(changes) {
        let mut add = connection.prepare_cached(
            "INSERT INTO asked_of_day (book, method, day, amount) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (book, method, day) DO UPDATE SET amount = asked_of_day.amount + excluded.amount",
        )?;
        expect_one(add.execute(params![id.0, method, day, cents])?)?;
    }
    for ((budget, user), spent) in &changes.spent {
        let mut set = connection.prepare_cached(
            "INSERT INTO budget_spent (book, budget, payout_user, day, amount) VALUES (?1, ?2, ?3, ?4, ?5) \
             ON CONFLICT (book, budget, payout_user) DO UPDATE SET day = excluded.day, amount = excluded.amount",
        )?;
        expect_one(set.execute([id.0, *budget, *user, spent.day, spent.amount.0])?)?;
    }
    Ok(())
}
