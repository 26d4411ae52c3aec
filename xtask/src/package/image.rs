//! The container image: the program and the three libraries of Debian that it is linked to, in an OCI layout made by umoci. Why
//! not a static program or a base image: docs/decisions/0014-packages.md. Not here: running it (container.rs).

use std::collections::BTreeSet;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::tools::{Tool, command, output, place, write};
use super::{VERSION, Workshop, notices, sbom};

pub const TOOLS: &[Tool] = &[
    ("umoci", "apt-get install umoci"),
    ("skopeo", "apt-get install skopeo"),
    ("ldd", "apt-get install libc-bin"),
    ("strip", "apt-get install binutils"),
];

/// The user that has no name on other machines either: distroless images have the same number.
pub const USER: u32 = 65_532;
/// Without the program.
const MOST_MEGABYTES: f64 = 5.0;
/// Mozilla's authorities, as Debian keeps them.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const CONFIGURATION: &[(&str, &str)] = &[
    ("user", "65532:65532"),
    ("entrypoint", "/usr/bin/outpay"),
    ("cmd", "serve"),
    ("cmd", "--init"),
    ("env", "PATH=/usr/bin"),
    // A folder below the volume: the server makes it and closes it to others, which it cannot do with a mounted one.
    ("env", "OUTPAY_DATA=/data/outpay"),
    ("env", "OUTPAY_LISTEN=0.0.0.0:8080"),
    ("volume", "/data"),
    ("exposedports", "8080/tcp"),
    ("stopsignal", "SIGTERM"),
    ("label", "org.opencontainers.image.title=Outpay"),
    ("label", "org.opencontainers.image.licenses=Apache-2.0"),
];

/// The OCI layout.
pub fn layout(shop: &Workshop) -> PathBuf {
    shop.scratch.path().join("oci")
}

pub fn name(shop: &Workshop) -> String {
    format!("{}:{VERSION}", layout(shop).display())
}

