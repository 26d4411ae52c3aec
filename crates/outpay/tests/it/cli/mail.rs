//! `outpay mail`, and a server that sends: the mailed claim link opens the balance, and is stored in no file.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;
use crate::mail_server::MailServer;

crate::cli::on_both_engines! {
    a_claim_link_by_mail_opens_the_money,
    without_a_server_it_says_so,
    mail_works_or_says_why,
    a_server_does_not_start_without_the_password,
}

const PUBLIC_URL: &str = "https://pay.example.com";

fn configure(installation: &Installation, port: u16, url: &str, more: &str) {
    installation.configure(&format!(
        "{url}[mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"none\"\nfrom = \"Outpay <payouts@example.com>\"\n{more}"
    ));
}

fn a_claim_link_by_mail_opens_the_money(installation: &Installation) {
    let mail_server = MailServer::start();
    configure(installation, mail_server.port, &format!("public_url = \"{PUBLIC_URL}\"\n"), "");
    let business = installation.paying_business("Shop", 100_000);
    let chosen = installation.json(&["mail", "set", "Shop", "--mails", "claim_link,delivered"]);
    assert_eq!(chosen["mails"], serde_json::json!(["claim_link", "delivered"]));
    let server = Server::start(installation);
    let hash = server.create(&business.secret_key, "user@example.com", 5000);
    let received = mail_server.until(1);
    let link = received[0].link(PUBLIC_URL);
    assert_eq!(link, format!("{PUBLIC_URL}/p#{hash}"));
    let header = format!("X-Payout-Hash: {}", link.split_once('#').unwrap().1);
    let (status, body) = server.ask("GET", "/payout/operations", &header, "");
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("\"balance\":5000"), "{body}");
    installation.ok(&["mail", "claim-link", "Shop", "user@example.com"]);
    mail_server.until(2);
    let mut listed = installation.json(&["mail", "list", "--business", "Shop"]);
    for _ in 0..50 {
        if listed["data"].as_array().unwrap().iter().all(|mail| mail["status"] == "sent") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
        listed = installation.json(&["mail", "list", "--business", "Shop"]);
    }
    assert_eq!(listed["data"].as_array().unwrap().len(), 2);
    assert_eq!(listed["data"][1]["answer"], "250 2.0.0 queued");
    assert!(installation.ok(&["mail", "list", "--status", "sent"]).contains("user@example.com"));
    let stored = installation.raw("mail");
    assert!(
        !stored.windows(hash.len()).any(|window| window == hash.as_bytes()),
        "the hash is in the database"
    );
}

fn without_a_server_it_says_so(installation: &Installation) {
    installation.business("Shop");
    installation.refused(1, "no [mail]", &["mail", "set", "Shop", "--mails", "all"]);
    installation.refused(1, "no [mail]", &["mail", "test", "a@example.com"]);
    assert!(installation.ok(&["mail", "show", "Shop"]).contains("not configured"));
    installation.refused(1, "Mail not found", &["mail", "retry", "mail_1"]);
    for (toml, words) in [
        ("host = \"mail.example.com\"\nfrom = \"a@example.com\"\ntls = \"none\"", "on this machine"),
        ("host = \"mail.example.com\"\nfrom = \"nobody\"", "`from`"),
        ("host = \"mail.example.com\"", "missing field `from`"),
        (
            "host = \"mail.example.com\"\nfrom = \"a@example.com\"\npassword = \"x\"",
            "unknown field `password`",
        ),
    ] {
        installation.configure(&format!("[mail]\n{toml}\n"));
        installation.refused(2, words, &["mail", "list"]);
    }
}

fn mail_works_or_says_why(installation: &Installation) {
    let server = MailServer::start();
    configure(installation, server.port, "", "");
    installation.business("Shop");
    assert!(installation.ok(&["mail", "test", "a@example.com"]).contains("accepted: 250"));
    let ran = installation.run(&["mail", "test", "refuse-a@example.com"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("not accepted: RCPT") && !ran.stdout.contains('\u{1b}'), "{}", ran.stdout);
    installation.refused(2, "--mails takes", &["mail", "set", "Shop", "--mails", "everything"]);
    assert!(installation.ok(&["mail", "set", "Shop", "--mails", "all"]).contains("expiring"));
    assert_eq!(installation.json(&["mail", "show", "Shop", "--test"])["mails"], serde_json::json!([]));
    assert_eq!(installation.json(&["mail", "retry", "--failed-since", "2026-01-02T03:04:05Z"])["retried"], 0);
    assert_eq!(server.received().len(), 1);
}

fn a_server_does_not_start_without_the_password(installation: &Installation) {
    configure(
        installation,
        25,
        "public_url = \"https://pay.example.com\"\n",
        "username = \"u\"\npassword_env = \"NO_SUCH_VARIABLE\"\n",
    );
    installation.business("Shop");
    installation.refused(1, "NO_SUCH_VARIABLE", &["serve", "--listen", "127.0.0.1:0"]);
    configure(installation, 25, "", "");
    installation.refused(1, "`public_url`", &["serve", "--listen", "127.0.0.1:0"]);
}
