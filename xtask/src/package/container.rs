//! The image under runc, as an engine or a cluster runs it: another user than root, a root that cannot be written, no capability, secrets
//! as files, a volume for the data. Not here: how the image is made (image.rs). Invariant: containers end with their guards.

use std::fs::Permissions;
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Child;

use super::image::USER;
use super::tools::{Tool, command, output};
use super::{Workshop, image, resolver};
use crate::client::Connection;
use crate::{clock, scratch};

pub const TOOLS: &[Tool] = &[("runc", "apt-get install runc"), ("umoci", "apt-get install umoci")];

const START_LIMIT: Duration = Duration::from_secs(60);
/// Nothing is under way, so it has nothing to wait for.
const STOP_LIMIT: Duration = Duration::from_secs(5);

pub async fn run(shop: &Workshop) -> Result<String> {
    let volume = shop.scratch.path().join("volume");
    std::fs::create_dir(&volume)?;
    // As a cluster mounts it: root's, with access for the group alone.
    chown(&volume, Some(0), Some(USER))?;
    std::fs::set_permissions(&volume, Permissions::from_mode(0o2770))?;
    let key = secret(shop, "master_key", &"5a".repeat(32))?;
    let first = Container::start(shop, "first", &volume, &key).await?;
    let name = first.business().await?;
    let host = first.finds_a_host_by_name().await?;
    first.is_closed().await?;
    let seconds = first.stop().await?;
    // The next version on the same volume.
    let second = Container::start(shop, "second", &volume, &key).await?;
    let listed = second.outpay(&["business", "list"]).await?;
    ensure!(listed.contains(&name), "the next container on the volume has no {name}:\n{listed}");
    second.outpay(&["audit"]).await?;
    second.stop().await?;
    let folder = std::fs::metadata(volume.join("outpay"))?;
    ensure!((folder.uid(), folder.mode() & 0o777) == (USER, 0o700), "the data folder is {:o}", folder.mode());
    Ok(format!("ready, found {host} by name, data kept in the volume, ended {seconds:.1} s after SIGTERM"))
}

/// A file as an engine mounts it: readable by the program's user alone.
fn secret(shop: &Workshop, name: &str, text: &str) -> Result<PathBuf> {
    let file = shop.scratch.path().join(name);
    std::fs::write(&file, text)?;
    chown(&file, Some(USER), Some(USER))?;
    std::fs::set_permissions(&file, Permissions::from_mode(0o400))?;
    Ok(file)
}

struct Container {
    /// Unique on this machine.
    id: String,
    runc: Child,
}

