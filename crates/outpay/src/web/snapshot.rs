//! For tests of pages: compares a page of fixed data with its snapshot, tests/it/DOOR/snapshots/NAME.html, to the letter.
//! `OUTPAY_BLESS=1` writes snapshots anew. Digests in the addresses of assets are left out, since they change with every line
//! of a style sheet.

use askama::Template;
use std::path::Path;

/// Compares, and checks what must hold for every page: nothing inline that the content security policy would refuse.
pub(crate) fn check(door: &str, name: &str, page: &impl Template) {
    let page = without_digests(&page.render().unwrap());
    for inline in ["<style", "style=\"", "<script>", "javascript:"] {
        assert!(!page.contains(inline), "{inline} in {name}");
    }
    let path = format!("tests/it/{door}/snapshots/{name}.html");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let kept = || std::fs::read_to_string(&path).unwrap_or_default();
    let differs = || kept().trim_end_matches('\n') != page.trim_end_matches('\n');
    if std::env::var_os("OUTPAY_BLESS").is_some() && differs() {
        std::fs::write(&path, page.clone() + "\n").unwrap();
    }
    assert!(!differs(), "{} differs; look at it with OUTPAY_BLESS=1 and git diff", path.display());
}

/// `/assets/style.1a2b3c4d.css` becomes `/assets/style.css`.
fn without_digests(page: &str) -> String {
    let mut parts = page.split("/assets/");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let mut pieces = part.splitn(3, '.');
        let (stem, _digest, rest) = (pieces.next().unwrap(), pieces.next(), pieces.next().unwrap());
        text += &format!("/assets/{stem}.{rest}");
    }
    text
}
