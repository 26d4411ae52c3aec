//! A progress bar on standard error, if that is a terminal.

use indicatif::{ProgressBar, ProgressStyle};

pub(super) fn bar(total: u64, what: &'static str) -> ProgressBar {
    // indicatif draws to standard error and hides itself if that is not a terminal.
    let bar = ProgressBar::new(total).with_message(what);
    let template = "{bar:40} {human_pos}/{human_len} {msg}, {per_sec}, {eta} left";
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