impl Container {
    async fn start(shop: &Workshop, name: &str, volume: &Path, key: &Path) -> Result<Self> {
        let bundle = shop.scratch.path().join(format!("bundle-{name}"));
        let mut unpack = command("umoci");
        output(unpack.args(["unpack", "--image", &image::name(shop)]).arg(&bundle)).await?;
        let address = scratch::free_address()?;
        let names = shop.scratch.path().join("resolv.conf");
        std::fs::write(&names, format!("nameserver {}\n", resolver::ADDRESS))?;
        let file = bundle.join("config.json");
        let mut config: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        restrict(
            &mut config,
            address,
            &[
                (volume, "/data", "rw"),
                (key, "/run/secrets/master_key", "ro"),
                (&names, "/etc/resolv.conf", "ro"),
            ],
        )?;
        std::fs::write(&file, config.to_string())?;
        let id = format!("outpay-{}-{name}", std::process::id());
        let log = std::fs::File::create(bundle.with_extension("log"))?;
        let mut runc = command("runc");
        let runc =
            runc.args(["run", "--bundle"]).arg(&bundle).arg(&id).stdout(log.try_clone()?).stderr(log).spawn();
        let mut container = Self { id, runc: runc.context("starting runc")? };
        let deadline = clock::now() + START_LIMIT;
        while container.outpay(&["health", "--ready"]).await.is_err() {
            let ended = container.runc.try_wait()?;
            let said = || std::fs::read_to_string(bundle.with_extension("log")).unwrap_or_default();
            ensure!(
                ended.is_none() && clock::now() < deadline,
                "the container does not become ready: {}",
                said()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let answer = Connection::open(address).await?.get("/healthz", &[]).await?;
        ensure!(answer.status == 200, "GET /healthz from outside: {answer}");
        Ok(container)
    }

    /// Runs `outpay` beside the server.
    async fn outpay(&self, arguments: &[&str]) -> Result<String> {
        let mut exec = command("runc");
        output(exec.args(["exec", &self.id, "/usr/bin/outpay"]).args(arguments)).await
    }

    async fn business(&self) -> Result<String> {
        let name = "Shop in a box";
        self.outpay(&["business", "create", name]).await?;
        Ok(name.to_owned())
    }

    /// A database under a name that the container's name server alone knows: what counts is that a connection arrives.
    async fn finds_a_host_by_name(&self) -> Result<&'static str> {
        let _names = resolver::start().await?;
        let database = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let port = database.local_addr()?.port();
        let url = format!("postgres://outpay@{}:{port}/outpay?sslmode=disable", resolver::NAME);
        let mut exec = command("runc");
        exec.args([
            "exec",
            "--env",
            &format!("OUTPAY_DATABASE={url}"),
            &self.id,
            "/usr/bin/outpay",
            "doctor",
        ]);
        let mut doctor =
            exec.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn()?;
        let arrived = tokio::time::timeout(Duration::from_secs(10), database.accept()).await;
        drop(doctor.kill().await);
        arrived.with_context(|| format!("the container does not find {}", resolver::NAME))??;
        Ok(resolver::NAME)
    }

    /// What the image promises of itself.
    async fn is_closed(&self) -> Result<()> {
        let state: Value = serde_json::from_str(&output(command("runc").args(["state", &self.id])).await?)?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", state["pid"]))?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            line.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).unwrap_or_default()
        };
        let user = USER.to_string();
        ensure!(field("Uid:").split(' ').all(|id| id == user), "its user is {}", field("Uid:"));
        for capabilities in ["CapEff:", "CapPrm:", "CapBnd:"] {
            let none = field(capabilities).chars().all(|digit| digit == '0');
            ensure!(none, "it has capabilities: {capabilities} {}", field(capabilities));
        }
        ensure!(field("NoNewPrivs:") == "1", "it may gain privileges");
        let made = self.outpay(&["master-key", "create", "/usr/bin/key"]).await;
        let refused = made.err().map(|error| format!("{error:#}")).unwrap_or_default();
        ensure!(refused.contains("Read-only file system"), "its root can be written: {refused}");
        Ok(())
    }

    /// Asks it to end, as engines do; returns the seconds that it took.
    async fn stop(mut self) -> Result<f64> {
        let started = clock::now();
        output(command("runc").args(["kill", &self.id, "TERM"])).await?;
        let ended = tokio::time::timeout(STOP_LIMIT, self.runc.wait()).await;
        let status =
            ended.with_context(|| format!("it does not end within {} s", STOP_LIMIT.as_secs()))??;
        ensure!(status.success(), "the container ended with {status}");
        Ok(started.elapsed().as_secs_f64())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // runc's own death would leave the container behind.
        let mut delete = std::process::Command::new("runc");
        drop(delete.args(["delete", "--force", &self.id]).stderr(std::process::Stdio::null()).status());
    }
}

/// As compose.yaml and the manifests of contrib/kubernetes ask for it, in the network of this machine.
fn restrict(config: &mut Value, address: SocketAddr, mounts: &[(&Path, &str, &str)]) -> Result<()> {
    let process = config["process"].as_object_mut().context("no process in the bundle")?;
    process.insert("terminal".to_owned(), json!(false));
    process.insert("noNewPrivileges".to_owned(), json!(true));
    process.insert("capabilities".to_owned(), json!({}));
    let env = process.get_mut("env").and_then(Value::as_array_mut).context("no environment in the bundle")?;
    env.extend([
        json!(format!("OUTPAY_LISTEN={address}")),
        json!("OUTPAY_MASTER_KEY_FILE=/run/secrets/master_key"),
    ]);
    config["root"]["readonly"] = json!(true);
    let namespaces = config["linux"]["namespaces"].as_array_mut().context("no namespaces in the bundle")?;
    namespaces.retain(|namespace| namespace["type"] != "network");
    let mounted = config["mounts"].as_array_mut().context("no mounts in the bundle")?;
    mounted.retain(|mount| {
        !matches!(mount["destination"].as_str(), Some("/etc/resolv.conf" | "/etc/hosts" | "/data"))
    });
    mounted.push(json!({ "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"] }));
    for (source, destination, options) in mounts {
        mounted.push(json!({
            "destination": destination, "type": "bind", "source": source, "options": ["bind", "nosuid", "nodev", options],
        }));
    }
    Ok(())
}
