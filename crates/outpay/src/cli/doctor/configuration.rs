//! The configuration file and the flags of `serve`: can they be read, who else can read them, and how is the server reached? Not
//! here: whether the counterparts that they name answer (network.rs).

use super::{Checks, Grade};
use crate::cli::installation::Installation;
use crate::cli::serve::DoorFlags;
use crate::clock::{Clock, rfc3339};
use crate::config::Config;
use crate::serving::certificate_life;
use crate::webhooks::Guard;
use ledger::Micros;
use std::net::IpAddr;

/// A certificate that ends sooner than this fails: its renewal does not work.
const SOON: Micros = 14 * 86_400 * 1_000_000;
/// Addresses of two strangers; proxies that hold both are the whole internet.
const STRANGERS: [&str; 2] = ["198.41.0.4", "8.8.8.8"];

/// The configuration; `None` if it cannot be used.
pub(super) fn check_file(installation: &Installation, guard: Guard, checks: &mut Checks) -> Option<Config> {
    let config = match installation.config() {
        Ok(config) => config,
        Err(error) => {
            checks.add(Grade::Fail, "configuration", error.sentence());
            return None;
        }
    };
    let file = installation.config_file();
    if let Some(Err(open)) = file.as_deref().map(|file| config.check_is_private(file)) {
        checks.add(Grade::Fail, "configuration", open.to_string());
    }
    checks.add(
        Grade::Pass,
        "configuration",
        file.map_or_else(|| "none".to_owned(), |file| file.display().to_string()),
    );
    if let Some(url) = &config.heads.post_to
        && let Err(problem) = guard.check_url(url)
    {
        checks.add(Grade::Fail, "configuration", format!("`post_to` in [heads]: {problem}"));
    }
    let host = config.public_url.as_deref().and_then(|url| url.strip_prefix("http://"));
    if host.is_some_and(|host| !is_this_machine(host)) {
        let advice = "`public_url` is http: browsers do not keep the dashboard's cookies; use https";
        checks.add(Grade::Warn, "configuration", advice);
    }
    Some(config)
}

fn is_this_machine(host: &str) -> bool {
    let name = host.trim_end_matches('/').rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_end_matches('/').trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// How the server is reached.
pub(super) fn check_doors(doors: &DoorFlags, checks: &mut Checks) {
    let address = doors.listen;
    match (&doors.tls_cert, &doors.tls_key) {
        (Some(certificate), Some(key)) => {
            let (grade, detail) = match certificate_life(certificate, key) {
                Ok(life) => grade_of_life((life.begins, life.ends), Clock::System.now()),
                Err(failure) => (Grade::Fail, format!("{failure:#}")),
            };
            checks.add(grade, "certificate", detail);
        }
        _ if !address.ip().is_loopback() => {
            let advice = format!(
                "the API is open to others at {address} without TLS: set --tls-cert, or put a proxy before it"
            );
            checks.add(Grade::Warn, "doors", advice);
        }
        _ => {}
    }
    if let Some(metrics) = doors.metrics_listen.filter(|metrics| !metrics.ip().is_loopback()) {
        let advice = format!(
            "the metrics are open to others at {metrics} without TLS: use a loopback address, or a network of yours alone"
        );
        checks.add(Grade::Warn, "doors", advice);
    }
    let trusts = |text: &&str| {
        let address = text.parse::<IpAddr>();
        address.is_ok_and(|address| {
            doors.trusted_proxies.as_ref().is_some_and(|proxies| proxies.contains(address))
        })
    };
    if STRANGERS.iter().all(trusts) {
        let detail = "--trusted-proxies trusts every address: a client can write any address into X-Forwarded-For; name your proxies alone";
        checks.add(Grade::Fail, "doors", detail);
    }
}

fn grade_of_life((begins, ends): (Micros, Micros), now: Micros) -> (Grade, String) {
    let time = rfc3339(ends);
    if now < begins {
        return (Grade::Fail, format!("the certificate begins only at {}", rfc3339(begins)));
    }
    if now >= ends {
        return (Grade::Fail, format!("the certificate ended at {time}"));
    }
    if ends - now < SOON {
        return (Grade::Fail, format!("the certificate ends at {time}, within 14 days: renew it"));
    }
    (Grade::Pass, format!("the certificate ends at {time}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_renewed_two_weeks_before_its_end() {
        for (now, grade) in
            [(99, Grade::Fail), (100, Grade::Pass), (101, Grade::Fail), (100 + SOON, Grade::Fail)]
        {
            assert_eq!(grade_of_life((100, 100 + SOON), now).0, grade, "{now}");
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for name in ["localhost", "127.0.0.1:8080", "[::1]:8080", "localhost:80/", "127.0.0.1/"] {
            assert!(is_this_machine(name), "{name}");
        }
        for name in ["pay.example.com", "10.0.0.1:80", "localhost.example.com"] {
            assert!(!is_this_machine(name), "{name}");
        }
    }
}
