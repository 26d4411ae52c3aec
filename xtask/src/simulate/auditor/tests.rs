//! The auditor notices tampering of every kind: rows changed by hand, and rows changed together with correctly
//! recomputed digests.

use std::cell::RefCell;

use outpay::testing::auth::Secrets;
use outpay::testing::chain_head::Head;
use outpay::testing::heads::HeadsFile;
use outpay::testing::store::{DatabaseUrl, NewAuditEntry, Store};
use tempfile::TempDir;

use super::super::Simulation;
use super::*;

const BOOK: i64 = 2;

/// The database of a short simulation, and the keys that its clients sent.
fn original() -> (TempDir, Requests) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut simulation = Simulation::new(3).await.unwrap();
        simulation.run(900, None).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("original.db");
        let connection = Connection::open(simulation.house.database()).unwrap();
        connection.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        (folder, simulation.clients.requests.clone())
    })
}

struct Copies {
    folder: TempDir,
    requests: Requests,
    made: RefCell<u32>,
}

impl Copies {
    fn new() -> Self {
        let (folder, requests) = original();
        let copies = Self { folder, requests, made: RefCell::new(0) };
        Auditor::look_at_all(&copies.folder.path().join("original.db"), &copies.requests).unwrap();
        copies
    }

    /// The auditor's verdict on a copy after `tamper`.
    fn after(&self, tamper: impl FnOnce(&Connection)) -> String {
        *self.made.borrow_mut() += 1;
        let copy = self.folder.path().join(format!("{}.db", self.made.borrow()));
        std::fs::copy(self.folder.path().join("original.db"), &copy).unwrap();
        let connection = Connection::open(&copy).unwrap();
        connection.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
        tamper(&connection);
        drop(connection);
        match Auditor::look_at_all(&copy, &self.requests) {
            Ok(()) => "nothing".to_owned(),
            Err(error) => format!("{error:#}"),
        }
    }

    fn notices(&self, sql: &str, words: &str) {
        let said = self.after(|connection| {
            assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
        });
        assert!(said.contains(words), "{sql}: {said}");
    }

    /// Like `notices`, with all digests recomputed.
    fn notices_behind_good_digests(&self, sql: &str, words: &str) {
        let said = self.after(|connection| {
            assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
            chain_anew(connection);
        });
        assert!(said.contains(words), "{sql}: {said}");
    }
}

fn chain_anew(connection: &Connection) {
    let users = read_users(connection, BOOK).unwrap();
    let mut replay = Replay::new(BOOK);
    let sql = "SELECT sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, salt \
               FROM journal WHERE book = ?1 ORDER BY sequence";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([BOOK]).unwrap();
    let mut digests = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let number = |column: usize| row.get::<_, i64>(column).unwrap();
        let user = usize::try_from(number(3) - 1).ok().and_then(|at| users.get(at));
        let line = Line {
            book: BOOK,
            sequence: number(0),
            kind: number(1),
            at: number(2),
            user: number(3),
            email: user.map(|user| user.email.clone()).unwrap_or_default(),
            debit: number(4),
            credit: number(5),
            amount: number(6),
            debit_previous: number(7),
            credit_previous: number(8),
            note: row.get(9).unwrap(),
            salt: row.get::<_, Option<Vec<u8>>>(10).unwrap().unwrap_or_default(),
            chain: Vec::new(),
            main: 0,
            payout: 0,
            held_by_user: 0,
        };
        replay.chain = replay.digest(&line);
        digests.push((line.sequence, replay.chain.clone()));
    }
    for (sequence, chain) in &digests {
        let sql = "UPDATE journal SET chain = ?1 WHERE book = ?2 AND sequence = ?3";
        connection.execute(sql, rusqlite::params![chain, BOOK, sequence]).unwrap();
    }
    let sql = "UPDATE book SET chain = ?1 WHERE id = ?2";
    connection.execute(sql, rusqlite::params![replay.chain, BOOK]).unwrap();
}

