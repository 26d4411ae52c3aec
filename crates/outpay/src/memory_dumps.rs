//! Keeps the memory of the process, which holds keys, out of core files and from other programs of the same user: they can neither
//! attach to it nor read `/proc/PID/mem` or `/proc/PID/environ`. Not here: swap, which belongs to the system.

/// Forbids it, for the rest of the process's life.
///
/// # Errors
/// When the system refuses.
#[cfg(target_os = "linux")]
pub fn forbid() -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Other systems have no such switch for a process; core files can be turned off.
#[cfg(all(unix, not(target_os = "linux")))]
pub fn forbid() -> std::io::Result<()> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    Ok(setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?)
}

#[cfg(not(unix))]
pub fn forbid() -> std::io::Result<()> {
    Ok(())
}
