//! Whether a file that is like earlier ones is to be paid: shown, and asked for where a terminal is there to ask.

use crate::cli::cli_error::CliError;
use crate::clock::rfc3339;
use crate::imports::id;
use crate::imports::similar::Similar;
use crate::members::audit::Names;
use crate::platform::Platform;
use ledger::BookId;
use std::io::{IsTerminal, Write};

/// Whom to ask about which file.
pub(super) struct Asking<'a> {
    pub(super) platform: &'a Platform,
    pub(super) book: BookId,
    pub(super) names: &'a Names,
    /// Of the file.
    pub(super) lines: usize,
}

impl Asking<'_> {
    /// Is it to be paid though it is like these, newest first? `again_as` is what the command line says.
    pub(super) fn is_wanted(&self, similar: &[Similar], again_as: Option<&str>) -> bool {
        if let Some(named) = again_as {
            return similar.first().is_some_and(|newest| self.id(newest) == named);
        }
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal() && self.asks(similar)
    }

    fn asks(&self, similar: &[Similar]) -> bool {
        eprintln!("{}", self.told(similar));
        eprint!("Type yes to pay these people again: ");
        let mut typed = String::new();
        let asked = std::io::stderr().flush().and_then(|()| std::io::stdin().read_line(&mut typed));
        asked.is_ok() && typed.trim() == "yes"
    }

    /// Why no line was paid, and what to do.
    pub(super) fn refusal(&self, similar: &[Similar]) -> CliError {
        let newest = similar.first().map(|newest| self.id(newest)).unwrap_or_default();
        CliError::Refused(format!(
            "{}\nNobody was paid. If these people are to be paid again, add --again-as {newest}; if the file is the same, import the first one.",
            self.told(similar)
        ))
    }

    fn told(&self, similar: &[Similar]) -> String {
        let line = |one: &Similar| {
            let (import, who) = (&one.import, self.names.of(one.import.actor));
            format!(
                "{} of {} lines pay the same people the same amounts as import {} ({:?}, {}, by {who}).",
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
