//! `outpay listen`: forwards a server's events to a receiver on the developer's machine, which the server cannot
//! reach. It needs no installation, only the server's address and a secret key. Not here: reading and forwarding
//! (webhooks/).

use super::cli_error::CliError;
use super::output;
use super::secret_flag;
use crate::clock::{Clock, Entropy};
use crate::serving;
use crate::webhooks::forward::{Forwarded, Forwarder};
use crate::webhooks::pull::Puller;
use crate::webhooks::sign::SigningKeys;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::process::ExitCode;
use std::time::Duration;

/// Poll interval.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Args)]
pub(super) struct ListenArguments {
    /// URL of the receiver, as in http://127.0.0.1:3000/webhooks
    #[arg(value_name = "URL", required_unless_present = "forward_to")]
    receiver: Option<String>,
    /// The same
    #[arg(long, value_name = "URL", conflicts_with = "receiver")]
    forward_to: Option<String>,
    /// `-`: read the secret key of the business from standard input [default: OUTPAY_KEY of the environment]
    #[arg(long, value_name = "-")]
    key: Option<SecretString>,
    /// URL of the server
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    server: String,
    /// Start after this event instead of with the next one
    #[arg(long, value_name = "SEQUENCE")]
    after: Option<i64>,
    /// `-`: read the token to sign with from standard input [default: OUTPAY_TOKEN, else a new one for this session]
    #[arg(long, value_name = "-")]
    token: Option<SecretString>,
    /// `-`: read the secret to sign with, as in whsec_…, from standard input [default: OUTPAY_SECRET, else a new one]
    #[arg(long, value_name = "-")]
    secret: Option<SecretString>,
    /// Exit when there are no new events, instead of waiting for more
    #[arg(long)]
    once: bool,
    /// Print one JSON object per line
    #[arg(long)]
    json: bool,
}

impl ListenArguments {
    fn receiver(&self) -> &str {
        self.receiver.as_deref().or(self.forward_to.as_deref()).unwrap_or_default()
    }
}

pub(super) async fn run(arguments: ListenArguments) -> Result<ExitCode, CliError> {
    let stop = serving::asked_to_end()?;
    let key = secret_flag::required(arguments.key.as_ref(), "--key", "OUTPAY_KEY")?;
    let puller = Puller::new(&arguments.server, key).map_err(usage)?;
    let keys = keys(&arguments)?;
    let mut forwarder =
        Forwarder::new(puller, arguments.receiver(), keys.clone(), Clock::System).map_err(usage)?;
    let after = match arguments.after {
        Some(after) => after,
        None => forwarder.puller().newest().await?,
    };
    greet(&arguments, &keys, after)?;
    tokio::select! {
        () = stop => Ok(ExitCode::SUCCESS),
        ended = listen(&mut forwarder, after, &arguments) => ended,
    }
}

fn usage(error: anyhow::Error) -> CliError {
    CliError::Usage(format!("{error:#}"))
}

fn keys(arguments: &ListenArguments) -> Result<SigningKeys, CliError> {
    let token = secret_flag::secret(arguments.token.as_ref(), "--token", "OUTPAY_TOKEN")?;
    let secret = secret_flag::secret(arguments.secret.as_ref(), "--secret", "OUTPAY_SECRET")?;
    match (token, secret) {
        (Some(token), Some(secret)) => SigningKeys::given(token, secret)
            .ok_or_else(|| CliError::Usage("--secret takes whsec_ and 24 to 64 bytes in base64".to_owned())),
        (None, None) => Ok(SigningKeys::generate(&Entropy::System)),
        _ => Err(CliError::Usage("--token and --secret go together".to_owned())),
    }
}

fn greet(arguments: &ListenArguments, keys: &SigningKeys, after: i64) -> Result<(), CliError> {
    let (token, secret) = (keys.token.expose_secret(), keys.secret.expose_secret());
    let forward_to = arguments.receiver();
    if arguments.json {
        let all = json!({ "forward_to": forward_to, "after": after, "token": token, "secret": secret });
        return output::line(all);
    }
    output::facts([
        ("forwarding to", forward_to.to_owned()),
        ("after event", after.to_string()),
        ("token", token.to_owned()),
        ("secret", secret.to_owned()),
    ])
}

async fn listen(
    forwarder: &mut Forwarder,
    mut after: i64,
    arguments: &ListenArguments,
) -> Result<ExitCode, CliError> {
    loop {
        let events = forwarder.puller().events(after).await?;
        for event in &events {
            if let Some(forwarded) = forwarder.forward(event).await? {
                tell(&forwarded, arguments.json)?;
            }
            after = event["sequence"].as_i64().unwrap_or(after);
        }
        if events.is_empty() {
            if arguments.once {
                return Ok(ExitCode::SUCCESS);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn tell(forwarded: &Forwarded, json: bool) -> Result<(), CliError> {
    let Forwarded { sequence, kind, order_id, sent } = forwarded;
    if json {
        return output::line(json!({
            "sequence": sequence, "type": kind, "order_id": order_id, "status": sent.status,
            "error": Some(sent.error).filter(|error| !error.is_empty()),
            "milliseconds": sent.micros / 1000,
        }));
    }
    let answer = sent.status.map_or_else(|| sent.error.to_owned(), |status| status.to_string());
    output::line(format_args!("{kind}  {order_id}  {answer}"))
}
