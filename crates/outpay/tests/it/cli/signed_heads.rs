//! Signed heads: what `outpay audit` detects with them and not without, and how they are created.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use ledger::BookId;
use outpay::testing::chain_head::{AUDIT_LOG, Head};
use outpay::testing::heads::{HEADS_FILE, HeadsFile, HeadsPost, Signing};
use outpay::testing::webhooks::Guard;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

crate::cli::on_both_engines! {
    an_entry_that_was_changed_and_chained_anew_is_named,
    newest_entries_that_were_taken_off_are_found,
    newest_rows_taken_off_the_audit_log_are_found,
    the_first_entry_that_differs_is_named_between_two_heads,
    a_head_kept_elsewhere_is_compared,
    a_file_kept_elsewhere_is_compared,
    lines_changed_or_taken_out_of_the_file_are_found,
    only_chains_that_moved_are_signed,
    a_server_signs_at_its_start_and_at_its_end,
    heads_are_posted_until_they_are_taken,
    heads_go_only_where_webhooks_may_go,
    what_a_recovery_names_as_lost_is_no_difference_and_what_is_lost_later_is,
    an_audit_says_what_it_does_not_prove,
    a_database_without_a_book_is_not_right,
}

/// Book 2: 1 deposit, 2 transfer, 3 and 4 create users, 5 completes their import, 6 deactivates the second.
fn books(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file = installation.write("users.csv", "a@example.com,100\nb@example.com,20\n");
    installation.ok(&["import", &file, "--business", "Acme"]);
    installation.ok(&["user", "deactivate", "Acme", "b@example.com"]);
}

/// Signs as a server does; returns the number of signed heads.
fn sign(installation: &Installation) -> usize {
    installation.inside(async |platform| Signing::new(platform).sign().await.unwrap())
}

/// Signs heads that are in no chain, as if the database had been different at that time.
fn sign_as_it_was(installation: &Installation, heads: &[Head]) {
    installation.inside(async |platform| {
        let mut file = HeadsFile::open(&platform.data.join(HEADS_FILE)).unwrap().unwrap();
        file.append(heads, "2026-01-01T00:00:00.000000Z", &platform.secrets).unwrap();
    });
}

fn digest_at(installation: &Installation, book: i64, sequence: i64) -> [u8; 32] {
    installation.inside(async |platform| platform.store.digest_at(book, sequence).await.unwrap().unwrap())
}

/// Place, number and sentence of each difference.
fn differences(installation: &Installation, arguments: &[&str]) -> Vec<(String, i64, String)> {
    let ran = installation.run(&[&["audit", "--json"], arguments].concat());
    let report: Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}{}", ran.stdout, ran.stderr));
    let all = report["differences"].as_array().unwrap();
    assert_eq!(ran.code, i32::from(!all.is_empty()));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.iter()
        .map(|one| (text(&one["place"]), one["number"].as_i64().unwrap_or(0), text(&one["what"])))
        .collect()
}

fn places(installation: &Installation, arguments: &[&str]) -> Vec<(String, i64)> {
    differences(installation, arguments).into_iter().map(|(place, number, _)| (place, number)).collect()
}

fn place(kind: &str, number: i64) -> (String, i64) {
    (kind.to_owned(), number)
}

fn blob(installation: &Installation, bytes: &[u8]) -> String {
    let digits = data_encoding::HEXLOWER.encode(bytes);
    if installation.is_sqlite() { format!("x'{digits}'") } else { format!("decode('{digits}', 'hex')") }
}

/// Recomputes all digests of book 2, as an intruder with access to the database would.
fn chain_anew(installation: &Installation) {
    let chain: Vec<(i64, [u8; 32])> = installation.inside(async |platform| {
        let snapshot = platform.store.snapshot().await.unwrap();
        let (mut last, mut chain) = (ledger::GENESIS, Vec::new());
        for (stored, payee) in snapshot.entries(BookId(2), 0, 1_000).await.unwrap() {
            last = ledger::link(&last, BookId(2), &stored.entry, &payee);
            chain.push((stored.entry.sequence, last));
        }
        chain
    });
    for (sequence, digest) in &chain {
        let digest = blob(installation, digest);
        installation
            .tamper(&format!("UPDATE journal SET chain = {digest} WHERE book = 2 AND sequence = {sequence}"));
    }
    installation.tamper(
        "UPDATE book SET chain = (SELECT chain FROM journal WHERE book = 2 AND sequence = book.sequence) WHERE id = 2",
    );
}

