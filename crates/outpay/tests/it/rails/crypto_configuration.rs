//! `[rails.crypto.<name>]`: what an operator may write, and where the secrets come from.

use crate::rails::chain::{KEY, TREASURY};
use outpay::testing::clock::Clock;
use outpay::testing::rails::Rail;
use outpay::testing::rails::crypto::{ChainAccess, CryptoConfig, CryptoRail};

const GOOD: &str = r#"
chain = "Base"
chain_id = 8453
currency = "USDC"
token = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"
decimals = 6
rpc_url = "https://node.example/v3/s3cret"
key_env = "TREASURY_KEY"
"#;

const SIGNER_WITH_PASSWORD: &str = "[signer]\nurl = \"http://me:secret all the same@s\"\n\
     address = \"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F\"";
const SIGNER_WITHOUT_TOKEN: &str = "[signer]\nurl = \"http://s\"\ntoken_env = \"UNSET_VARIABLE\"\n\
     address = \"0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F\"";

fn environment(name: &str) -> Option<String> {
    match name {
        "TREASURY_KEY" => Some(format!("{KEY}\n")),
        "NODE" => Some("https://node.example/".to_owned()),
        "NODES" => Some("https://a.example/ https://b.example/\nhttps://c.example/\n".to_owned()),
        "NONE" => Some(" \n".to_owned()),
        "PASSWORD" => Some("testpassword".to_owned()),
        "NO_KEY" => Some("not a key, but secret all the same".to_owned()),
        _ => None,
    }
}

fn build(text: &str) -> Result<CryptoRail, String> {
    let config: CryptoConfig = toml::from_str(text).map_err(|error| error.to_string())?;
    let access = ChainAccess::load(&config, &environment).map_err(|error| format!("{error:#}"))?;
    CryptoRail::new("usdc-base", config, access, Clock::manual(0)).map_err(|error| format!("{error:#}"))
}

fn changed(line: &str, with: &str) -> String {
    assert!(GOOD.contains(line), "{line}");
    GOOD.replace(line, with)
}

#[test]
fn a_good_configuration_makes_a_rail() {
    let rail = build(GOOD).unwrap();
    let facts = rail.facts();
    assert_eq!((facts.name.as_str(), facts.title.english().as_str()), ("usdc-base", "USDC on Base"));
    assert!(!facts.provider.is_paid_by_hand());
    assert_eq!(facts.line, Some(format!("evm-8453-{TREASURY}")));
    assert_eq!(rail.line(), (8453, TREASURY.to_owned()));
    let config: CryptoConfig = toml::from_str(GOOD).unwrap();
    assert_eq!((config.confirmations, config.stuck_after_seconds, config.max_fee_gwei), (12, 180, 500));
    assert!(!format!("{config:?}").contains("s3cret"));
    assert!(build(&changed("decimals = 6", "decimals = 6\nsecond_rpc_url_env = \"NODE\"")).is_ok());
    assert!(
        build(&changed("rpc_url = \"https://node.example/v3/s3cret\"", "rpc_url_env = \"NODE\"")).is_ok()
    );
}

#[test]
fn several_nodes_and_a_remote_signer_make_a_rail() {
    let url = "rpc_url = \"https://node.example/v3/s3cret\"";
    let urls =
        "rpc_urls = [\"https://a.example/\", \"https://b.example/\"]\nagree = 2\nfinality = \"finalized\"";
    assert!(build(&changed(url, urls)).is_ok());
    assert!(build(&changed(url, "rpc_urls_env = \"NODES\"\nagree = 3")).is_ok());
    let config: CryptoConfig = toml::from_str(&changed(url, urls)).unwrap();
    assert!(config.holds_secret());
    assert!(!format!("{config:?}").contains("a.example"));
    let signer = SIGNER_WITHOUT_TOKEN.replace("UNSET_VARIABLE", "PASSWORD");
    let rail = build(&changed("key_env = \"TREASURY_KEY\"", &signer)).unwrap();
    assert_eq!(rail.line(), (8453, TREASURY.to_owned()));
}

