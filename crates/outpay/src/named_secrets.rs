//! Secrets that the environment names: `NAME` holds the value, or `NAME_FILE` the path of a file that holds it, which is how
//! containers and service managers hand secrets over. Not here: the master key (auth/master_key.rs), which has more sources.

use crate::private_files;
use anyhow::{Context, Result, ensure};
use secrecy::SecretString;
use std::path::Path;

/// Longer texts are no secrets, but the wrong file.
const LONGEST: u64 = 64 << 10;

/// The value of a variable of this process.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The secret `name`, if the environment has it or the path of its file.
///
/// # Errors
/// When both are set, or the file cannot be read or is open to other users. The error never contains the secret.
pub fn find(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<SecretString>> {
    let file = format!("{name}_FILE");
    match (environment(name), environment(&file)) {
        (value, None) => Ok(value.map(SecretString::from)),
        (None, Some(path)) => read(Path::new(&path)).map(Some).context(file),
        (Some(_), Some(_)) => anyhow::bail!("{name} and {file} are both set; set one of them"),
    }
}

/// The same where it must be there.
///
/// # Errors
/// As [`find`], and when neither variable is set.
pub fn require(name: &str, environment: &dyn Fn(&str) -> Option<String>) -> Result<SecretString> {
    find(name, environment)?.with_context(|| format!("the environment has no {name} and no {name}_FILE"))
}

/// The text of a secret's file, without white space around it.
///
/// # Errors
/// When it cannot be read, is too long, or other users of the machine can read it.
pub fn read(path: &Path) -> Result<SecretString> {
    private_files::check_key_file(path)?;
    let shown = path.display();
    let length = std::fs::metadata(path).with_context(|| format!("cannot read {shown}"))?.len();
    ensure!(length <= LONGEST, "{shown} is too long for a secret");
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {shown}"))?;
    Ok(SecretString::from(text.trim()))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_a_variable_or_a_file_that_others_cannot_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("password");
        std::fs::write(&file, "from the file\n").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o400)).unwrap();
        let path = file.to_str().unwrap().to_owned();
        let named = |name: &str| (name == "P_FILE").then(|| path.clone());
        assert_eq!(require("P", &named).unwrap().expose_secret(), "from the file");
        let direct = |name: &str| (name == "P").then(|| "direct".to_owned());
        assert_eq!(require("P", &direct).unwrap().expose_secret(), "direct");
        assert!(find("P", &|_| None).unwrap().is_none());
        let missing = require("P", &|_| None).unwrap_err().to_string();
        assert_eq!(missing, "the environment has no P and no P_FILE");
        let twice = find("P", &|_| Some(path.clone())).unwrap_err().to_string();
        assert_eq!(twice, "P and P_FILE are both set; set one of them");

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        let open = format!("{:#}", require("P", &named).unwrap_err());
        assert!(open.contains("P_FILE: ") && open.contains("can be read by others"), "{open}");
        let nowhere = |name: &str| (name == "P_FILE").then(|| format!("{path}.missing"));
        let absent = format!("{:#}", require("P", &nowhere).unwrap_err());
        assert!(absent.contains("P_FILE: cannot read"), "{absent}");
    }
}