fn an_entry_that_was_changed_and_chained_anew_is_named(installation: &Installation) {
    books(installation);
    sign(installation);
    installation.tamper("UPDATE journal SET at = at - 1 WHERE book = 2 AND sequence = 4");
    chain_anew(installation);
    let file = installation.data().join(HEADS_FILE);
    let aside = installation.data().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    assert_eq!(places(installation, &[]), [], "the chain alone does not tell");
    std::fs::rename(&aside, &file).unwrap();
    let found = differences(installation, &[]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].1), ("entry", 1));
    assert!(found[0].2.starts_with("an entry from 1 to 6 is not what it was"), "{found:?}");
}

/// Removes entry 6 with all its effects.
fn take_off_the_last_entry(installation: &Installation) {
    for sql in [
        "DELETE FROM journal WHERE book = 2 AND sequence = 6",
        "UPDATE payout_user SET status = 1 WHERE book = 2 AND number = 2",
        "UPDATE credential SET active = 1 WHERE book = 2 AND kind = 3 AND subject = 2",
        "UPDATE book SET sequence = 5, chain = (SELECT chain FROM journal WHERE book = 2 AND sequence = 5) WHERE id = 2",
    ] {
        installation.tamper(sql);
    }
}

fn newest_entries_that_were_taken_off_are_found(installation: &Installation) {
    books(installation);
    let head = Head { book: 2, sequence: 6, digest: digest_at(installation, 2, 6) }.to_string();
    sign_as_it_was(installation, &[head.parse().unwrap()]);
    let (file, aside) = (installation.data().join(HEADS_FILE), installation.data().join("aside"));
    std::fs::rename(&file, &aside).unwrap();
    take_off_the_last_entry(installation);
    assert_eq!(places(installation, &[]), [], "nothing in the database tells");
    assert_eq!(places(installation, &["--head", &head]), [place("entry", 6)], "a head kept elsewhere does");
    std::fs::rename(&aside, &file).unwrap();
    let found = differences(installation, &[]);
    assert_eq!((found.len(), found[0].1), (1, 6));
    assert!(found[0].2.contains("signed at 2026-01-01") && found[0].2.contains("gone"), "{found:?}");
}

fn newest_rows_taken_off_the_audit_log_are_found(installation: &Installation) {
    installation.business("Acme");
    (0..3).for_each(|_| drop(installation.ok(&["key", "create", "Acme"])));
    sign(installation);
    installation.tamper("DELETE FROM audit_log WHERE number = 3");
    let before = blob(installation, &digest_at(installation, AUDIT_LOG, 2));
    installation.tamper(&format!("UPDATE audit_log_head SET number = 2, digest = {before}"));
    assert_eq!(places(installation, &[]), [place("audit_log", 3)]);
    std::fs::remove_file(installation.data().join(HEADS_FILE)).unwrap();
    assert_eq!(places(installation, &[]), [], "without the head nothing tells");
}

fn the_first_entry_that_differs_is_named_between_two_heads(installation: &Installation) {
    books(installation);
    let fits = |sequence| Head { book: 2, sequence, digest: digest_at(installation, 2, sequence) };
    let other = |sequence| Head { book: 2, sequence, digest: [7; 32] };
    sign_as_it_was(installation, &[fits(1), fits(3), other(5), other(6)]);
    let found = differences(installation, &[]);
    assert_eq!((found.len(), found[0].0.as_str(), found[0].1), (1, "entry", 4), "{found:?}");
    assert!(found[0].2.starts_with("an entry from 4 to 5 is not"), "{found:?}");
    sign_as_it_was(installation, &[other(4)]);
    let found = differences(installation, &[]);
    assert!(found[0].1 == 4 && found[0].2.starts_with("it is not"), "{found:?}");
}

fn a_head_kept_elsewhere_is_compared(installation: &Installation) {
    books(installation);
    let heads = installation.json(&["audit"])["heads"].clone();
    let head = heads[1].as_str().unwrap();
    assert!(head.starts_with("2:6:") && heads.as_array().unwrap().len() == 2, "{heads}");
    let report = installation.json(&["audit", "--head", head]);
    assert_eq!((&report["kept_heads"], &report["clean"]), (&1.into(), &true.into()));
    installation.ok(&["user", "activate", "Acme", "b@example.com"]);
    installation.ok(&["audit", "--head", head]);
    let wrong = format!("2:6:{}", "00".repeat(32));
    assert_eq!(places(installation, &["--head", head, "--head", &wrong]), [place("entry", 6)]);
    assert_eq!(places(installation, &["--head", &wrong]), [place("entry", 1)]);
    let nowhere = format!("77:1:{}", "00".repeat(32));
    assert_eq!(places(installation, &["--head", &nowhere]), [place("entry", 1)], "a book that is gone");
    installation.refused(2, "BOOK:SEQUENCE:DIGEST", &["audit", "--head", "2:6"]);
}

