//! A server on SQLite whose file is deleted or replaced under it stops before it responds, because its writes are
//! lost.

use crate::cli::beside_a_server::Server;
use crate::cli::installation::Installation;

mod only {
    pub mod sqlite {
        use super::super::*;

        /// Every way in which an open file stops being the one at its path.
        #[test]
        fn a_server_whose_file_is_swapped_stops_before_it_answers() {
            for (name, act) in [("outpay.db", "swap"), ("outpay.db", "delete"), ("outpay.db-wal", "delete")] {
                let installation = Installation::on_sqlite();
                let business = installation.paying_business("Acme", 1000);
                let mut server = Server::start(&installation);
                server.create(&business.secret_key, "a@example.com", 1);
                assert_eq!(server.ask("GET", "/readyz", "Accept: */*", "").0, 200);
                let file = installation.data().join(name);
                let aside = installation.data().join("aside");
                std::fs::rename(&file, &aside).unwrap();
                if act == "swap" {
                    std::fs::copy(&aside, &file).unwrap();
                }
                // A write outside the teller may end the process before the request arrives.
                if let Some((status, _)) = server.try_ask("GET", "/readyz", "Accept: */*", "") {
                    assert_eq!(status, 503, "{name} {act}");
                }
                let key = format!("Authorization: Bearer {}", business.secret_key);
                let body = r#"{"email":"b@example.com","amount":1}"#;
                if let Some((status, body)) = server.try_ask("POST", "/payout/create", &key, body) {
                    assert!([503, 504].contains(&status), "{name} {act}: {status} {body}");
                }
                assert!(!server.wait().success());
            }
        }

        /// Usage of keys is written outside the teller, every few seconds: a failed write there ends the process too.
        #[test]
        fn a_failed_write_beside_the_teller_ends_the_server() {
            let installation = Installation::on_sqlite();
            let business = installation.paying_business("Acme", 1000);
            let mut server = Server::start(&installation);
            let key = format!("Authorization: Bearer {}", business.secret_key);
            assert_eq!(server.ask("GET", "/balance", &key, "").0, 200);
            let file = installation.data().join("outpay.db");
            std::fs::rename(&file, installation.data().join("aside")).unwrap();
            assert!(!server.wait().success());
        }
    }
}
