//! `outpay backup`, `verify`, `restore`: a copy is complete whatever happens meanwhile, and nothing undoes a restore.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

crate::cli::on_both_engines! {
    a_backup_is_whole_and_tells_what_is_in_it,
    a_backup_is_for_its_owner_alone_and_holds_no_master_key,
    a_backup_ends_under_full_load,
    a_target_that_is_there_is_refused,
    a_damaged_backup_is_refused,
    a_backup_of_another_installation_is_refused,
    a_restored_database_is_what_it_was_and_waits,
    a_restore_overwrites_nothing,
    backups_again_and_again_keep_the_newest,
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect()
}

fn pay(installation: &Installation, name: &str, lines: &str) {
    let file = installation.write(name, lines);
    installation.ok(&["import", &file, "--business", "Acme"]);
}

fn backed_up(installation: &Installation) -> (PathBuf, Value) {
    installation.paying_business("Acme", 1000);
    pay(installation, "before.csv", "a@example.com,100\nb@example.com,20\n");
    let folder = installation.folder().join("backup");
    let made = installation.json(&["backup", &text(&folder)]);
    (folder, made)
}

fn a_backup_is_whole_and_tells_what_is_in_it(installation: &Installation) {
    let (folder, made) = backed_up(installation);
    pay(installation, "after.csv", "c@example.com,5\n");
    let told: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(made["manifest"], told);
    assert_eq!((&told["format"], &told["epoch"]), (&1.into(), &0.into()));
    assert_eq!(told["engine"], if installation.is_sqlite() { "sqlite" } else { "postgres" });
    // Two books: the live one with a deposit, a transfer, two users and the end of their import, the test one empty.
    let heads: Vec<i64> =
        told["heads"].as_array().unwrap().iter().map(|head| head["sequence"].as_i64().unwrap()).collect();
    assert_eq!(heads, [5, 0]);
    assert_eq!(made["audited_entries"], 5);
    assert_eq!(told["files"].as_array().unwrap().len() + 1, files(&folder).len(), "and the manifest");
    let verified = installation.json(&["verify", &text(&folder)]);
    assert_eq!(verified["manifest"], told);
    assert!(installation.ok(&["verify", &text(&folder)]).contains("5 entries recomputed"));
    // Neither command leaves temporary files behind.
    let beside: Vec<PathBuf> = files(installation.folder());
    assert!(!beside.iter().any(|path| text(path).contains("/.outpay-backup-")), "{beside:?}");
}

fn a_backup_is_for_its_owner_alone_and_holds_no_master_key(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let key = std::fs::read_to_string(installation.data().join("master.key")).unwrap();
    let bytes = data_encoding::HEXLOWER.decode(key.trim().as_bytes()).unwrap();
    let holds = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|window| window == part);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for file in files(&folder) {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        let text = std::fs::read(&file).unwrap();
        assert!(!holds(&text, key.trim().as_bytes()) && !holds(&text, &bytes), "{file:?}");
    }
}

fn a_backup_ends_under_full_load(installation: &Installation) {
    let business = installation.paying_business("Acme", 10_000_000);
    let server = Server::start(installation);
    let (stop, paid) = (AtomicBool::new(false), std::sync::atomic::AtomicU64::new(0));
    std::thread::scope(|scope| {
        let (server, stop, paid, key) = (&server, &stop, &paid, &business.secret_key);
        for worker in 0..4 {
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let number = paid.fetch_add(1, Ordering::Relaxed);
                    server.create(key, &format!("{worker}-{number}@example.com"), 1);
                }
            });
        }
        let mut heads = Vec::new();
        for round in 0..3 {
            let before = paid.load(Ordering::Relaxed);
            let folder = installation.folder().join(format!("backup-{round}"));
            let mut process = installation.command(&["backup", &text(&folder), "--json"]).spawn().unwrap();
            for _ in 0..600 {
                if process.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            if process.try_wait().unwrap().is_none() {
                stop.store(true, Ordering::Relaxed);
                process.kill().unwrap();
            }
            let ran = Ran::from(process.wait_with_output().unwrap());
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let made: Value = serde_json::from_str(&ran.stdout).unwrap();
            heads.push(made["manifest"]["heads"][0]["sequence"].as_u64().unwrap());
            // Everything acknowledged before is in it: a number is taken before it is acknowledged, four at a time.
            assert!(heads[round] + 4 >= before, "{heads:?} {before}");
        }
        stop.store(true, Ordering::Relaxed);
        assert!(heads.is_sorted_by(|one, next| one < next), "writes went on meanwhile: {heads:?}");
    });
    installation.ok(&["verify", &text(&installation.folder().join("backup-2"))]);
}

fn a_target_that_is_there_is_refused(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let before = std::fs::read(folder.join("manifest.json")).unwrap();
    installation.refused(1, "is there already", &["backup", &text(&folder)]);
    assert_eq!(std::fs::read(folder.join("manifest.json")).unwrap(), before);
    let empty = installation.folder().join("empty");
    std::fs::create_dir(&empty).unwrap();
    installation.refused(1, "is there already", &["backup", &text(&empty)]);
    assert_eq!(files(&empty), [""; 0].map(PathBuf::from));
}

