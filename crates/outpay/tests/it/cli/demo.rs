//! `outpay demo`: the documented requests and their responses; it leaves nothing behind.

mod sqlite {
    use crate::cli::installation::{Ran, program};
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpStream;
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
            r#""provider": "paypal""#,
            r#""email": "mine@example.net""#,
        ] {
            assert!(said.contains(expected), "{expected} is missing in {said}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "its own folder");
        its_link_signs_in_once(&said);
        let interrupt = Command::new("kill").args(["-INT", &demo.id().to_string()]).status().unwrap();
        assert!(interrupt.success());
        stdout.read_to_string(&mut said).unwrap();
        assert!(demo.wait().unwrap().success());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left");
    }

    /// Status and head of a request of a browser.
    fn browse(address: &str, request: &str, head: &str, body: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{head}Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }

    fn its_link_signs_in_once(said: &str) {
        let (_, rest) = said.split_once("http://127.0.0.1:").unwrap();
        let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let address = format!("127.0.0.1:{port}");
        let (_, token) = said.split_once("/dashboard/demo#").expect("a link to the dashboard");
        let token = token.lines().next().unwrap();
        assert_eq!(browse(&address, "GET /dashboard/demo", "", "").0, 200);
        let form = "Content-Type: application/x-www-form-urlencoded\r\n";
        let from = |origin: &str| format!("{form}Origin: http://{origin}\r\n");
        let enter = |head: &str, token: &str| {
            browse(&address, "POST /dashboard/demo", head, &format!("token={token}"))
        };
        assert_eq!(enter(&from("elsewhere.example"), token).0, 403, "a form of another site");
        assert_eq!(enter(&from(&address), "guessed").0, 422);
        let (status, answer) = enter(&from(&address), token);
        assert_eq!(status, 303, "{answer}");
        let cookie = answer
            .lines()
            .find_map(|line| line.strip_prefix("Set-Cookie: "))
            .or_else(|| answer.lines().find_map(|line| line.strip_prefix("set-cookie: ")));
        let cookie = cookie.unwrap().split(';').next().unwrap();
        let (status, home) = browse(&address, "GET /dashboard", &format!("Cookie: {cookie}\r\n"), "");
        assert!(status == 200 && home.contains("Demo Owner<br>") && home.contains(">owner<"), "{home}");
        assert_eq!(enter(&from(&address), token).0, 422, "it works once");
    }

    #[test]
    fn a_demo_that_others_reach_has_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let mut demo = program()
            .args(["demo", "--listen", "0.0.0.0:0"])
            .env("TMPDIR", folder.path())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(demo.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("Ctrl-C stops it") {
            assert_ne!(stdout.read_line(&mut said).unwrap(), 0, "it ended: {said}");
        }
        assert!(!said.contains("/dashboard/demo"), "{said}");
        demo.kill().unwrap();
        demo.wait().unwrap();
    }

    #[test]
    fn it_takes_no_database() {
        let output = program().args(["demo", "--database", "sqlite:x"]).output().unwrap();
        let ran = Ran::from(output);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains("leave out --database"), "{}", ran.stderr);
    }
}
