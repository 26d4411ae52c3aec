//! The licences of the crates that the program is linked with: their texts ask to go with every copy of the program. Not here: which
//! licences are allowed (deny.toml).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::tools::{command, output};
use super::{Workshop, sbom};

/// File name, in the packages too.
pub const FILE: &str = "THIRD-PARTY.txt";
/// Beginnings of the names of files with a licence, in capitals.
const NAMES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

pub fn path(shop: &Workshop) -> PathBuf {
    shop.output.join(FILE)
}

pub async fn run(shop: &Workshop) -> Result<String> {
    let linked = sbom::linked(&shop.tree, &sbom::host(&shop.tree).await?).await?;
    let mut read = command("cargo");
    read.args(["metadata", "--locked", "--format-version", "1"]).current_dir(&shop.tree);
    let metadata: Value = serde_json::from_str(&output(&mut read).await?)?;
    // One text, as of Apache-2.0, stands for many crates.
    let mut texts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut crates, mut bare) = (0, Vec::new());
    for package in metadata["packages"].as_array().context("cargo metadata names no packages")? {
        let text = |field: &str| package[field].as_str().unwrap_or_default();
        let name = format!("{} {}", text("name"), text("version"));
        if !linked.contains(&name) || package["source"].is_null() {
            continue;
        }
        crates += 1;
        let folder = Path::new(text("manifest_path")).parent().context("a manifest without a folder")?;
        let found = licences(folder)?;
        if found.is_empty() {
            bare.push(format!("{name}: {}", text("license")));
        }
        for text in found {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    ensure!(crates > 100, "only {crates} linked crates were found");
    let rule = "=".repeat(80);
    let mut all = format!(
        "Outpay is linked with these crates. Without a text in their package:\n{}\n",
        bare.join("\n")
    );
    for (text, names) in &texts {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        all.push_str(&format!("\n{rule}\n{}\n{rule}\n{}\n", names.join("\n"), text.trim()));
    }
    std::fs::write(path(shop), all)?;
    Ok(format!(
        "{} texts of {} crates; {} crates name a licence without its text",
        texts.len(),
        crates,
        bare.len()
    ))
}

fn licences(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_source = name.ends_with(".RS") || name.ends_with(".TOML");
        if entry.file_type()?.is_file() && !is_source && NAMES.iter().any(|begin| name.starts_with(begin)) {
            found.push(String::from_utf8_lossy(&std::fs::read(entry.path())?).replace("\r\n", "\n"));
        }
    }
    Ok(found)
}