#[test]
fn what_is_wrong_is_named_without_its_secrets() {
    let table = [
        ("chain = \"Base\"", "chain = \" \"", "`chain`"),
        ("chain_id = 8453", "chain_id = 0", "`chain_id`"),
        ("chain_id = 8453", "chain_id = 8453\nwebhook_chain = \" \"", "`webhook_chain`"),
        ("decimals = 6", "decimals = 1", "`decimals`"),
        ("decimals = 6", "decimals = 61", "`decimals`"),
        ("decimals = 6", "decimals = 6\nconfirmations = 0", "`confirmations`"),
        ("decimals = 6", "decimals = 6\nmax_fee_gwei = 0", "`max_fee_gwei`"),
        ("decimals = 6", "decimals = 6\ntypo = 1", "typo"),
        ("0x833589fCD6", "0x833589FCD6", "`token`"),
        ("key_env = \"TREASURY_KEY\"", "", "`key_env`"),
        ("key_env = \"TREASURY_KEY\"", "key_env = \"UNSET_VARIABLE\"", "UNSET_VARIABLE"),
        ("key_env = \"TREASURY_KEY\"", "key_env = \"NO_KEY\"", "NO_KEY"),
        ("key_env = \"TREASURY_KEY\"", "key_env = \"TREASURY_KEY\"\nkeystore = \"x.json\"", "`keystore`"),
        ("rpc_url = ", "rpc_url_env = \"NODE\"\nrpc_url = ", "`rpc_url_env`"),
        ("rpc_url = \"https:", "rpc_url = \"ftp:", "https://"),
        ("decimals = 6", "decimals = 6\nsecond_rpc_url = \"ftp://b/secret all the same\"", "https://"),
        ("decimals = 6", "decimals = 6\nsecond_rpc_url_env = \"UNSET_VARIABLE\"", "UNSET_VARIABLE"),
        (
            "decimals = 6",
            "decimals = 6\nsecond_rpc_url_env = \"NODE\"\nsecond_rpc_url = \"x\"",
            "`second_rpc_url_env`",
        ),
        (
            "decimals = 6",
            "decimals = 6\nsecond_rpc_url = \"https://node.example/v3/s3cret\"",
            "first node again",
        ),
        ("decimals = 6", "decimals = 6\nrpc_urls = [\"https://b/\"]", "`rpc_urls`"),
        ("rpc_url = \"https://node.example/v3/s3cret\"", "rpc_urls = []", "`rpc_urls`"),
        ("rpc_url = \"https://node.example/v3/s3cret\"", "rpc_urls_env = \"NONE\"", "`rpc_urls_env`"),
        ("decimals = 6", "decimals = 6\nagree = 2", "`agree`"),
        ("decimals = 6", "decimals = 6\nagree = 0", "`agree`"),
        ("decimals = 6", "decimals = 6\nfinality = \"soon\"", "finality"),
        (
            "key_env = \"TREASURY_KEY\"",
            "key_env = \"TREASURY_KEY\"\n[signer]\nurl = \"http://s\"\naddress = \"0x1\"",
            "`signer`",
        ),
        ("key_env = \"TREASURY_KEY\"", "[signer]\nurl = \"http://s\"\naddress = \"0x1\"", "`address`"),
        ("key_env = \"TREASURY_KEY\"", SIGNER_WITH_PASSWORD, "`token_env`"),
        ("key_env = \"TREASURY_KEY\"", SIGNER_WITHOUT_TOKEN, "UNSET_VARIABLE"),
    ];
    for (line, with, named) in table {
        let problem = build(&changed(line, with)).err().unwrap_or_else(|| panic!("{with} is fine"));
        assert!(problem.contains(named), "{with}: {problem}");
        for secret in ["secret all the same", &KEY[4..20]] {
            assert!(!problem.contains(secret), "{problem}");
        }
    }
}

/// Both key derivations of Web3 Secret Storage: its own test vector, and one made by Node's crypto with geth's light
/// settings.
const KEYSTORES: [&str; 2] = [
    r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},"ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2","kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},"mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#,
    r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},"ciphertext":"584f4eb2783472ec149b334c22d77ddbf118a0783ea24e66ca8a7883cd2b4bf5","kdf":"scrypt","kdfparams":{"dklen":32,"n":4096,"p":6,"r":8,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},"mac":"860ad3ce9642f99d709abc696e25ede7cd35daf6a6041e975d14c53dae118886"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#,
];

fn close(keystore: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(keystore, std::fs::Permissions::from_mode(0o600)).unwrap();
}

#[test]
fn a_keystore_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("open.json");
    std::fs::write(&path, KEYSTORES[0]).unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let lines = format!("keystore = {path:?}\nkeystore_password_env = \"PASSWORD\"");
    let keystore = changed("key_env = \"TREASURY_KEY\"", &lines);
    assert!(build(&keystore).err().unwrap().contains("run: chmod 600"));
    close(&path);
    build(&keystore).unwrap();
}

#[test]
fn a_keystore_opens_with_its_password_only() {
    let folder = tempfile::tempdir().unwrap();
    for (number, text) in KEYSTORES.iter().enumerate() {
        let path = folder.path().join(format!("{number}.json"));
        std::fs::write(&path, text).unwrap();
        close(&path);
        let with = |variable: &str| {
            let lines = format!("keystore = {path:?}\nkeystore_password_env = \"{variable}\"");
            build(&changed("key_env = \"TREASURY_KEY\"", &lines))
        };
        let address = "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b";
        assert_eq!(with("PASSWORD").unwrap().line(), (8453, address.to_owned()));
        let problem = with("NO_KEY").err().unwrap();
        assert!(problem.contains("does not open") && !problem.contains("secret all the same"), "{problem}");
    }
    for (part, broken) in [("\"dklen\":32", "\"dklen\":16"), ("\"iv\":\"83", "\"iv\":\""), ("{", "[")] {
        let path = folder.path().join("broken.json");
        std::fs::write(&path, KEYSTORES[1].replacen(part, broken, 1)).unwrap();
        close(&path);
        let lines = format!("keystore = {path:?}\nkeystore_password_env = \"PASSWORD\"");
        let problem = build(&changed("key_env = \"TREASURY_KEY\"", &lines)).err().unwrap();
        assert!(problem.contains("broken.json"), "{problem}");
    }
    let missing = changed(
        "key_env = \"TREASURY_KEY\"",
        "keystore = \"nowhere.json\"\nkeystore_password_env = \"PASSWORD\"",
    );
    assert!(build(&missing).err().unwrap().contains("nowhere.json"));
}
