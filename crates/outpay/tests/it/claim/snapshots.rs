//! Every page with fixed data, compared to the letter with what is committed; OUTPAY_BLESS=1 writes it anew. And what
//! all pages have in common: one main heading, labels, texts from the files of languages.

use outpay::claim::samples;
use outpay::web::Language;
use std::path::Path;

/// Without the digests of assets, so that a change of the style sheet changes no page.
fn without_digests(page: &str) -> String {
    let mut parts = page.split("/assets/");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let mut pieces = part.splitn(3, '.');
        let (name, _, rest) = (pieces.next().unwrap(), pieces.next(), pieces.next().unwrap());
        text += &format!("/assets/{name}.{rest}");
    }
    text
}

#[test]
fn pages_look_as_they_are_committed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/claim/snapshots");
    let bless = std::env::var_os("OUTPAY_BLESS").is_some();
    for (name, page) in samples::all() {
        let (path, page) = (folder.join(format!("{name}.html")), without_digests(&page));
        if bless {
            std::fs::write(&path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == page, "{name} has changed; OUTPAY_BLESS=1 writes it anew:\n{page}");
    }
}

#[test]
fn pages_can_be_read_by_everybody() {
    for (name, page) in samples::all() {
        assert_eq!(page.matches("<h1").count(), 1, "{name}");
        assert_eq!(page.matches("<main").count(), 1, "{name}");
        assert!(page.contains("<html lang=") && page.contains("<title>"), "{name}");
        assert!(!page.contains('?') || !page.contains(">?<"), "{name}: a text is missing");
        for input in page.split("<input ").skip(1).map(|part| part.split('>').next().unwrap()) {
            let is_labelled = input.contains("type=\"hidden\"")
                || input.contains("type=\"radio\"")
                || input.split("id=\"").nth(1).is_some_and(|rest| {
                    page.contains(&format!("for=\"{}\"", rest.split('"').next().unwrap()))
                });
            assert!(is_labelled, "{name}: {input}");
        }
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).map(|part| part.split('"').next().unwrap()).collect();
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), count, "{name}: an id stands twice");
        assert!(page.len() < 40_000, "{name}: {} bytes", page.len());
    }
}

#[test]
fn every_text_that_a_template_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["templates/claim", "src/claim"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for opening in [".say(\"", ".with(\"", ".fill(\""] {
                for part in text.split(opening).skip(1) {
                    let key = part.split('"').next().unwrap();
                    assert!(Language::English.knows(key), "{}: {key}", path.display());
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}