fn a_damaged_backup_is_refused(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let source = text(&folder);
    let data = folder.join(if installation.is_sqlite() { "outpay.db" } else { "journal.copy" });
    let manifest = folder.join("manifest.json");
    let (whole, told) = (std::fs::read(&data).unwrap(), std::fs::read_to_string(&manifest).unwrap());

    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&data, &flipped).unwrap();
    installation.refused(1, "is damaged", &["verify", &source]);
    std::fs::write(&data, &whole[..whole.len() - 1]).unwrap();
    installation.refused(1, "is damaged", &["verify", &source]);
    std::fs::write(&data, &whole).unwrap();

    let log = folder.join("outpay.db-wal");
    std::fs::write(&log, "").unwrap();
    installation.refused(1, "does not belong into the backup", &["verify", &source]);
    std::fs::remove_file(&log).unwrap();

    let changed = told.replacen("\"sequence\": 5", "\"sequence\": 6", 1);
    assert_ne!(changed, told);
    std::fs::write(&manifest, changed).unwrap();
    installation.refused(1, "do not end where its manifest says", &["verify", &source]);
    std::fs::write(&manifest, told.replacen("\"format\": 1", "\"format\": 2", 1)).unwrap();
    installation.refused(1, "reads format 1", &["verify", &source]);
    std::fs::remove_file(&manifest).unwrap();
    installation.refused(1, "cannot read", &["verify", &source]);
    std::fs::write(&manifest, told).unwrap();
    installation.ok(&["verify", &source]);
}

fn a_backup_of_another_installation_is_refused(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let other = "ab".repeat(32);
    for command in ["verify", "restore"] {
        let mut command = installation.command(&[command, &text(&folder)]);
        let ran = Ran::from(command.env("OUTPAY_MASTER_KEY", &other).output().unwrap());
        assert_eq!(ran.code, 1, "{}", ran.stdout);
        assert!(ran.stderr.contains("another master key"), "{}", ran.stderr);
    }
}

fn a_restored_database_is_what_it_was_and_waits(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let users = installation.json(&["user", "list", "Acme"]);
    pay(installation, "after.csv", "c@example.com,5\n");
    let later = installation.moved_to_an_empty_database();
    later.ok(&["restore", &text(&folder)]);
    later.ok(&["audit"]);
    for command in
        [&["user", "list", "Acme"][..], &["serve", "--listen", "127.0.0.1:0"], &["business", "create", "B"]]
    {
        later.refused(1, "is not recovered; run: outpay recover --accept-loss", command);
    }
    // A backup of a marked database is marked too.
    let again = installation.folder().join("again");
    later.ok(&["backup", &text(&again)]);
    later.tamper("DELETE FROM setting WHERE name = 'recovery.needed'");
    assert_eq!(later.json(&["user", "list", "Acme"]), users);
    // Numbers assigned by the engine continue after the restored ones.
    let invite = ["dashboard", "invite", "Acme", "o@example.com", "--public-url", "https://pay.example.com"];
    later.ok(&invite);
    later.ok(&["backup", &text(&installation.folder().join("third"))]);
    if installation.is_sqlite() {
        let file = installation.folder().join("elsewhere").join("outpay.db");
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

fn a_restore_overwrites_nothing(installation: &Installation) {
    let (folder, _) = backed_up(installation);
    let source = text(&folder);
    if !installation.is_sqlite() {
        installation.refused(1, "holds tables of Outpay's already", &["restore", &source]);
        return installation.ok(&["audit"]).truncate(0);
    }
    installation.refused(1, "outpay.db is there", &["restore", &source]);
    let database = installation.data().join("outpay.db");
    std::fs::remove_file(&database).unwrap();
    for ending in ["-wal", "-shm", "-journal"] {
        let left = installation.data().join(format!("outpay.db{ending}"));
        std::fs::write(&left, "left over").unwrap();
        installation.refused(1, &format!("outpay.db{ending} is there"), &["restore", &source]);
        assert!(!database.exists());
        std::fs::remove_file(&left).unwrap();
    }
    installation.ok(&["restore", &source]);
    assert!(database.exists());
}

fn backups_again_and_again_keep_the_newest(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let folder = installation.folder().join("all");
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir(folder.join("outpay-of-another-installation")).unwrap();
    let again = ["backup", &text(&folder), "--every", "1s", "--keep", "2"];
    let mut process = installation.command(&again).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let kept: Vec<String> = lines.filter(|line| line.contains("backups kept")).take(4).collect();
    let process_id = process.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &process_id]).status().unwrap().success());
    assert!(process.wait().unwrap().success());
    let told = ["1 backups kept, 0 deleted", "2 backups kept, 0 deleted", "2 backups kept, 1 deleted"];
    assert_eq!(kept[..3], told);
    let mut there: Vec<PathBuf> = files(&folder);
    there.retain(|path| !path.ends_with("outpay-of-another-installation"));
    assert!(there.iter().all(|path| path.is_dir()), "{there:?}");
    // The signal may come in the middle of a fifth backup, which is then discarded, or after it.
    let whole = there.iter().filter(|path| installation.run(&["verify", &text(path)]).code == 0).count();
    assert_eq!((whole, there.len()), (2, 2), "{there:?}");
    assert!(folder.join("outpay-of-another-installation").is_dir());
    installation.refused(2, "--keep", &["backup", &text(&folder), "--every", "1s"]);
}
