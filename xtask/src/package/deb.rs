//! The Debian package, by cargo-deb from the metadata in crates/outpay/Cargo.toml; and an older one with the same program,
//! from which the machine upgrades. Not here: installing them (installed.rs).

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::tools::{self, Tool, command, output, place, write};
use super::{VERSION, Workshop, notices, sbom};

pub const TOOLS: &[Tool] = &[
    ("cargo-deb", "cargo install --locked cargo-deb"),
    ("dpkg-shlibdeps", "apt-get install dpkg-dev"),
    ("lintian", "apt-get install lintian"),
    ("gzip", "apt-get install gzip"),
];

/// Lower than every version that is released.
const OLDER: &str = "0.0.1";
pub fn newer(shop: &Workshop) -> PathBuf {
    package(&shop.output, VERSION)
}

pub fn older(shop: &Workshop) -> PathBuf {
    package(shop.scratch.path(), OLDER)
}

fn package(folder: &Path, version: &str) -> PathBuf {
    folder.join(format!("outpay_{version}-1_{}.deb", architecture()))
}

/// As Debian calls it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

pub async fn run(shop: &Workshop) -> Result<String> {
    stage(shop).await?;
    // It is installed once and thrown away.
    make(shop, OLDER, shop.scratch.path(), "--fast").await?;
    make(shop, VERSION, &shop.output, "--compress-type=xz").await?;
    let package = newer(shop);
    let contents = output(command("dpkg-deb").arg("--contents").arg(&package)).await?;
    for (mode, path) in [
        ("-rwxr-xr-x root/root", "./usr/bin/outpay"),
        ("-rwxr-xr-x root/root", "./usr/sbin/outpayctl"),
        ("-rw-r----- root/root", "./etc/outpay/outpay.toml"),
        ("-rw-r--r-- root/root", "./usr/lib/systemd/system/outpay.service"),
        ("-rw-r--r-- root/root", "./usr/share/doc/outpay/outpay.cdx.json"),
        ("-rw-r--r-- root/root", "./usr/share/doc/outpay/THIRD-PARTY.txt"),
    ] {
        let has = |line: &str| line.replace("0/0", "root/root").starts_with(mode) && line.ends_with(path);
        ensure!(contents.lines().any(has), "the package has no {path} with {mode}:\n{contents}");
    }
    let conffiles = output(command("dpkg-deb").args(["--info"]).arg(&package).arg("conffiles")).await?;
    ensure!(conffiles.lines().count() == 2, "the files of the operator: {conffiles}");
    let mut lint = command("lintian");
    // The changelog is not in Debian's form.
    lint.args(["--fail-on", "error", "--allow-root", "--suppress-tags", "no-changelog"]).arg(&package);
    output(&mut lint).await?;
    let size = std::fs::metadata(&package)?.len() as f64 / 1e6;
    Ok(format!("{} of {size:.1} MB, no error of lintian", package.file_name().unwrap_or_default().display()))
}

/// Where cargo-deb looks for what Cargo has built.
fn target(shop: &Workshop) -> PathBuf {
    shop.scratch.path().join("target")
}

/// The program, documents and examples; manual pages and completions where the program writes them itself.
async fn stage(shop: &Workshop) -> Result<()> {
    let release = target(shop).join("release");
    place(&shop.program, &release.join("outpay"), 0o755)?;
    let share = release.join("package/share");
    let documents = share.join("doc/outpay");
    for name in ["OPERATIONS.md", "UPGRADING.md", "RECOVERY.md"] {
        place(&shop.tree.join("docs").join(name), &documents.join(name), 0o644)?;
    }
    for name in ["grafana/outpay.json", "prometheus/alerts.yml", "fail2ban/jail.conf", "fail2ban/outpay.conf"]
    {
        place(&shop.tree.join("contrib").join(name), &documents.join("examples").join(name), 0o644)?;
    }
    place(&shop.tree.join("CHANGELOG.md"), &documents.join("CHANGELOG.md"), 0o644)?;
    place(&sbom::path(shop), &documents.join(sbom::FILE), 0o644)?;
    place(&notices::path(shop), &documents.join(notices::FILE), 0o644)?;
    let page = share.join("man/man8/outpayctl.8");
    place(&shop.tree.join("contrib/debian/outpayctl.8"), &page, 0o644)?;
    output(command("gzip").args(["-9", "--no-name"]).arg(&page)).await?;
    let help = output(command(&shop.program).args(["completions", "--help"])).await;
    if help.is_ok() {
        completions(shop, &share).await?;
    }
    if output(command(&shop.program).args(["man", "--help"])).await.is_ok() {
        let pages = share.join("man/man1");
        std::fs::create_dir_all(&pages)?;
        output(command(&shop.program).arg("man").arg(&pages)).await?;
        for page in std::fs::read_dir(&pages)? {
            output(command("gzip").args(["-9", "--no-name"]).arg(page?.path())).await?;
        }
    }
    Ok(())
}

async fn completions(shop: &Workshop, share: &Path) -> Result<()> {
    for (shell, file) in [
        ("bash", "bash-completion/completions/outpay"),
        ("zsh", "zsh/vendor-completions/_outpay"),
        ("fish", "fish/vendor_completions.d/outpay.fish"),
    ] {
        let script = output(command(&shop.program).args(["completions", shell])).await?;
        write(&share.join(file), script)?;
    }
    Ok(())
}

async fn make(shop: &Workshop, version: &str, folder: &Path, compression: &str) -> Result<()> {
    let mut make = command("cargo");
    make.args([
        "deb",
        "--no-build",
        "--strip",
        "--no-dbgsym",
        "--locked",
        "--package",
        "outpay",
        compression,
    ]);
    make.args(["--deb-version", &format!("{version}-1"), "--output"]).arg(package(folder, version));
    make.env("CARGO_TARGET_DIR", target(shop)).current_dir(&shop.tree);
    tools::both(&mut make).await.with_context(|| format!("packing {version}"))?;
    Ok(())
}
