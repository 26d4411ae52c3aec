//! Describes the machine and checks that it is idle; a figure is meaningless without that.

use std::time::Duration;

use crate::scratch;

/// With a larger share of busy time before the start, figures are unreliable.
const TOLERATED: f64 = 0.05;

pub async fn warn_when_busy() {
    let before = processor_times();
    tokio::time::sleep(Duration::from_secs(1)).await;
    if let (Some(before), Some(after)) = (before, processor_times()) {
        let total = after.total.saturating_sub(before.total).max(1);
        let idle = after.idle.saturating_sub(before.idle);
        let busy = 1.0 - idle as f64 / total as f64;
        if busy > TOLERATED {
            eprintln!("bench: WARNING: the machine is {:.0} % busy; judge ratios only", busy * 100.0);
        }
    }
    if scratch::on_disk("probe").is_ok_and(|folder| is_in_memory(folder.path())) {
        eprintln!("bench: WARNING: the data folder is in memory; durability costs nothing there");
    }
}

pub fn describe() {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("\n{cores} cores, load average {}", load.split(' ').take(3).collect::<Vec<_>>().join(" "));
}

struct Times {
    total: u64,
    idle: u64,
}

fn processor_times() -> Option<Times> {
    parse_times(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// user nice system idle iowait irq softirq steal …
fn parse_times(stat: &str) -> Option<Times> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    let times: Vec<u64> = line.split_whitespace().skip(1).filter_map(|time| time.parse().ok()).collect();
    // Guest time is included in `user` already.
    Some(Times { total: times.iter().take(8).sum(), idle: times.get(3)? + times.get(4)? })
}

fn is_in_memory(folder: &std::path::Path) -> bool {
    const TMPFS: u64 = 0x0102_1994;
    rustix::fs::statfs(folder).is_ok_and(|found| u64::try_from(found.f_type).is_ok_and(|kind| kind == TMPFS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_for_the_disk_is_idle() {
        let times = parse_times("cpu  10 1 20 100 30 1 2 3 50 0\ncpu0 5 0 0 0 0\n").unwrap();
        assert_eq!((times.total, times.idle), (167, 130));
        assert!(parse_times("").is_none());
    }
}
