//! Small parts that pages share, as docs/DESIGN.md names them: money, moments, ids, pills, icons. A template writes
//! `{{ crate::web::ui::money(*cents) }}`. What is given as text is escaped; what comes back is HTML.

use crate::clock::rfc3339;
use crate::format;
use askama::Template;
use ledger::Micros;

/// `$1,234.56`, in digits of one width.
#[derive(Template)]
#[template(source = r#"<span class="money">{{ text }}</span>"#, ext = "html")]
pub struct ShownMoney {
    text: String,
}

/// A moment. The server writes UTC; with script the reader sees their own zone, and UTC in the title.
#[derive(Template)]
#[template(
    source = r#"<time datetime="{{ machine }}" title="{{ text }}" data-local>{{ text }}</time>"#,
    ext = "html"
)]
pub struct ShownMoment {
    machine: String,
    text: String,
}

/// An id, or another text to be copied exactly. The button appears with script.
#[derive(Template)]
#[template(
    source = r#"<span class="id"><code>{{ text }}</code><button class="copy" type="button" data-copy="{{ text }}" data-copied="Copied" aria-label="Copy {{ text }}" hidden>{{ self::icon("copy") }}</button></span>"#,
    ext = "html"
)]
pub struct CopiedText<'a> {
    text: &'a str,
}

/// A state as a mark and a word; `class` is one of `badge-good`, `badge-warn`, `badge-bad`, `badge-quiet`.
#[derive(Template)]
#[template(source = r#"<span class="badge {{ class }}">{{ word }}</span>"#, ext = "html")]
pub struct Pill<'a> {
    class: &'a str,
    word: &'a str,
}

/// A line drawing of 24 by 24. It repeats what a word beside it says, so screen readers skip it.
#[derive(Template)]
#[template(
    source = r#"<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{{ path }}"/></svg>"#,
    ext = "html"
)]
pub struct Icon {
    path: &'static str,
}

impl askama::filters::HtmlSafe for ShownMoney {}
impl askama::filters::HtmlSafe for ShownMoment {}
impl askama::filters::HtmlSafe for CopiedText<'_> {}
impl askama::filters::HtmlSafe for Pill<'_> {}
impl askama::filters::HtmlSafe for Icon {}

#[must_use]
pub fn money(cents: i64) -> ShownMoney {
    ShownMoney { text: format::money(cents) }
}

#[must_use]
pub fn time(at: Micros) -> ShownMoment {
    ShownMoment { machine: rfc3339(at), text: format::moment(at) }
}

#[must_use]
pub fn id(text: &str) -> CopiedText<'_> {
    CopiedText { text }
}

#[must_use]
pub fn pill<'a>(class: &'a str, word: &'a str) -> Pill<'a> {
    Pill { class, word }
}

/// # Panics
/// When there is no such icon: a template names one that was never drawn.
#[must_use]
pub fn icon(name: &str) -> Icon {
    let found = ICONS.iter().find(|(known, _)| *known == name);
    Icon { path: found.expect("every icon that a template names is in the table").1 }
}

