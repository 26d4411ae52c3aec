//! Arguments that people type by their place, beside the flag of the same meaning.

mod sqlite {
    use crate::cli::installation::Installation;

    #[test]
    fn what_people_type_by_its_place_is_taken() {
        let installation = Installation::on_sqlite();
        installation.configure(
            "public_url = \"https://pay.example.com\"\n[mail]\nhost = \"127.0.0.1\"\ntls = \"none\"\nfrom = \"a@example.com\"\n",
        );
        installation.paying_business("Acme", 10_000);
        let file = installation.write("people.csv", "a@example.com,100\n");
        for (placed, named) in [
            (
                &["webhook", "set", "Acme", "https://example.com/a"][..],
                &["webhook", "set", "Acme", "--url", "https://example.com/b"][..],
            ),
            (
                &["webhook", "add", "Acme", "https://example.com/c"],
                &["webhook", "add", "Acme", "--url", "https://example.com/d"],
            ),
            (
                &["webhook", "replay", "Acme", "2026-01-02T03:04:05Z"],
                &["webhook", "replay", "Acme", "--since", "2026-01-02T03:04:05Z"],
            ),
            (&["import", &file, "Acme", "--dry-run"], &["import", &file, "--business", "Acme", "--dry-run"]),
            (&["mail", "set", "Acme", "claim_link,delivered"], &["mail", "set", "Acme", "--mails", "all"]),
            (&["mail", "list", "Acme", "--test"], &["mail", "list", "--business", "Acme"]),
            (
                &["business", "origins", "Acme", "https://a.example", "https://b.example"],
                &["business", "origins", "Acme", "--set", "https://a.example"],
            ),
            (
                &["business", "two-people", "Acme", "5000"],
                &["business", "two-people", "Acme", "--above", "6000"],
            ),
            (&["key", "create", "Acme", "the shop"], &["key", "create", "Acme", "--name", "the shop"]),
            (
                &["dashboard", "invite", "Acme", "a@example.com", "viewer"],
                &["dashboard", "invite", "Acme", "b@example.com", "--role", "viewer"],
            ),
            (&["test", "clock", "Acme", "1h"], &["test", "clock", "Acme", "--advance", "1h"]),
        ] {
            installation.ok(placed);
            installation.ok(named);
        }
        installation.refused(
            2,
            "cannot be used with",
            &["webhook", "set", "Acme", "https://a.example", "--url", "https://b.example"],
        );
        installation.refused(2, "--test needs a business", &["mail", "list", "--test"]);
        installation.refused(2, "required", &["import", &file]);
        let id =
            installation.json(&["webhook", "list", "Acme"])["data"][1]["id"].as_str().unwrap().to_owned();
        let shown = installation.json(&["webhook", "show", "Acme", &id]);
        assert_eq!(shown["url"], "https://example.com/c", "{shown}");
        installation.refused(1, "there is nothing that waits", &["due", "now", &id]);
        installation.refused(1, "there is no withdrawal", &["withdrawal", "show", "ord_1"]);
    }
}
