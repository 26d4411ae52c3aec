//! The counterparts: rails and their nodes, the mail server, webhooks. Nodes are asked always, because this installation alone uses
//! them; mail server and webhooks only with `--network`, because those are other people's.

use super::{Checks, Grade, limits};
use crate::auth::Secrets;
use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::mail::Mail;
use crate::rails::Rails;
use crate::store::{Failure, MailNeeds, Store};
use crate::webhooks::Guard;
use ledger::{BookId, Mode};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

const LONGEST: Duration = Duration::from_secs(5);

/// Can the configured rails pay?
pub(super) async fn check_rails(
    config: &Config,
    store: &Store,
    secrets: &Arc<Secrets>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let rails = Rails::new(&config.rails, store, secrets, &Clock::System);
    for reason in &rails.locked {
        let advice = format!("{reason}. A server does not start so; run doctor in its environment");
        checks.add(Grade::Fail, "rail", advice);
    }
    for mounted in rails.of(Mode::Live) {
        let name = &mounted.facts().name;
        let said = mounted.rail.diagnose().await;
        for (grade, texts) in
            [(Grade::Fail, said.faults), (Grade::Warn, said.warnings), (Grade::Pass, said.facts)]
        {
            texts.into_iter().for_each(|text| checks.add(grade, "rail", format!("{name}: {text}")));
        }
        limits::check(mounted, store, checks).await?;
    }
    Ok(())
}

/// Can mail be sent, and is it needed?
pub(super) async fn check_mail(
    config: &Config,
    store: &Store,
    secrets: &Arc<Secrets>,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let MailNeeds { books, members } = store.mail_needs().await?;
    let public_url = config.public_url.as_deref().map(Arc::from);
    let (settings, secrets) = (config.mail.as_ref(), Arc::clone(secrets));
    let mail = Mail::new(settings, public_url, store.clone(), secrets, Clock::System, Entropy::System);
    if let Err(failure) = mail.check() {
        checks.add(Grade::Fail, "mail", format!("{failure:#}. A server does not start so"));
    } else if mail.is_configured() {
        checks.add(Grade::Pass, "mail", "configured");
    } else if books > 0 {
        let detail = format!(
            "[mail] is missing, and {books} books chose mails for their recipients: these wait; see OPERATIONS.md, Mail"
        );
        checks.add(Grade::Fail, "mail", detail);
    } else if members > 0 {
        let detail = "[mail] is missing: members get no invitations and cannot reset a forgotten password by themselves";
        checks.add(Grade::Warn, "mail", detail);
    }
    Ok(())
}

/// Does the mail server accept connections?
pub(super) async fn check_mail_server(config: &Config, checks: &mut Checks) {
    let Some(mail) = &config.mail else { return };
    let place = format!("{}:{}", mail.host, mail.port());
    match connects(&place, |_| true).await {
        Ok(()) => checks.add(Grade::Pass, "mail server", format!("{place} accepts connections")),
        Err(reason) => checks.add(Grade::Fail, "mail server", format!("{place}: {reason}")),
    }
}

/// Do the receivers of webhooks that are on accept connections? Nothing is sent to them.
pub(super) async fn check_webhooks(store: &Store, guard: Guard, checks: &mut Checks) -> Result<(), Failure> {
    for business in store.businesses().await? {
        for mode in [Mode::Live, Mode::Test] {
            let endpoints = store.webhook_endpoints(BookId::new(business.number, mode)).await?;
            for endpoint in endpoints.iter().filter(|endpoint| endpoint.enabled) {
                let reached = reach(&endpoint.url, guard).await;
                let of = format!("{} of {:?}", endpoint.url, business.name);
                match reached {
                    Ok(()) => checks.add(Grade::Pass, "webhook", format!("{of} accepts connections")),
                    Err(reason) => checks.add(Grade::Fail, "webhook", format!("{of}: {reason}")),
                }
            }
        }
    }
    Ok(())
}

async fn reach(url: &str, guard: Guard) -> Result<(), String> {
    let url = guard.check_url(url).map_err(|problem| problem.to_string())?;
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    connects(&format!("{host}:{port}"), |address| guard.allows(address)).await
}

async fn connects(place: &str, allows: impl Fn(std::net::IpAddr) -> bool) -> Result<(), String> {
    let tries = async {
        let found = tokio::net::lookup_host(place).await.map_err(|_| "the name is not known".to_owned())?;
        let addresses: Vec<_> = found.filter(|address| allows(address.ip())).collect();
        if addresses.is_empty() {
            return Err("the name leads to no address that may be called".to_owned());
        }
        TcpStream::connect(&addresses[..]).await.map(drop).map_err(|error| error.to_string())
    };
    tokio::time::timeout(LONGEST, tries)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {LONGEST:?}")))
}