/// Own drawings, by the name that templates use; those of the navigation are named as their pages.
const ICONS: &[(&str, &str)] = &[
    ("account", "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5a7.5 7.5 0 0 1 15 0"),
    ("alert", "M12 4 2.8 19.5h18.4L12 4ZM12 10v4.2M12 17v.1"),
    ("audit", "M6 3.5h12v17H6zM9 8h6M9 12h6M9 16h3.5"),
    ("back", "M19 12H5M11 6l-6 6 6 6"),
    ("balance", "M3.5 7.5h17v11h-17zM3.5 11h17M15.5 15h2"),
    ("bank", "M4 9.5 12 4l8 5.5zM6 10v8M10 10v8M14 10v8M18 10v8M4 20h16"),
    ("batches", "M4 6.5h16M4 12h16M4 17.5h16M7.5 4v5M7.5 15v5"),
    ("card", "M3.5 5.5h17v13h-17zM3.5 9.5h17M7 14.5h4"),
    (
        "chain",
        "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
    ),
    ("check", "M5 12.5l4.5 4.5L19 7.5"),
    ("clock", "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 7.5V12l3 2"),
    ("close", "M6 6l12 12M18 6 6 18"),
    (
        "coin",
        "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 6.5v11M15 9.2C13.5 7 9 7.4 9 9.9c0 3 6.2 1.3 6.2 4.4 0 2.6-4.800 2.900-6.4.5",
    ),
    ("copy", "M9 9h10.5v10.5H9zM5.5 15H4.5V4.5H15v1"),
    ("deliveries", "M4 7h10M4 12h16M4 17h7M17 4.5 20 7l-3 2.5"),
    ("deposits", "M12 3.500V14M7.5 9.5 12 14l4.5-4.500M4 14.500v5.500h16v-5.500"),
    ("down", "M12 5v14M6 13l6 6 6-6"),
    ("download", "M12 4v11M7 10.5l5 5 5-5M5 20h14"),
    ("flask", "M9.5 3.5h5M10.5 3.5V9L5 18.5a1.5 1.5 0 0 0 1.3 2h11.4a1.5 1.5 0 0 0 1.3-2L13.5 9V3.5M8 15h8"),
    (
        "gift",
        "M4 9.5h16v4H4zM5.5 13.5h13v7h-13zM12 9.5v11M12 9.5C9 9.5 7 8 7.6 6.2 8.3 4.3 11.5 5 12 9.5c.5-4.5 3.7-5.2 4.4-3.3C17 8 15 9.5 12 9.5",
    ),
    ("home", "M4 11 12 4l8 7v9h-5.5v-5.5h-5V20H4z"),
    ("import", "M12 15.5V4M7.5 8 12 3.5 16.5 8M4.5 15v5h15v-5"),
    ("journal", "M5 3.5h11.5L19 6v14.5H5zM8.5 9h7M8.5 13h7M8.5 17h4"),
    ("keys", "M14.5 14.5a5 5 0 1 0-4.6-3L4 17.5V20h3v-2h2v-2h2l1.1-1.6c.7.1 1.6.1 2.4.1ZM15.7 8.3v.1"),
    ("menu", "M4 7h16M4 12h16M4 17h16"),
    ("methods", "M4 8.5h13M13.5 5 17 8.5 13.5 12M20 15.5H7M10.5 12 7 15.5l3.5 3.5"),
    ("pauses", "M8.5 5v14M15.5 5v14"),
    ("plus", "M12 5v14M5 12h14"),
    ("proposals", "M8.5 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM3 19a5.5 5.5 0 0 1 11 0M15.5 13.5l2 2 3.5-4"),
    ("reconciliation", "M4 8h12M13 4.5 16.5 8 13 11.5M20 16H8M11 12.5 7.5 16l3.5 3.5"),
    ("requests", "M8 7l-5 5 5 5M16 7l5 5-5 5"),
    ("search", "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.5 15.5 20 20"),
    (
        "settings",
        "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 19.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z",
    ),
    ("sign-out", "M14 4.5H5v15h9M10 12h10M16.5 8.5 20 12l-3.5 3.5"),
    ("statement", "M6 3.5h9l3.5 3.5v13.5H6zM14.5 3.5v4h4M9 12h6.5M9 16h6.5"),
    ("stock", "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8"),
    (
        "team",
        "M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4M18 14a6.5 6.5 0 0 1 3.5 5.5",
    ),
    ("ticket", "M4 6.5h16v3.5a2 2 0 0 0 0 4v3.5H4V14a2 2 0 0 0 0-4zM14 6.5v2M14 11v2M14 15.5v2"),
    ("up", "M12 19V5M6 11l6-6 6 6"),
    ("users", "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 20.5c.6-4 4-6 8-6s7.4 2 8 6"),
    ("wallet", "M17.5 8V4.5H6a2 2 0 0 0 0 4h14v11H6a2 2 0 0 1-2-2v-11M16.5 14v.1"),
    (
        "webhooks",
        "M9.5 8.500a3.5 3.5 0 1 1 4.5 3.300M12 8l3.5 6.500M8.5 19a3.5 3.5 0 1 1-.5-6.900M7 15.600h8M16 19a3.5 3.5 0 1 0 .5-6.9",
    ),
    ("withdrawals", "M12 14V3.500M7.5 8 12 3.5 16.5 8M4 14.500h4.500a3.5 3.5 0 0 0 7 0H20v6H4z"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_escape_what_they_are_given() {
        let id = id("<a\"&'").render().unwrap();
        assert!(id.contains("<code>&#60;a&#34;&#38;&#39;</code>") && !id.contains("<a"), "{id}");
        assert_eq!(
            pill("badge-good", "<b>").render().unwrap(),
            "<span class=\"badge badge-good\">&#60;b&#62;</span>"
        );
    }

    #[test]
    fn a_moment_has_both_forms() {
        let shown = time(0).render().unwrap();
        assert!(
            shown.contains("datetime=\"1970-01-01T00:00:00") && shown.contains(">1970-01-01 00:00 UTC<"),
            "{shown}"
        );
        assert_eq!(money(-500).render().unwrap(), "<span class=\"money\">-$5.00</span>");
    }

    #[test]
    fn every_page_of_the_navigation_has_an_icon() {
        for (name, _) in ICONS {
            assert!(icon(name).render().unwrap().contains("<path d=\"M"), "{name}");
        }
        assert!(ICONS.is_sorted_by(|a, b| a.0 < b.0), "in the order of the alphabet, each once");
    }
}