#[test]
fn entries_changed_by_hand_are_noticed() {
    let copies = Copies::new();
    let columns =
        ["kind", "at", "payout_user", "debit", "credit", "amount", "debit_previous", "credit_previous"];
    let place = "WHERE book = 2 AND sequence = 20";
    for column in columns {
        copies.notices(
            &format!("UPDATE journal SET {column} = {column} + 1 {place}"),
            "digest does not follow",
        );
    }
    copies.notices(&format!("UPDATE journal SET note = note || 'x' {place}"), "digest does not follow");
    copies.notices(&format!("UPDATE journal SET chain = zeroblob(32) {place}"), "digest does not follow");
    copies.notices(&format!("DELETE FROM journal {place}"), "entry 20 is missing");
    copies.notices("DELETE FROM journal WHERE book = 2 AND sequence = 1", "entry 1 is missing");
    let last = "book = 2 AND sequence = (SELECT sequence FROM book WHERE id = 2)";
    copies.notices(&format!("DELETE FROM journal WHERE {last}"), "the newest entry is");
    let more = format!(
        "INSERT INTO journal (book, sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, chain) \
         SELECT book, sequence + 1, kind, at, payout_user, debit, credit, amount, debit_previous, \
         credit_previous, note, chain FROM journal WHERE {last}"
    );
    copies.notices(&more, "digest does not follow");
    copies.notices("UPDATE journal SET book = 77 WHERE book = 2", "the newest entry is 0");
    let stranger = "INSERT INTO journal (book, sequence, kind, at, payout_user, debit, credit, amount, debit_previous, credit_previous, note, chain) \
                    SELECT 77, sequence, kind, at, payout_user, debit, credit, amount, \
                    debit_previous, credit_previous, note, chain FROM journal WHERE book = 2 AND sequence = 1";
    copies.notices(stranger, "books that do not exist");
}

#[test]
fn rows_that_do_not_fit_the_entries_are_noticed() {
    let copies = Copies::new();
    for (sql, words) in [
        ("UPDATE account SET balance = balance + 1 WHERE book = 2 AND id = 1", "the entries add up to"),
        ("UPDATE account SET balance = -5 WHERE book = 2 AND id = 2", "the entries add up to"),
        ("UPDATE account SET head = head + 1 WHERE book = 2 AND id = -3", "its newest entry is"),
        ("DELETE FROM account WHERE book = 2 AND id = 1", "account 1 should be next"),
        ("DELETE FROM account WHERE book = 2 AND id > 0", "is missing"),
        ("INSERT INTO account VALUES (2, 99999, 0, 0)", "no entry touches it"),
        ("INSERT INTO account VALUES (77, 1, 5, 0)", "books that do not exist"),
        ("UPDATE book SET sequence = sequence + 1 WHERE id = 2", "the newest entry is"),
        ("UPDATE book SET users = users + 1 WHERE id = 2", "the book says"),
        ("UPDATE book SET chain = zeroblob(32) WHERE id = 2", "the book's digest"),
        ("UPDATE payout_user SET status = 1 - status WHERE book = 2 AND number = 2", "the status is not"),
        ("UPDATE payout_user SET generation = generation + 1 WHERE book = 2 AND number = 2", "rotated"),
        ("UPDATE payout_user SET created_at = 0 WHERE book = 2 AND number = 2", "created at"),
        (
            "UPDATE payout_user SET email = 'thief@example.com' WHERE book = 2 AND number = 2",
            "digest does not follow",
        ),
        ("DELETE FROM payout_user WHERE book = 2 AND number = 2", "user 2 is missing"),
        (
            "INSERT INTO payout_user VALUES (77, 1, 'a@example.com', 1, 0, zeroblob(16), 0, NULL)",
            "books that do not exist",
        ),
        ("DELETE FROM credential WHERE book = 2 AND subject = 2", "its credential should be next"),
        (
            "UPDATE credential SET active = 1 - active WHERE book = 2 AND subject = 2",
            "has not the user's status",
        ),
        (
            "INSERT INTO credential (digest, kind, book, subject, active, expires_at) VALUES (zeroblob(32), 3, 2, 2, 1, NULL)",
            "credential",
        ),
        (
            "INSERT INTO credential (digest, kind, book, subject, active, expires_at) VALUES (zeroblob(32), 3, 2, 99999, 1, NULL)",
            "not that of 99999",
        ),
        (
            "INSERT INTO credential (digest, kind, book, subject, active, expires_at) VALUES (zeroblob(32), 3, 77, 1, 1, NULL)",
            "opens book 77",
        ),
    ] {
        copies.notices(sql, words);
    }
}

