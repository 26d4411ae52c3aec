//! The list of components (SBOM) in CycloneDX's form: made by cargo-cyclonedx, compared with what Cargo says is linked.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::Workshop;
use super::tools::{Tool, command, output};

pub const TOOLS: &[Tool] = &[("cargo-cyclonedx", "cargo install --locked cargo-cyclonedx")];

/// File name, in the packages too.
pub const FILE: &str = "outpay.cdx.json";

pub async fn run(shop: &Workshop) -> Result<String> {
    let target = host(&shop.tree).await?;
    let mut make = command("cargo");
    make.args(["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", &target]);
    make.args(["--override-filename", "outpay-sbom"]).current_dir(&shop.tree);
    output(make.arg("--manifest-path").arg(shop.tree.join("crates/outpay/Cargo.toml"))).await?;
    let made = shop.output.join(FILE);
    // It writes a file beside each manifest of the workspace.
    for krate in ["clients/rust", "crates/ledger", "crates/outpay", "xtask"] {
        let file = shop.tree.join(krate).join("outpay-sbom.json");
        if krate == "crates/outpay" {
            std::fs::copy(&file, &made).with_context(|| format!("no {}", file.display()))?;
        }
        if file.exists() {
            std::fs::remove_file(&file)?;
        }
    }
    let listed = components(&made)?;
    let locked = locked(&shop.tree)?;
    let linked = linked(&shop.tree, &target).await?;
    let strange: Vec<&String> = listed.difference(&locked).collect();
    ensure!(strange.is_empty(), "components that Cargo.lock does not have: {strange:?}");
    let missing: Vec<&String> = linked.difference(&listed).collect();
    ensure!(missing.is_empty(), "linked crates that the list does not have: {missing:?}");
    Ok(format!(
        "{} components, all of them locked; all {} linked crates are there",
        listed.len(),
        linked.len()
    ))
}

pub fn path(shop: &Workshop) -> PathBuf {
    shop.output.join(FILE)
}

pub async fn host(tree: &Path) -> Result<String> {
    let printed = output(command("rustc").arg("-vV").current_dir(tree)).await?;
    let host = printed.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    Ok(host.to_owned())
}

/// `name version` of each.
fn components(file: &Path) -> Result<BTreeSet<String>> {
    let document: Value = serde_json::from_slice(&std::fs::read(file)?)?;
    ensure!(document["bomFormat"] == "CycloneDX", "no CycloneDX document");
    let components = document["components"].as_array().context("no components")?;
    let name = |component: &Value| {
        let text = |field: &str| component[field].as_str().map(str::to_owned);
        Some(format!("{} {}", text("name")?, text("version")?))
    };
    components.iter().map(|component| name(component).context("a component without a name")).collect()
}

fn locked(tree: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(tree.join("Cargo.lock"))?;
    let field = |line: Option<&str>, name: &str| {
        line.and_then(|line| line.strip_prefix(name))
            .map(|rest| rest.trim_matches(['"', ' ', '=']).to_owned())
    };
    let mut lines = text.lines();
    let mut found = BTreeSet::new();
    while let Some(line) = lines.next() {
        if line == "[[package]]" {
            let (name, version) = (field(lines.next(), "name"), field(lines.next(), "version"));
            found.insert(format!("{} {}", name.context("no name")?, version.context("no version")?));
        }
    }
    ensure!(found.len() > 100, "only {} packages in Cargo.lock", found.len());
    Ok(found)
}

/// What is compiled into the program, without the program itself.
pub async fn linked(tree: &Path, target: &str) -> Result<BTreeSet<String>> {
    let mut list = command("cargo");
    list.args([
        "tree",
        "--locked",
        "--package",
        "outpay",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--target",
        target,
    ]);
    let printed = output(list.args(["--format", "{p}"]).current_dir(tree)).await?;
    let name = |line: &str| {
        let mut words = line.split(' ');
        let (name, version) = (words.next()?, words.next()?);
        Some(format!("{name} {}", version.trim_start_matches('v')))
    };
    let mut found: BTreeSet<String> = printed.lines().filter_map(name).collect();
    found.remove(&format!("outpay {}", super::VERSION));
    Ok(found)
}
