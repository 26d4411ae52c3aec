//! `outpay demo`: the documented requests and their responses; it leaves nothing behind.

mod sqlite {
    use crate::cli::installation::{Ran, program};
    use std::io::{BufRead, BufReader, Read};
    use std::process::{Command, Stdio};

    #[test]
    fn it_shows_the_documented_requests_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = program()
            .args(["demo", "--listen", "127.0.0.1:0"])
            // The environment must not lead a demo to real books.
            .env("OUTPAY_DATA", folder.path().join("real"))
            .env("OUTPAY_DATABASE", "postgres://127.0.0.1:1/real")
            .env("TMPDIR", folder.path())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(demo.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C stops it") {
            assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        for expected in [
            "/balance/transfer'",
            r#"{"balance":500000,"payout_balance":500000}"#,
            "/payout/create'",
            "\n201\n",
            "-H 'X-Payout-Hash: ",
            "/p#",
            r#"-d '{"payout_hash":""#,
            "/payout/operations?payout_hash=",
            r#"{"balance":500000,"payout_balance":487500}"#,
            "\n401\n{\"error\":\"Unauthorized\"}",
            "/payout/methods'",
            r#""code": "DEMO-CARD-"#,
            "/payout/withdraw'",
            r#""type": "payout.succeeded""#,
        ] {
            assert!(said.contains(expected), "{expected} is missing in {said}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "its own folder");
        let interrupt = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
        assert!(interrupt.success());
        stdout.read_to_string(&mut said).unwrap();
        assert!(demo.wait().unwrap().success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }

    #[test]
    fn it_takes_no_database() {
        let output = program().args(["demo", "--database", "sqlite:x"]).output().unwrap();
        let ran = Ran::from(output);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("leave out --database"), "{}", ran.stderr);
    }
}
