//! `outpay health`, which a container's health check runs.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::{Installation, Ran, program};
use std::io::{Read, Write};
use std::net::TcpListener;

crate::cli::on_both_engines! {
    a_server_is_asked_on_its_address,
}

fn health(arguments: &[&str], listen: &str) -> Ran {
    let mut command = program();
    Ran::from(command.arg("health").args(arguments).env("OUTPAY_LISTEN", listen).output().unwrap())
}

fn a_server_is_asked_on_its_address(installation: &Installation) {
    installation.business("Acme");
    let mut server = Server::start(installation);
    for arguments in [&[][..], &["--ready"]] {
        let ran = health(arguments, &server.address);
        assert!(
            ran.code == 0 && ran.stdout.contains("status"),
            "{arguments:?}: {}{}",
            ran.stdout,
            ran.stderr
        );
    }
    // As the address of a container is set.
    let (_, port) = server.address.rsplit_once(':').unwrap();
    assert_eq!(health(&[], &format!("0.0.0.0:{port}")).code, 0);
    server.terminate();
    let gone = health(&[], &server.address);
    assert!(gone.code == 1 && gone.stderr.contains("asking http://"), "{}", gone.stderr);
}

#[test]
fn an_answer_other_than_200_is_a_failure() {
    for (answer, words) in [
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"status\":\"not ready\"}",
            "answered 503: {\"status\":\"not ready\"}",
        ),
        ("SSH-2.0-x\r\n", "does not speak HTTP without TLS"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 1024];
            let length = stream.read(&mut asked).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&asked[..length]).into_owned()
        });
        let ran = health(&["--ready"], &address);
        assert!(server.join().unwrap().starts_with("GET /readyz HTTP/1.1\r\n"));
        assert!(ran.code == 1 && ran.stderr.contains(words), "{}", ran.stderr);
    }
}
