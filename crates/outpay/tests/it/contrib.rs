//! The files that operators begin with, `contrib/`: that the program reads what they say and exports what they ask for. Not here:
//! the packages (`cargo xtask package`), fail2ban's filter (http/attacks.rs).

use crate::cli::installation::Installation;
use crate::cli::secrets;
use outpay::testing::config::Config;
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use toml::Table;

fn read(name: &str) -> String {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contrib")).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn config(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("outpay.toml");
    std::fs::write(&file, text).unwrap();
    Config::load(Some(&file), folder.path()).map_err(|failure| format!("{failure:#}"))
}

/// With all settings in use: a setting's line begins with `#` alone, an explanation's with `#` and a space.
fn all_in_use(text: &str) -> String {
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') || setting.starts_with("    ") => format!("{setting}\n"),
        _ => "\n".to_owned(),
    };
    text.lines().map(uncomment).collect()
}

#[test]
fn the_configuration_file_changes_nothing_until_a_line_is_used() {
    let text = read("outpay.toml");
    let left = text.lines().find(|line| !line.is_empty() && !line.starts_with('#'));
    assert_eq!(left, None, "in use");
    assert_eq!(format!("{:?}", config(&text).unwrap()), format!("{:?}", Config::default()));
}

#[test]
fn the_configuration_file_has_every_setting_and_no_other() {
    let text = all_in_use(&read("outpay.toml"));
    config(&text).unwrap();
    let all: Table = text.parse().unwrap();
    let mut tables = BTreeMap::new();
    find_tables(&all, &mut Vec::new(), &mut tables);
    let mut settings = 0;
    for (path, names) in &tables {
        // The reader itself says which names a table may have.
        let Some(known) = known_names(&all, path) else { continue };
        assert_eq!(&known, names, "in [{}]", path.join("."));
        settings += known.len();
    }
    assert!(settings > 40, "only {settings} settings were compared");
}

/// The names of every table, by its path; `0` in it is the first table of an array.
fn find_tables(table: &Table, path: &mut Vec<String>, found: &mut BTreeMap<Vec<String>, BTreeSet<String>>) {
    let names: BTreeSet<String> = table.keys().cloned().collect();
    for (name, value) in table {
        path.push(name.clone());
        match value {
            toml::Value::Table(inner) => find_tables(inner, path, found),
            toml::Value::Array(several) => {
                let inner: Vec<&Table> = several.iter().filter_map(toml::Value::as_table).collect();
                if !inner.is_empty() {
                    path.push("0".to_owned());
                    find_tables(inner[0], path, found);
                    let key = path.clone();
                    // What one of them has, they may all have.
                    found.get_mut(&key).unwrap().extend(inner.iter().flat_map(|table| table.keys().cloned()));
                    path.pop();
                }
            }
            _ => {}
        }
        path.pop();
    }
    found.insert(path.clone(), names);
}

/// What the reader expects in this table, from its message about a name that it does not know; `None` where any name is allowed.
fn known_names(all: &Table, path: &[String]) -> Option<BTreeSet<String>> {
    const UNKNOWN: &str = "a_name_that_is_not_known";
    let mut changed = toml::Value::Table(all.clone());
    let mut at = &mut changed;
    for name in path {
        at = match name.as_str() {
            "0" => &mut at.as_array_mut().unwrap()[0],
            name => &mut at[name],
        };
    }
    at.as_table_mut().unwrap().insert(UNKNOWN.to_owned(), toml::Value::Boolean(true));
    let message = config(&toml::to_string(&changed).unwrap()).unwrap_err();
    let (_, expected) = message.split_once(&format!("unknown field `{UNKNOWN}`, expected"))?;
    Some(expected.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

#[test]
fn the_defaults_in_the_configuration_file_are_the_programs() {
    let text = all_in_use(&read("outpay.toml"));
    let all = format!("{:?}", config(&text).unwrap());
    let mut defaults = 0;
    for line in text.lines().filter(|line| line.ends_with("# default")) {
        let without = text.replacen(&format!("{line}\n"), "\n", 1);
        let config = config(&without).unwrap_or_else(|message| panic!("without {line}: {message}"));
        assert_eq!(format!("{config:?}"), all, "without {line}");
        defaults += 1;
    }
    assert!(defaults >= 10, "{defaults} defaults");
}

/// The manual's example of bank files is a configuration as it stands.
#[test]
fn the_example_of_bank_files_is_a_configuration() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/"));
    let manual = std::fs::read_to_string(root.join("../../docs/OPERATIONS.md")).unwrap();
    let mut examples = manual.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let example = examples.find(|example| example.contains("[rails.sepa.")).unwrap();
    let rails = config(example).unwrap().rails;
    assert_eq!((rails.sepa.len(), rails.ach.len()), (1, 1));
}

#[test]
fn the_table_of_versions_ends_with_this_one_and_its_newest_migration() {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/"));
    let text = std::fs::read_to_string(root.join("../../docs/UPGRADING.md")).unwrap();
    let mut rows = text.lines().filter(|line| line.starts_with("| ") && line.as_bytes()[2].is_ascii_digit());
    let last: Vec<&str> = rows.next_back().unwrap().split('|').map(str::trim).collect();
    let names = std::fs::read_dir(root.join("migrations")).unwrap();
    let numbers = names.map(|file| file.unwrap().file_name().to_str().unwrap()[..4].parse::<u32>().unwrap());
    let newest = numbers.max().unwrap().to_string();
    assert_eq!(last[1..3], [env!("CARGO_PKG_VERSION"), newest.as_str()]);
}

#[test]
fn every_metric_of_the_dashboard_and_the_alerts_is_exported() {
    let installation = Installation::on_sqlite();
    let business = installation.paying_business("Acme", 10_000);
    let server = secrets::start(&installation, &installation.folder().join("server.log"));
    let header = format!("Authorization: Bearer {}\r\n", business.secret_key);
    let create = r#"{"email":"user@example.com","amount":1}"#;
    let (status, answer) = secrets::ask(&server.api, "POST", "/payout/create", &header, create);
    assert_eq!(status, 201, "{answer}");
    let (_, exported) = secrets::ask(&server.metrics, "GET", "/metrics", "", "");
    let exported: BTreeSet<&str> = exported
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['{', ' ']).next())
        .collect();

    let alerts = read("prometheus/alerts.yml");
    let alerts = alerts.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).map(str::to_owned);
    let mut expressions: Vec<String> = alerts.collect();
    let alerts = expressions.len();
    collect_expressions(&serde_json::from_str(&read("grafana/outpay.json")).unwrap(), &mut expressions);
    assert!(alerts >= 14 && expressions.len() > 2 * alerts, "{alerts} of {}", expressions.len());

    let metric = Regex::new(r"(?-u:\b)(?:outpay|process)_[a-z_]+(?-u:\b)").unwrap();
    let mut missing = BTreeSet::new();
    for expression in &expressions {
        // `up` alone is Prometheus's own.
        let mut named = metric.find_iter(expression).map(|found| found.as_str()).peekable();
        assert!(named.peek().is_some() || expression.starts_with("up{"), "no metric in {expression}");
        missing.extend(named.filter(|name| !exported.contains(name)));
    }
    assert!(missing.is_empty(), "{missing:?} are not among {exported:?}");
}

fn collect_expressions(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("expr").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_expressions(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| collect_expressions(value, found)),
        _ => {}
    }
}
