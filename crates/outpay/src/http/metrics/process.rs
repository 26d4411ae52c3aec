//! The process, under the names that Prometheus's client libraries share
//! (<https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>). On Linux alone, which tells of it in `/proc`.

use prometheus_client::registry::Registry;

#[cfg(target_os = "linux")]
pub(super) fn register(registry: &mut Registry) {
    registry.register_collector(Box::new(linux::ThisProcess));
}

#[cfg(not(target_os = "linux"))]
pub(super) fn register(_registry: &mut Registry) {}

#[cfg(target_os = "linux")]
#[allow(clippy::cast_precision_loss, reason = "bytes, ticks and seconds of a process are far below 2^52")]
mod linux {
    use crate::open_files;
    use procfs::process::{Process, Stat};
    use procfs::{ProcResult, boot_time_secs, page_size, ticks_per_second};
    use prometheus_client::collector::Collector;
    use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;
    use std::fmt;

    #[derive(Debug)]
    pub(super) struct ThisProcess;

    impl Collector for ThisProcess {
        fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
            let read = || -> ProcResult<(Stat, usize, u64)> {
                let process = Process::myself()?;
                Ok((process.stat()?, process.fd_count()?, boot_time_secs()?))
            };
            // Without /proc there is nothing to tell.
            let Ok((stat, open, booted)) = read() else { return Ok(()) };
            let ticks = ticks_per_second() as f64;
            let cpu = ConstCounter::new((stat.utime + stat.stime) as f64 / ticks);
            let help = "User and system CPU time";
            let kind = cpu.metric_type();
            cpu.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, kind)?)?;
            let started = booted as f64 + stat.starttime as f64 / ticks;
            for (name, help, value) in [
                ("process_open_fds", "Open file descriptors", open as f64),
                ("process_max_fds", "File descriptors that may be open", open_files::limits().now as f64),
                ("process_resident_memory_bytes", "Resident memory", (stat.rss * page_size()) as f64),
                ("process_virtual_memory_bytes", "Virtual memory", stat.vsize as f64),
                ("process_threads", "Threads", stat.num_threads as f64),
                ("process_start_time_seconds", "Start of the process, in seconds since 1970", started),
            ] {
                let gauge = ConstGauge::new(value);
                gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
            }
            Ok(())
        }
    }
}
