//! Manifests against the schemas of those who read them: Kubernetes, Compose, Caddy, Prometheus. Not here: that a cluster
//! or an engine runs them, which would need one.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::tools::{Tool, command, output};

pub const TOOLS: &[Tool] = &[("promtool", "apt-get install prometheus"), ("caddy", "apt-get install caddy")];

/// The oldest Kubernetes whose API has everything that the manifests use, and the newest that the validator knows.
const KUBERNETES: [&str; 2] = ["1.30.0", "1.37.0"];

/// A validator that `./test` installs from tests/peers/package.
fn validator(name: &str) -> Result<PathBuf> {
    let this_tool = std::env::current_exe()?;
    let target = this_tool.ancestors().nth(2).context("this tool does not lie in a target folder")?;
    let program = target.join("peers/package/bin").join(name);
    ensure!(program.is_file(), "{name} is missing: run ./test, which installs it from tests/peers/package");
    Ok(program)
}

pub async fn kubernetes(tree: &Path) -> Result<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(tree.join("contrib/kubernetes"))?
        .map(|file| Ok(file?.path()))
        .collect::<Result<_>>()?;
    files.sort();
    ensure!(files.len() >= 4, "only {} manifests in contrib/kubernetes", files.len());
    let mut passed = 0;
    for version in KUBERNETES {
        let mut validate = command(validator("kubernetes-validate")?);
        validate.args(["--strict", "-k", version]).args(&files);
        let (printed, said) = super::tools::both(&mut validate).await?;
        passed += [printed, said]
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.contains(" passed "))
            .count();
    }
    ensure!(passed >= 2 * files.len(), "only {passed} objects were checked");
    Ok(format!("{passed} checks of objects in {} files, against {}", files.len(), KUBERNETES.join(" and ")))
}

pub async fn compose(tree: &Path) -> Result<String> {
    let mut validate = command(validator("check-jsonschema")?);
    validate.args(["--builtin-schema", "vendor.compose-spec"]).arg(tree.join("contrib/compose/compose.yaml"));
    output(&mut validate).await?;
    Ok("compose.yaml has the schema of the Compose specification".to_owned())
}

pub async fn alerts(tree: &Path) -> Result<String> {
    let mut check = command("promtool");
    let printed =
        output(check.args(["check", "rules"]).arg(tree.join("contrib/prometheus/alerts.yml"))).await?;
    let found = printed.lines().find(|line| line.contains("SUCCESS")).context("promtool says nothing")?;
    Ok(format!("promtool check rules:{}", found.replace("SUCCESS:", "").trim_end()))
}

pub async fn proxy(tree: &Path) -> Result<String> {
    let mut validate = command("caddy");
    validate
        .args(["validate", "--adapter", "caddyfile", "--config"])
        .arg(tree.join("contrib/compose/Caddyfile"));
    output(validate.env("OUTPAY_HOST", "pay.example.com")).await?;
    Ok("caddy validate accepts the Caddyfile".to_owned())
}