fn a_file_kept_elsewhere_is_compared(installation: &Installation) {
    books(installation);
    sign(installation);
    let lines = std::fs::read_to_string(installation.data().join(HEADS_FILE)).unwrap();
    std::fs::remove_file(installation.data().join(HEADS_FILE)).unwrap();
    let copy = installation.write("copy.jsonl", &lines);
    let posted = installation.write("posted.jsonl", &format!("\n[{}]\n", lines.trim().replace('\n', ",")));
    let report = installation.json(&["audit", "--heads", &copy, "--heads", &posted]);
    assert_eq!((&report["kept_heads"], &report["signed_heads"]), (&4.into(), &0.into()));
    take_off_the_last_entry(installation);
    for file in [&copy, &posted] {
        assert_eq!(places(installation, &["--heads", file]), [place("entry", 6)]);
    }
    let forged = installation.write("forged.jsonl", &lines.replace("\"sequence\":6", "\"sequence\":5"));
    let found = differences(installation, &["--heads", &forged]);
    assert!(
        found[0].0 == "installation" && found[0].2.contains("not a head signed by this installation"),
        "{found:?}"
    );
    let empty = installation.write("empty.jsonl", "\n");
    installation.refused(1, "there is no head in", &["audit", "--heads", &empty]);
    installation.refused(1, "cannot read", &["audit", "--heads", "nowhere.jsonl"]);
}

fn lines_changed_or_taken_out_of_the_file_are_found(installation: &Installation) {
    books(installation);
    assert_eq!(sign(installation), 2, "the audit log and the book");
    for change in ["activate", "deactivate", "activate"] {
        installation.ok(&["user", change, "Acme", "b@example.com"]);
        assert_eq!(sign(installation), 1);
    }
    let path = installation.data().join(HEADS_FILE);
    let original = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = original.lines().collect();
    let after = |text: String| {
        std::fs::write(&path, text).unwrap();
        places(installation, &[])
    };
    assert_eq!(after(original.clone()), []);
    let line = |number| place("signed_heads", number);
    let without = |gone: usize| {
        let left: Vec<&str> =
            lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
        left.join("\n") + "\n"
    };
    assert_eq!(after(without(2)), [line(3)], "one is gone");
    assert_eq!(after(without(0)), [line(1)], "the first is gone");
    let changed = original.replacen("\"sequence\":7", "\"sequence\":6", 1);
    assert_eq!(after(changed), [line(3), line(4)], "signature, and what covers it");
    assert_eq!(after(format!("{}\nnothing\n{}", lines[0], &without(0))), [line(3)]);
    assert_eq!(after(format!("{original}nothing\n")), [line(6)], "no line covers it");
    assert_eq!(after(format!("{original}{{\"book\":2,\"se")), [], "a line that is being written");
    // The next signed line covers a line that a crash cut off.
    installation.ok(&["user", "deactivate", "Acme", "b@example.com"]);
    assert_eq!(sign(installation), 1);
    assert_eq!(places(installation, &[]), []);
}

fn only_chains_that_moved_are_signed(installation: &Installation) {
    assert_eq!(sign(installation), 0, "there is nothing");
    books(installation);
    installation.paying_business("Other", 5);
    assert_eq!(sign(installation), 3, "the audit log and two books");
    assert_eq!(sign(installation), 0);
    installation.ok(&["business", "deposit", "Other", "1", "--reference", "more"]);
    assert_eq!(sign(installation), 1);
    installation.ok(&["key", "create", "Other"]);
    assert_eq!(sign(installation), 1, "the audit log");
    let report = installation.json(&["audit"]);
    assert_eq!((&report["signed_heads"], &report["clean"]), (&5.into(), &true.into()));
}

