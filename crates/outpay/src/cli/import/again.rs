//! Asks whether a file that is similar to earlier imports is to be paid, if there is a terminal to ask on.

use crate::audit_log::Names;
use crate::cli::cli_error::CliError;
use crate::clock::rfc3339;
use crate::imports::id;
use crate::imports::similar::Similar;
use crate::platform::Platform;
use ledger::BookId;
use std::io::{IsTerminal, Write};

/// The context of the question.
pub(super) struct Asking<'a> {
    pub(super) platform: &'a Platform,
    pub(super) book: BookId,
    pub(super) names: &'a Names,
    pub(super) lines: usize,
}

impl Asking<'_> {
    /// Is the file to be paid although it is similar to these imports, newest first? `again_as` comes from the
    /// command line.
    pub(super) fn is_wanted(&self, similar: &[Similar], again_as: Option<&str>) -> bool {
        if let Some(named) = again_as {
            return similar.first().is_some_and(|newest| self.id(newest) == named);
        }
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && self.asks(similar)
    }

    fn asks(&self, similar: &[Similar]) -> bool {
        eprintln!("{}", self.told(similar));
        eprint!("Type yes to pay these recipients again: ");
        let mut typed = String::new();
        let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut typed));
        asked.is_ok() && typed.trim() == "yes"
    }

    /// Why no line was paid, and what to do.
    pub(super) fn refusal(&self, similar: &[Similar]) -> CliError {
        let newest = similar.first().map(|newest| self.id(newest)).unwrap_or_default();
        CliError::Refused(format!(
            "{}\nNo line was paid. To pay these recipients again, add --again-as {newest}; if it is the same file, import the first one again.",
            self.told(similar)
        ))
    }

    fn told(&self, similar: &[Similar]) -> String {
        let line = |one: &Similar| {
            let (import, who) = (&one.import, self.names.of(one.import.actor));
            format!(
                "{} of {} lines pay the same recipients the same amounts as import {} ({:?}, {}, by {who}).",
                one.repeated,
                self.lines,
                self.id(one),
                import.name,
                rfc3339(import.created_at)
            )
        };
        similar.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    fn id(&self, one: &Similar) -> String {
        id(self.platform, self.book, one.import.number)
    }
}
