//! The package on an empty machine, as its administrator goes through it: the first payment, a crash, an upgrade, the way back, removal.
//! The commands are those of docs/OPERATIONS.md and docs/UPGRADING.md. Not here: the machine (machine.rs).

use anyhow::{Result, ensure};

use super::machine::{self, Machine};
use super::{VERSION, Workshop, deb, documents};
use crate::clock;

const OLDER: &str = "/srv/older";
const NEWER: &str = "/srv/newer";
/// What the first payment leaves: 1,000.00 deposited, 500.00 transferred, 100.00 given to a person and paid.
const MAIN: &str = "\"balance\":50000";

pub async fn run(shop: &Workshop) -> Result<String> {
    every_block_is_run(shop)?;
    let root = shop.scratch.path().join("machine");
    machine::install(&root, &shop.output.join("cache")).await?;
    let machine = Machine::boot(&root).await?;
    machine.put(&deb::older(shop), &format!("{OLDER}/outpay_0.0.1-1_any.deb"))?;
    machine.put(&deb::newer(shop), &format!("{NEWER}/outpay_{VERSION}-1_any.deb"))?;

    let started = clock::now();
    let install = documents::blocks(&shop.tree, "OPERATIONS.md", "install")?;
    let keep =
        "printf %s \"$KEY\" > /srv/key\nprintf %s \"$HASH\" > /srv/hash\nprintf %s \"$ORDER\" > /srv/order\n";
    machine.run(&format!("cd {OLDER}\n{install}{keep}")).await?;
    let seconds = started.elapsed().as_secs_f64();
    let commands = install.lines().filter(|line| !line.starts_with("  ")).count();
    println!("the first person was paid after {commands} commands and {seconds:.1} s");

    is_paid(&machine).await?;
    is_confined(&machine).await?;
    survives_a_crash(&machine).await?;
    upgrades(shop, &machine).await?;
    goes_back(shop, &machine).await?;
    is_removed(&machine).await?;
    begins_anew(&machine).await?;
    machine.off().await?;
    Ok(format!(
        "first person paid after {commands} commands and {seconds:.1} s; restarted, upgraded, rolled back, removed, purged"
    ))
}

/// A block that no step runs may be wrong without notice.
fn every_block_is_run(shop: &Workshop) -> Result<()> {
    for (document, known) in [("OPERATIONS.md", &["install"][..]), ("UPGRADING.md", &["upgrade", "rollback"])]
    {
        let names = documents::names(&shop.tree, document)?;
        let strange: Vec<&String> = names.iter().filter(|name| !known.contains(&name.as_str())).collect();
        ensure!(strange.is_empty(), "blocks of docs/{document} that no step runs: {strange:?}");
    }
    Ok(())
}

async fn is_paid(machine: &Machine) -> Result<()> {
    let shown = machine.run("outpayctl withdrawal show \"$(cat /srv/order)\"").await?;
    ensure!(shown.contains("bank reference 4711"), "the payment has no proof:\n{shown}");
    let balance = balance(machine).await?;
    ensure!(balance.contains(MAIN), "the business has {balance}");
    Ok(())
}

/// What `GET /balance` answers, without white space.
async fn balance(machine: &Machine) -> Result<String> {
    let ask = "until outpay health --ready >/dev/null 2>&1; do sleep 0.1; done\n\
               curl -sSf http://127.0.0.1:8080/balance -H \"Authorization: Bearer $(cat /srv/key)\"";
    Ok(machine.run(ask).await?.split_whitespace().collect())
}

/// The running unit, with its sandbox in force.
async fn is_confined(machine: &Machine) -> Result<()> {
    let status = machine.run("cat /proc/$(systemctl show outpay -p MainPID --value)/status").await?;
    for (field, value) in [("Seccomp:", "2"), ("NoNewPrivs:", "1"), ("CapEff:", "0000000000000000")] {
        let is_so = status.lines().any(|line| line.starts_with(field) && line.ends_with(value));
        ensure!(is_so, "the server runs without {field} {value}:\n{status}");
    }
    let modes = machine.run("stat -c '%a %U %G %n' /var/lib/outpay /etc/outpay /etc/outpay/* ").await?;
    let expected = [
        "700 outpay outpay /var/lib/outpay",
        "750 root outpay /etc/outpay",
        "640 root outpay /etc/outpay/master.key",
        "640 root outpay /etc/outpay/outpay.toml",
    ];
    ensure!(modes.lines().eq(expected), "modes and owners:\n{modes}");
    let leftovers = machine.run("ls /var/lib/outpay").await?;
    ensure!(!leftovers.contains("master.key"), "there is a second key:\n{leftovers}");
    machine.run("outpayctl doctor").await?;
    // A SIGHUP does not end the server.
    machine
        .run("systemctl reload outpay\nsleep 1\nsystemctl is-active outpay\noutpay health --ready")
        .await?;
    machine.fails("runuser -u daemon -- cat /etc/outpay/master.key").await?;
    Ok(())
}

