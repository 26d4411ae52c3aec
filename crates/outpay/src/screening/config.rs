//! `[screening]` of the configuration: whom to ask, by a URL or by a program of this machine. Not here: asking (mod.rs).

use crate::store::Failure;
use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use std::net::IpAddr;
use url::{Host, Url};

/// The table. One of `url` and `command` is set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScreeningConfig {
    /// The question is posted here as JSON.
    pub url: Option<String>,
    /// Program that reads the question on its standard input, and its arguments; run without a shell.
    pub command: Option<Vec<String>>,
    /// Name of the variable that holds the token: sent as a bearer token, or handed to the program.
    pub token_env: Option<String>,
}

impl ScreeningConfig {
    /// Checks what the parser cannot.
    ///
    /// # Errors
    /// The first thing that is wrong, in words for the operator.
    pub fn check(&self) -> Result<(), Failure> {
        if let Some(url) = &self.url {
            address(url)?;
        }
        let has_name = |command: &Vec<String>| command.first().is_some_and(|program| !program.is_empty());
        ensure!(self.command.as_ref().is_none_or(has_name), "`command` must name a program");
        Ok(())
    }

    /// The one way to ask.
    ///
    /// # Errors
    /// When there is none, or there are two.
    pub(super) fn way(&self) -> Result<Way<'_>, Failure> {
        match (&self.url, &self.command) {
            (Some(url), None) => Ok(Way::Url(address(url)?)),
            (None, Some(command)) => Ok(Way::Command(command)),
            _ => bail!("set one of `url` and `command`"),
        }
    }
}

/// How the service is asked.
pub(super) enum Way<'a> {
    Url(Url),
    Command(&'a [String]),
}

/// The URL, where it may be called: https, or http to this machine. The error does not quote it, because it may hold a token.
fn address(url: &str) -> Result<Url, Failure> {
    let url = Url::parse(url).ok().context("`url` is not a URL")?;
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "`url` must not hold a user or a password: name a variable with `token_env`"
    );
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    ensure!(
        url.scheme() == "https" || (url.scheme() == "http" && is_here),
        "`url` must begin with https://, or lead to this machine"
    );
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_anywhere_and_http_here() {
        for (url, fits) in [
            ("https://screening.example.com/ask", true),
            ("http://localhost:8080/ask", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080/", true),
            ("http://screening.example.com/ask", false),
            ("http://localhost.example.com/ask", false),
            ("http://10.0.0.1/", false),
            ("https://user:word@screening.example.com/", false),
            ("ftp://localhost/", false),
            ("screening.example.com", false),
            ("", false),
        ] {
            let config = ScreeningConfig { url: Some(url.to_owned()), ..ScreeningConfig::default() };
            assert_eq!(config.check().is_ok(), fits, "{url}");
        }
    }

    #[test]
    fn one_way_to_ask() {
        let url = Some("https://screening.example.com".to_owned());
        let command = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let config =
            |url: &Option<String>, command| ScreeningConfig { url: url.clone(), command, token_env: None };
        for (config, is_whole, has_way) in [
            (config(&url, None), true, true),
            (config(&None, command(&["/usr/bin/screen", "--json"])), true, true),
            (config(&None, None), true, false),
            (config(&url, command(&["a"])), true, false),
            (config(&None, command(&[])), false, true),
            (config(&None, command(&[""])), false, true),
        ] {
            assert_eq!((config.check().is_ok(), config.way().is_ok()), (is_whole, has_way), "{config:?}");
        }
    }
}