fn a_server_signs_at_its_start_and_at_its_end(installation: &Installation) {
    let business = installation.paying_business("Acme", 1000);
    let path = installation.data().join(HEADS_FILE);
    let lines = || std::fs::read_to_string(&path).unwrap_or_default().lines().count();
    let mut server = Server::start(installation);
    for _ in 0..200 {
        if lines() > 0 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lines(), 2, "the audit log and the book");
    server.create(&business.secret_key, "a@example.com", 100);
    assert_eq!(lines(), 2, "not with every entry");
    server.terminate();
    assert_eq!(lines(), 3);
    let report = installation.json(&["audit"]);
    assert_eq!((&report["signed_heads"], &report["clean"]), (&3.into(), &true.into()));
}

/// Accepts one request and responds with this status; returns the body.
fn answer(listener: &TcpListener, status: &str) -> String {
    let (mut stream, _) = listener.accept().unwrap();
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut part).unwrap();
        request.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned));
        if body.len() == length.unwrap().parse::<usize>().unwrap() {
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
            return body.to_owned();
        }
    }
}

fn heads_are_posted_until_they_are_taken(installation: &Installation) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    installation.configure(&format!("[heads]\npost_to = \"http://{address}/heads\"\n"));
    books(installation);
    sign(installation);
    let receiver = std::thread::spawn(move || {
        ["500 Oops", "204 Taken", "200 Taken"].map(|status| answer(&listener, status))
    });
    let step = || {
        installation.inside(async |platform| {
            let guard = Guard { allow_http: true, allow_private: true };
            let mut platform = platform.clone();
            platform.webhooks = platform.webhooks.guarded_by(guard);
            HeadsPost::new(&platform).unwrap().step().await
        })
    };
    let refused = format!("{:#}", step().unwrap_err());
    assert!(refused.contains("500"), "{refused}");
    assert_eq!(step().unwrap(), 2, "the same again, by another process");
    assert_eq!(step().unwrap(), 0, "nothing is new");
    installation.ok(&["user", "activate", "Acme", "b@example.com"]);
    sign(installation);
    assert_eq!(step().unwrap(), 1, "only what is new");
    let bodies = receiver.join().unwrap();
    let file = std::fs::read_to_string(installation.data().join(HEADS_FILE)).unwrap();
    let lines: Vec<&str> = file.lines().collect();
    let first = format!("[{},{}]", lines[0], lines[1]);
    assert_eq!(bodies, [first.clone(), first, format!("[{}]", lines[2])]);
}

fn heads_go_only_where_webhooks_may_go(installation: &Installation) {
    installation.init();
    installation.configure("[heads]\npost_to = \"http://169.254.169.254/heads\"\n");
    let ran = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("`post_to` in [heads]"), "{}", ran.stderr);
}

fn what_a_recovery_names_as_lost_is_no_difference_and_what_is_lost_later_is(installation: &Installation) {
    books(installation);
    sign(installation);
    take_off_the_last_entry(installation);
    assert_eq!(places(installation, &[]), [place("entry", 6)]);
    installation.ok(&["recover", "--accept-loss", "--revoke-keys", "none"]);
    let report = installation.json(&["audit"]);
    assert!(
        report["not_proven"].as_str().unwrap().contains("1 heads are of entries that a recovery"),
        "{report}"
    );
    let later = (1 << 40) + 50;
    sign_as_it_was(installation, &[Head { book: 2, sequence: later, digest: [7; 32] }]);
    assert_eq!(places(installation, &[]), [place("entry", later)], "lost after the recovery");
}

fn an_audit_says_what_it_does_not_prove(installation: &Installation) {
    books(installation);
    let said = installation.ok(&["audit"]);
    assert!(said.contains("Not proven: that no newest entries are missing"), "{said}");
    let digest = data_encoding::HEXLOWER.encode(&digest_at(installation, 2, 6));
    assert!(said.contains(&format!("  2:6:{digest}\n")), "{said}");
    sign(installation);
    let said = installation.ok(&["audit"]);
    assert!(said.contains("2 signed heads, 0 heads kept elsewhere compared"), "{said}");
    assert!(said.contains("in case the file of signed heads was truncated"), "{said}");
    let said = installation.ok(&["audit", "--head", &format!("2:6:{digest}")]);
    assert!(said.contains("Not proven: entries after the newest given head"), "{said}");
}

fn a_database_without_a_book_is_not_right(installation: &Installation) {
    installation.inside(async |_| ());
    let found = differences(installation, &[]);
    assert_eq!((found.len(), found[0].0.as_str()), (1, "installation"));
    assert!(found[0].2.contains("no book"), "{found:?}");
}
