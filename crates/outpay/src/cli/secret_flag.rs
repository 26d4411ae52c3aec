//! Secrets that a command needs: they come from the environment or from standard input, never as an argument, which every user of
//! the machine can read in the list of processes (`ps`).

use super::cli_error::CliError;
use secrecy::{ExposeSecret, SecretString};
use std::io::BufRead;

/// What a flag is given to say that the secret is on standard input.
const STANDARD_INPUT: &str = "-";

/// The secret of this flag: a line of standard input for `-`, else the variable's. `None`: neither is there.
///
/// # Errors
/// When the secret itself was given as an argument.
pub(super) fn secret(
    flag: Option<&SecretString>,
    name: &str,
    variable: &str,
) -> Result<Option<SecretString>, CliError> {
    match flag.map(ExposeSecret::expose_secret) {
        None => Ok(std::env::var(variable).ok().filter(|text| !text.is_empty()).map(SecretString::from)),
        Some(STANDARD_INPUT) => line(name).map(Some),
        Some(_) => Err(CliError::Usage(format!(
            "{name} takes no secret as an argument, because every user of this machine can read arguments: put it into \
             {variable}, or give {name} - and write it to standard input"
        ))),
    }
}

/// The same where the command cannot do without it.
pub(super) fn required(
    flag: Option<&SecretString>,
    name: &str,
    variable: &str,
) -> Result<SecretString, CliError> {
    let missing = || {
        format!(
            "{name} is missing: put the secret into {variable}, or give {name} - and write it to standard input"
        )
    };
    secret(flag, name, variable)?.ok_or_else(|| CliError::Usage(missing()))
}

fn line(name: &str) -> Result<SecretString, CliError> {
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(CliError::Usage(format!("{name} -: standard input is empty")));
    }
    Ok(SecretString::from(text.to_owned()))
}

/// Refuses a database URL with a password as an argument.
pub(super) fn check_database_argument(url: &str) -> Result<(), CliError> {
    if has_password(url) {
        return Err(CliError::Usage(
            "--database takes no password as an argument, because every user of this machine can read arguments: put the URL \
             into OUTPAY_DATABASE"
                .to_owned(),
        ));
    }
    Ok(())
}

fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let (user, rest) = rest.split_once('@').unwrap_or(("", rest));
    let query = rest.split_once('?').map_or("", |(_, query)| query);
    user.contains(':') || query.split('&').any(|pair| pair.starts_with("password="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_urls_are_recognised() {
        for url in [
            "postgres://u:p@h/x",
            "postgres://u:p?q@h/x",
            "postgresql://:p@h/x",
            "postgres://u@h/x?password=p",
            "postgres://h/x?user=u&password=p",
        ] {
            assert!(has_password(url), "{url}");
        }
        for url in ["postgres://u@h:5432/x", "postgres://h:5432/x?user=u", "sqlite:a:b@c", "sqlite:x"] {
            assert!(!has_password(url), "{url}");
        }
    }
}