#[test]
fn remembered_answers_that_do_not_fit_are_noticed() {
    let copies = Copies::new();
    for (sql, words) in [
        ("DELETE FROM remembered WHERE outcome LIKE '%paid_many%'", "is not remembered"),
        ("DELETE FROM remembered WHERE outcome LIKE '%balances%'", "its reference is not remembered"),
        ("DELETE FROM remembered WHERE book = 2", "not remembered"),
        ("INSERT INTO remembered VALUES (2, zeroblob(16), zeroblob(16), '{}')", "that nothing explains"),
        ("INSERT INTO remembered VALUES (77, zeroblob(16), zeroblob(16), '{}')", "that nothing explains"),
        ("UPDATE remembered SET outcome = replace(outcome, '\"main\":', '\"main\":1')", "the balances are"),
        (
            "UPDATE remembered SET outcome = replace(outcome, '\"user\":', '\"user\":1') WHERE outcome LIKE '{\"paid\":%'",
            "was paid",
        ),
        ("UPDATE remembered SET outcome = 'x' WHERE book = 2", "is not JSON"),
    ] {
        copies.notices(sql, words);
    }
}

#[test]
fn entries_that_break_the_rules_are_noticed_behind_good_digests() {
    let copies = Copies::new();
    let first = |kind: i64| {
        format!(
            "WHERE book = 2 AND sequence = (SELECT min(sequence) FROM journal WHERE book = 2 AND kind = {kind})"
        )
    };
    // If several sums could be reported first, a colon matches any message.
    for (sql, words) in [
        (format!("UPDATE journal SET amount = amount + 1 {}", first(5)), ": "),
        (format!("UPDATE journal SET amount = 0 {}", first(5)), "it moves 0 cents"),
        (format!("UPDATE journal SET amount = 1000000000000 {}", first(4)), "it takes account -3 to"),
        (format!("UPDATE journal SET debit = -1 {}", first(5)), "it moves money from -1"),
        (format!("UPDATE journal SET credit = 1 {}", first(1)), "it moves money from -1 to 1"),
        (format!("UPDATE journal SET debit_previous = 0 {}", first(5)), "its entry before was"),
        (format!("UPDATE journal SET credit_previous = 7 {}", first(4)), "its entry before was"),
        (format!("UPDATE journal SET payout_user = 500 {}", first(4)), "the next one is 1"),
        (
            format!("UPDATE journal SET payout_user = 500, credit = 500 {}", first(5)),
            "no entry created user 500",
        ),
        (format!("UPDATE journal SET payout_user = 1 {}", first(1)), "it names user 1"),
        (format!("UPDATE journal SET amount = 1 {}", first(9)), "it moves money, which its kind never does"),
        (format!("UPDATE journal SET kind = 8 {}", first(7)), "the status it has"),
        (format!("UPDATE journal SET kind = 12 {}", first(9)), "there is no kind 12"),
        (format!("UPDATE journal SET kind = 9 {}", first(7)), ": "),
        (format!("UPDATE journal SET note = 'another' {}", first(1)), "its reference is not remembered"),
    ] {
        copies.notices_behind_good_digests(&sql, words);
    }
}