pub async fn run(shop: &Workshop) -> Result<String> {
    let root = shop.scratch.path().join("root");
    let libraries = fill(shop, &root).await?;
    let (layout, name) = (layout(shop), name(shop));
    umoci(&["init", "--layout", &layout.display().to_string()]).await?;
    umoci(&["new", "--image", &name]).await?;
    let mut settings = vec!["config".to_owned(), "--image".to_owned(), name.clone()];
    let version = format!("org.opencontainers.image.version={VERSION}");
    for (field, value) in CONFIGURATION.iter().copied().chain([("label", version.as_str())]) {
        settings.extend([format!("--config.{field}"), value.to_owned()]);
    }
    umoci(&settings.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    umoci(&["insert", "--image", &name, &root.display().to_string(), "/"]).await?;
    let archive = shop.output.join(format!("outpay-{VERSION}.oci.tar"));
    let mut pack = command("tar");
    pack.arg("--create").arg("--file").arg(&archive).arg("--directory").arg(&layout).arg(".");
    output(&mut pack).await?;
    for_docker(shop, &archive).await?;
    let program = megabytes(&root.join("usr/bin/outpay"))?;
    let all = folder_megabytes(&root)?;
    ensure!(all - program < MOST_MEGABYTES, "{:.1} MB beside the program", all - program);
    let size = megabytes(&archive)?;
    Ok(format!(
        "{size:.1} MB ({program:.1} MB unpacked are the program, {:.1} MB are {libraries} and the rest)",
        all - program
    ))
}

/// The same image in the form that `docker load` reads, with the name that compose.yaml asks for.
async fn for_docker(shop: &Workshop, archive: &Path) -> Result<()> {
    let docker = shop.output.join(format!("outpay-{VERSION}.docker.tar"));
    if docker.exists() {
        // skopeo does not write into an archive that exists.
        std::fs::remove_file(&docker)?;
    }
    let mut copy = command("skopeo");
    copy.args(["--insecure-policy", "copy", "--quiet"]).arg(format!("oci-archive:{}", archive.display()));
    output(copy.arg(format!("docker-archive:{}:outpay:{VERSION}", docker.display()))).await?;
    Ok(())
}

async fn umoci(arguments: &[&str]) -> Result<String> {
    output(command("umoci").args(arguments)).await
}

/// The files of the image. Returns the names of the libraries.
async fn fill(shop: &Workshop, root: &Path) -> Result<String> {
    let program = root.join("usr/bin/outpay");
    place(&shop.program, &program, 0o755)?;
    output(command("strip").arg(&program)).await?;
    let linked = output(command("ldd").arg(&program)).await?;
    // `libc.so.6 => /lib/…/libc.so.6 (0x…)`, and the loader by its path alone.
    let path = |line: &str| line.split_whitespace().find(|word| word.starts_with('/')).map(PathBuf::from);
    let libraries: BTreeSet<PathBuf> = linked.lines().filter_map(path).collect();
    ensure!((3..=5).contains(&libraries.len()), "the program is linked to {libraries:?}");
    for library in &libraries {
        let resolved = library.canonicalize()?;
        let inside = library.strip_prefix("/").context("a relative library")?;
        place(&resolved, &root.join(inside), 0o755)?;
    }
    scanners(root, &libraries).await?;
    place(Path::new(AUTHORITIES), &root.join(AUTHORITIES.trim_start_matches('/')), 0o644)?;
    write(&root.join("etc/passwd"), format!("outpay:x:{USER}:{USER}:Outpay:/data:/none\n"))?;
    write(&root.join("etc/group"), format!("outpay:x:{USER}:\n"))?;
    write(&root.join("etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")?;
    place(&sbom::path(shop), &root.join("usr/share/doc/outpay").join(sbom::FILE), 0o644)?;
    place(&notices::path(shop), &root.join("usr/share/doc/outpay").join(notices::FILE), 0o644)?;
    place(&shop.tree.join("LICENSE"), &root.join("usr/share/doc/outpay/copyright"), 0o644)?;
    let data = root.join("data");
    std::fs::create_dir(&data)?;
    chown(&data, Some(USER), Some(USER))?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700))?;
    std::fs::create_dir(root.join("tmp"))?;
    std::fs::set_permissions(root.join("tmp"), std::fs::Permissions::from_mode(0o1777))?;
    let names = libraries.iter().filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    Ok(names.collect::<Vec<_>>().join(", "))
}

/// Debian's records of what the image has of it, where scanners for vulnerabilities look: as distroless images have them.
async fn scanners(root: &Path, libraries: &BTreeSet<PathBuf>) -> Result<()> {
    let mut packages = BTreeSet::from(["ca-certificates".to_owned()]);
    for library in libraries {
        let resolved = library.canonicalize()?;
        // The package may know the file by its path before /usr was merged.
        let short = Path::new("/").join(resolved.strip_prefix("/usr").unwrap_or(&resolved));
        let owner = match output(command("dpkg-query").arg("--search").arg(&resolved)).await {
            Ok(owner) => owner,
            Err(_) => output(command("dpkg-query").arg("--search").arg(&short)).await?,
        };
        packages.insert(owner.split(": ").next().unwrap_or_default().to_owned());
    }
    for package in packages {
        let record = output(command("dpkg-query").args(["--status", &package])).await?;
        let short = package.split(':').next().unwrap_or(&package);
        write(&root.join("var/lib/dpkg/status.d").join(short), record)?;
    }
    place(Path::new("/usr/lib/os-release"), &root.join("etc/os-release"), 0o644)
}

fn megabytes(file: &Path) -> Result<f64> {
    Ok(std::fs::metadata(file)?.len() as f64 / 1e6)
}

fn folder_megabytes(folder: &Path) -> Result<f64> {
    let mut sum = 0.0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        sum += if entry.file_type()?.is_dir() {
            folder_megabytes(&entry.path())?
        } else {
            megabytes(&entry.path())?
        };
    }
    Ok(sum)
}
