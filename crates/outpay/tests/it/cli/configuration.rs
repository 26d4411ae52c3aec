//! `outpay.toml`: the configured rails. An error is reported with its line and stops every command before it begins.

use crate::cli::installation::Installation;

crate::cli::on_both_engines! {
    a_rail_of_the_file_is_a_method,
    another_file_can_be_named,
    a_wrong_file_is_named_with_its_line,
    a_wrong_file_leaves_nothing_behind,
    a_proxy_is_an_address_or_a_network,
}

fn methods(installation: &Installation, arguments: &[&str]) -> Vec<String> {
    let listed = installation.json(&[&["method", "list", "Acme"], arguments].concat());
    listed.as_array().unwrap().iter().map(|one| one["method"].as_str().unwrap().to_owned()).collect()
}

fn a_rail_of_the_file_is_a_method(installation: &Installation) {
    installation.business("Acme");
    assert_eq!(methods(installation, &[]), ["gift_card"], "without a file");
    installation.configure(
        "[rails.manual.bank]\ntitle = \"Bank transfer\"\nexpected_time = \"two days\"\n\n[rails.manual.cash]\ntitle = \"Cash\"\n",
    );
    let mut found = methods(installation, &[]);
    found.sort();
    assert_eq!(found, ["bank", "cash", "gift_card"]);
    let listed = installation.json(&["method", "list", "Acme"]);
    let bank = listed.as_array().unwrap().iter().find(|one| one["method"] == "bank").unwrap();
    assert_eq!([&bank["title"], &bank["provider"]], ["Bank transfer", "manual"]);
    let mut test = methods(installation, &["--test"]);
    test.sort();
    assert_eq!(test, ["bank", "cash", "gift_card", "sandbox"], "the same methods, and the sandbox");
}

fn another_file_can_be_named(installation: &Installation) {
    installation.business("Acme");
    installation.configure("[rails.manual.bank]\ntitle = \"Bank\"\n");
    let other = installation.write("other.toml", "[rails.manual.cash]\ntitle = \"Cash\"\n");
    let found = methods(installation, &["--config", &other]);
    assert!(found.contains(&"cash".to_owned()) && !found.contains(&"bank".to_owned()), "{found:?}");
    let missing = installation.folder().join("missing.toml");
    let missing = missing.to_str().unwrap();
    installation.refused(2, missing, &["business", "list", "--config", missing]);
}

fn a_wrong_file_is_named_with_its_line(installation: &Installation) {
    installation.business("Acme");
    let bank = "[rails.manual.bank]\ntitle = \"Bank\"\n";
    for (toml, words) in [
        ("[rails.manual.bank]\n", "title"),
        ("[rails.manual.bank]\ntitle = 5\n", "line 2"),
        ("\n\n[rail]\n", "line 3"),
        ("[rails.manual.bank]\ntitle = \"Bank\"\nfee = 25\n", "unknown field `fee`"),
        ("[rails.manual.Bank]\ntitle = \"Bank\"\n", "\"Bank\" must be named"),
        ("[rails.manual.gift_card]\ntitle = \"Cards\"\n", "\"gift_card\" is taken"),
        ("title = \n", "line 1"),
        ("[rails.gift_card]\nlow_stock = \"many\"\n", "line 2"),
        ("[rails.crypto.usdc]\n", "missing field"),
        (&format!("{bank}{bank}"), "duplicate key"),
    ] {
        installation.configure(toml);
        let ran = installation.run(&["business", "list"]);
        assert_eq!(ran.code, 2, "{toml}: {}", ran.stderr);
        assert!(ran.stderr.contains("outpay.toml is wrong") && ran.stderr.contains(words), "{}", ran.stderr);
    }
    let pasted = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    installation.configure(&format!("[rails.crypto.usdc]\nkey = \"{pasted}\"\n"));
    let ran = installation.run(&["business", "list"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("unknown field `key`"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("4c0883a6"), "a key in the wrong place is not repeated: {}", ran.stderr);
}

fn a_wrong_file_leaves_nothing_behind(installation: &Installation) {
    installation.configure("[rails.manual.bank]\n");
    installation.refused(2, "outpay.toml is wrong", &["init"]);
    let files: Vec<_> = std::fs::read_dir(installation.data()).unwrap().collect();
    assert_eq!(files.len(), 1, "neither a key nor a database: {files:?}");
    installation.configure("[rails.manual.bank]\ntitle = \"Bank\"\n");
    installation.business("Acme");
}

fn a_proxy_is_an_address_or_a_network(installation: &Installation) {
    for wrong in ["proxy.example.com", "10.0.0.0/33", "127.0.0.1,*"] {
        installation.refused(2, "not an address or a network", &["serve", "--trusted-proxies", wrong]);
    }
    assert!(!installation.folder().join("master.key").exists(), "nothing was begun");
}