#[test]
fn a_credential_that_changes_without_a_rotation_is_noticed() {
    let copies = Copies::new();
    let path = copies.folder.path().join("original.db");
    let mut auditor = Auditor::default();
    let ignore = &mut |_: &Line| Ok(());
    assert!(auditor.look(&path, ignore).unwrap() > 100);
    assert_eq!(auditor.look(&path, ignore).unwrap(), 0, "nothing is new");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute("UPDATE credential SET digest = zeroblob(32) WHERE book = 2 AND subject = 1", [])
        .unwrap();
    let said = format!("{:#}", auditor.look(&path, ignore).unwrap_err());
    assert!(said.contains("changes with rotations and only then"), "{said}");
}

#[test]
fn a_row_more_or_less_is_another_digest() {
    let (folder, _) = original();
    let path = folder.path().join("original.db");
    let before = digest(&path).unwrap();
    assert_eq!(digest(&path).unwrap(), before);
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE remembered SET fingerprint = zeroblob(16) WHERE book = 2", []).unwrap();
    assert_ne!(digest(&path).unwrap(), before);
}

#[test]
fn an_audit_log_that_was_changed_is_noticed() {
    let copies = Copies::new();
    // The simulation changes no settings, so the store writes rows here.
    let log = |connection: &Connection| {
        let path = connection.path().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = Store::open(&DatabaseUrl::Sqlite(path.into())).await.unwrap();
            let entry = |action| NewAuditEntry {
                business: 1,
                book: None,
                at: 1,
                actor: ledger::Actor::OPERATOR,
                action,
                subject: "\u{df}".to_owned(),
                detail: "{}".to_owned(),
            };
            store.write_audit(&[entry("a"), entry("b"), entry("c")]).await.unwrap();
        });
    };
    assert_eq!(copies.after(log), "nothing");
    for (sql, words) in [
        ("UPDATE audit_log SET detail = '{1}' WHERE number = 2", "audit log 2: its digest does not follow"),
        ("UPDATE audit_log SET actor = 4 WHERE number = 3", "audit log 3: its digest"),
        ("DELETE FROM audit_log WHERE number = 2", "audit log 3: its digest"),
        ("DELETE FROM audit_log WHERE number = 3", "head is not its newest row, 2"),
    ] {
        let said = copies.after(|connection| {
            log(connection);
            assert!(connection.execute(sql, []).unwrap() > 0, "{sql}");
        });
        assert!(said.contains(words), "{sql}: {said}");
    }
}

#[test]
fn signed_heads_that_do_not_fit_are_noticed() {
    let (folder, _) = original();
    let connection = Connection::open(folder.path().join("original.db")).unwrap();
    let secrets = Secrets::derive(&[7; 32]);
    let file = folder.path().join("heads.jsonl");
    let head = |sequence: i64| {
        let sql = "SELECT chain FROM journal WHERE book = 2 AND sequence = ?1";
        let digest = connection.query_row(sql, [sequence], |row| row.get(0)).unwrap();
        Head { book: 2, sequence, digest }
    };
    let mut signed = HeadsFile::open(&file).unwrap().unwrap();
    signed.append(&[head(3), head(9)], "t", &secrets).unwrap();
    signed.append(&[head(20)], "t", &secrets).unwrap();
    let look = || chains::heads(&connection, &file, &secrets.receipt_key());
    assert_eq!(look().unwrap(), 3);
    let original = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = original.lines().collect();
    for (text, words) in [
        (format!("{}\n{}\n", lines[0], lines[2]), "line 2 does not follow"),
        (original.replacen("\"sequence\":3", "\"sequence\":4", 1), "line 1"),
        (original.replacen("\"at\":\"t\"", "\"at\":\"u\"", 1), "line 1"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = format!("{:#}", look().unwrap_err());
        assert!(said.contains(words), "{words}: {said}");
    }
    std::fs::write(&file, &original).unwrap();
    connection
        .execute("UPDATE journal SET chain = zeroblob(32) WHERE book = 2 AND sequence = 9", [])
        .unwrap();
    assert!(format!("{:#}", look().unwrap_err()).contains("line 2: entry 9 is another"));
    connection.execute("DELETE FROM journal WHERE book = 2 AND sequence = 9", []).unwrap();
    assert!(format!("{:#}", look().unwrap_err()).contains("line 2: entry 9 is gone"));
}
