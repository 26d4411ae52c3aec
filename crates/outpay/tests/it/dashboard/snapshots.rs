//! Every page as it looks with invented data, kept in snapshots/ and compared to the letter; `OUTPAY_BLESS=1` writes them
//! anew. The digests in the addresses of assets are left out, since they change with every line of a style sheet.

use outpay::dashboard;
use std::path::Path;

macro_rules! snapshots {
    ($($page:ident,)*) => {
        $(#[test]
        fn $page() {
            check(stringify!($page), &dashboard::$page::sample());
        })*
    };
}

snapshots! {
    account,
    audit,
    deliveries,
    delivery,
    by_hand,
    enrolment,
    home,
    import,
    imports,
    invitation,
    invitation_open,
    key,
    key_made,
    keys,
    pauses,
    proposals,
    recovery_codes,
    request,
    requests,
    second_factor,
    settings,
    sign_in,
    stop,
    team,
    webhook_keys,
    webhooks,
    user,
    users,
    withdrawal,
    withdrawals,
    withdrawals_review,
}

/// Compares a page with its snapshot.
fn check(name: &str, page: &str) {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/dashboard/snapshots/{name}.html"));
    let page = without_digests(page);
    for inline in ["<style", "style=\"", "<script>", "javascript:", "http-equiv"] {
        assert!(!page.contains(inline), "{inline} in {name}");
    }
    if std::env::var_os("OUTPAY_BLESS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "{} differs; look at it with OUTPAY_BLESS=1 and git diff", path.display());
}

/// `/assets/style.1a2b3c4d.css` becomes `/assets/style.css`.
fn without_digests(page: &str) -> String {
    let mut text = String::new();
    for (at, part) in page.split("/assets/").enumerate() {
        if at == 0 {
            text.push_str(part);
            continue;
        }
        let mut parts = part.splitn(3, '.');
        let (stem, _digest, rest) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        text += &format!("/assets/{stem}.{rest}");
    }
    if text.ends_with('\n') { text } else { text + "\n" }
}