async fn survives_a_crash(machine: &Machine) -> Result<()> {
    // More often than systemd's usual limit of 5 starts in 10 s.
    for _ in 0..6 {
        machine.run("systemctl kill --signal=KILL outpay").await?;
        let paid = balance(machine).await?;
        ensure!(paid.contains(MAIN), "after a crash: {paid}");
    }
    let restarts = machine.run("systemctl show outpay -p NRestarts --value").await?;
    ensure!(restarts.trim() == "6", "systemd counts {restarts} restarts");
    Ok(())
}

async fn version(machine: &Machine) -> Result<String> {
    let version = machine.run("dpkg-query --show --showformat='${Version}' outpay").await?;
    let state = machine.run("systemctl is-active outpay").await?;
    Ok(format!("{} {}", version.trim(), state.trim()))
}

async fn upgrades(shop: &Workshop, machine: &Machine) -> Result<()> {
    let before = balance(machine).await?;
    machine.run("echo '#OUTPAY_LOG=debug' >> /etc/default/outpay").await?;
    let process = machine.run("systemctl show outpay -p MainPID --value").await?;
    let upgrade = documents::blocks(&shop.tree, "UPGRADING.md", "upgrade")?;
    machine.run(&format!("cd {NEWER}\n{upgrade}")).await?;
    let found = version(machine).await?;
    ensure!(found == format!("{VERSION}-1 active"), "after the upgrade: {found}");
    let next = machine.run("systemctl show outpay -p MainPID --value").await?;
    ensure!(process != next, "the server of the older version still runs");
    ensure!(balance(machine).await? == before, "the balance is another one after the upgrade");
    let kept = machine.run("grep -c OUTPAY_LOG=debug /etc/default/outpay").await?;
    ensure!(kept.trim() == "1", "the operator's change is gone");
    is_paid(machine).await
}

async fn goes_back(shop: &Workshop, machine: &Machine) -> Result<()> {
    let before = balance(machine).await?;
    machine.run("outpayctl business deposit 'My shop' 700 --reference 'after the upgrade'").await?;
    ensure!(balance(machine).await? != before, "the deposit is not in the balance");
    let rollback = documents::blocks(&shop.tree, "UPGRADING.md", "rollback")?;
    machine.run(&format!("cd {OLDER}\n{rollback}")).await?;
    let found = version(machine).await?;
    ensure!(found == "0.0.1-1 active", "after the way back: {found}");
    let after = balance(machine).await?;
    ensure!(after == before, "after the way back the balance is {after}, it was {before}");
    is_paid(machine).await
}

async fn is_removed(machine: &Machine) -> Result<()> {
    let before = balance(machine).await?;
    machine.run("apt-get remove --yes outpay").await?;
    machine.fails("systemctl is-active outpay").await?;
    machine.fails("pgrep -x outpay || test -e /usr/bin/outpay").await?;
    machine.run("test -s /var/lib/outpay/outpay.db && test -s /etc/outpay/master.key").await?;
    let said = machine.run("apt-get purge --yes outpay").await?;
    ensure!(
        said.contains("kept /var/lib/outpay and /etc/outpay/master.key"),
        "a purge that says nothing:\n{said}"
    );
    machine.run("test -s /var/lib/outpay/outpay.db && test -s /etc/outpay/master.key").await?;
    machine.fails("test -e /etc/outpay/outpay.toml").await?;
    // The books are still there for a later installation.
    machine.run(&format!("cd {NEWER}\napt-get install --yes ./outpay_*.deb")).await?;
    machine.fails("systemctl is-active outpay").await?;
    machine.run("systemctl start outpay").await?;
    ensure!(balance(machine).await? == before, "the balance is another one after a purge");
    Ok(())
}

/// Without data and key a purge leaves nothing, and an installation starts nothing.
async fn begins_anew(machine: &Machine) -> Result<()> {
    machine
        .run("systemctl stop outpay\nfind /var/lib/outpay -mindepth 1 -delete\nrm /etc/outpay/master.key")
        .await?;
    machine.run("apt-get purge --yes outpay").await?;
    machine.fails("test -e /var/lib/outpay || test -e /etc/outpay || getent passwd outpay").await?;
    let said = machine.run(&format!("cd {NEWER}\napt-get install --yes ./outpay_*.deb")).await?;
    ensure!(said.contains("outpay: not started."), "an installation that says nothing:\n{said}");
    machine.fails("test -e /etc/outpay/master.key || systemctl is-active outpay").await?;
    let refused = machine.fails("systemctl start outpay").await?;
    let reason = machine.run("systemctl show outpay -p AssertResult --value").await?;
    ensure!(reason.trim() == "no", "without a key it does not start for another reason: {refused}");
    Ok(())
}
