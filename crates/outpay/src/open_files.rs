//! How many files the process may have open, sockets included (`RLIMIT_NOFILE`). Not here: how many connections follow
//! from it (http/connections/limits.rs).

/// Above this, raising brings nothing; some systems refuse a limit that is not finite.
#[cfg(unix)]
const MOST: u64 = 1 << 20;
/// Where the system does not tell.
#[cfg(not(unix))]
const USUAL: u64 = 1024;

/// The limits of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenFiles {
    /// What counts now.
    pub now: u64,
    /// What the process may raise it to.
    pub most: u64,
}

/// Reads the limits.
#[cfg(unix)]
#[must_use]
pub fn limits() -> OpenFiles {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let most = limit.maximum.unwrap_or(MOST).min(MOST);
    OpenFiles { now: limit.current.unwrap_or(most), most }
}

/// Raises the limit as far as the system allows. Many systems start a process with 1024 and allow far more; the low one is for
/// programs that use select(2).
#[cfg(unix)]
#[must_use]
pub fn raise() -> OpenFiles {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let OpenFiles { now, most } = limits();
    if now < most {
        let maximum = getrlimit(Resource::Nofile).maximum;
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }) {
            tracing::warn!(%error, now, most, "the limit of open files could not be raised");
        }
    }
    limits()
}

#[cfg(not(unix))]
#[must_use]
pub fn limits() -> OpenFiles {
    OpenFiles { now: USUAL, most: USUAL }
}

#[cfg(not(unix))]
#[must_use]
pub fn raise() -> OpenFiles {
    limits()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn raising_reaches_what_the_system_allows() {
        let before = limits();
        let raised = raise();
        assert_eq!(raised.now, before.most.max(before.now));
        assert_eq!(raised, raise(), "a second time changes nothing");
    }
}
