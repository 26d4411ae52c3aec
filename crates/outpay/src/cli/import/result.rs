//! The result file: one line per payment. It is written to a draft and renamed, so that a reader never sees a part of
//! it; after a crash the same import creates it again.

use crate::cli::cli_error::CliError;
use crate::durable_file;
use crate::imports::lines::PaymentLine;
use crate::imports::pay::ImportPayment;
use crate::sheet::{self, CURRENCY, Sheet};
use anyhow::Context;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A result file that is not in its place yet.
pub(super) struct ResultFile {
    draft: PathBuf,
    path: PathBuf,
    file: File,
}

/// The default path: `users.csv` has `users.result.csv`.
pub(super) fn beside(file: &Path) -> PathBuf {
    file.with_extension("result.csv")
}

/// Creates the draft for the result of importing `file`.
pub(super) fn begin(path: &Path, file: &Path) -> Result<ResultFile, CliError> {
    if path == file {
        return Err(CliError::Usage("--result must not be the imported file itself".to_owned()));
    }
    let mut draft = path.as_os_str().to_owned();
    draft.push(".part");
    let draft = PathBuf::from(draft);
    let file = File::create(&draft).with_context(|| {
        format!("no line was paid: cannot write {}; choose another place with --result", draft.display())
    })?;
    Ok(ResultFile { draft, path: path.to_owned(), file })
}

impl ResultFile {
    /// Deletes the draft; called when no line is paid.
    pub(super) fn give_up(self) {
        drop(self.file);
        // A remaining draft is empty, and the next import overwrites it.
        let _ = std::fs::remove_file(&self.draft);
    }

    /// Writes all lines and renames the file into place.
    pub(super) fn finish(self, lines: &[PaymentLine], payments: &[ImportPayment]) -> Result<(), CliError> {
        let path = self.path.display().to_string();
        let written = self.write(lines, payments);
        let advice =
            || format!("the payments are made, but {path} could not be written; import the same file again");
        Ok(written.with_context(advice)?)
    }

    fn write(mut self, lines: &[PaymentLine], payments: &[ImportPayment]) -> anyhow::Result<()> {
        let mut sheet = Sheet::new(&["line", "email", "amount", "currency", "status", "detail"]);
        for (line, payment) in lines.iter().zip(payments) {
            let (number, amount) = (line.number.to_string(), sheet::money(line.amount));
            let detail = payment.detail();
            sheet.row(&[&number, line.email.as_str(), &amount, CURRENCY, payment.word(), &detail]);
        }
        self.file.write_all(sheet.text().as_bytes())?;
        self.file.sync_all()?;
        std::fs::rename(&self.draft, &self.path)?;
        Ok(durable_file::sync_name(&self.path)?)
    }
}
