//! For tests of pages: a page of fixed data against its snapshot, and what every page must have to be readable by all:
//! one main heading, labels, unique ids.

use askama::Template;

pub(super) fn check(name: &str, page: &impl Template) {
    crate::web::snapshot::check("claim", name, page);
    let page = page.render().unwrap();
    assert_eq!(page.matches("<h1").count(), 1, "{name}");
    assert_eq!(page.matches("<main").count(), 1, "{name}");
    assert!(page.contains("<html lang=") && page.contains("<title>"), "{name}");
    assert!(!page.contains('?') || !page.contains(">?<"), "{name}: a text is missing");
    for input in page.split("<input ").skip(1).map(|part| part.split('>').next().unwrap()) {
        let is_labelled = input.contains("type=\"hidden\"")
            || input.contains("type=\"radio\"")
            || input
                .split("id=\"")
                .nth(1)
                .is_some_and(|rest| page.contains(&format!("for=\"{}\"", rest.split('"').next().unwrap())));
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

#[test]
fn every_text_that_a_page_names_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for folder in ["templates/claim", "src/claim"] {
        for file in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            for opening in [".say(\"", ".with(\"", ".fill(\""] {
                for part in text.split(opening).skip(1) {
                    let key = part.split('"').next().unwrap();
                    // Without a table it is a placeholder of a rail's text.
                    let is_key = key.contains('.');
                    assert!(
                        !is_key || crate::language::Language::English.find(key).is_some(),
                        "{}: {key}",
                        path.display()
                    );
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
}
