//! axe-core, a third-party checker, must find nothing on a page, in both themes and three widths. Every page must also
//! be no wider than the window, load nothing from other hosts, and weigh little.

use crate::browser::chromium::{Browser, Look};
use serde_json::Value;
use std::path::PathBuf;

/// Bytes of a page and everything it loads, without a logo, which may have 32 KiB, and without the typeface, which browsers keep.
const HEAVIEST: f64 = 60.0 * 1024.0;

/// The open page has no violation in any look. Its weight in bytes, all that it loads included.
pub async fn is_content(browser: &Browser, page: &str) -> f64 {
    for look in Look::ALL {
        is_content_at(browser, page, look).await;
    }
    browser.look(Look::ALL[4]).await;
    let foreign = "performance.getEntriesByType('resource').map(e => e.name).filter(n => !n.startsWith(location.origin) && !n.startsWith('data:'))";
    assert_eq!(browser.evaluate(foreign).await, Value::Array(Vec::new()), "{page} asks other hosts");
    // Encoded size of the responses, cached or not.
    let weight = "performance.getEntries().filter(e => e.entryType === 'navigation' || e.entryType === 'resource').filter(e => !e.name.endsWith('.woff2')).map(e => e.encodedBodySize).reduce((a, b) => a + b, 0)";
    let weight = browser.evaluate(weight).await.as_f64().unwrap();
    assert!((1_000.0..=HEAVIEST).contains(&weight), "{page} weighs {weight} bytes");
    weight
}

/// The same page written from right to left, in the looks that differ most.
pub async fn is_content_from_right_to_left(browser: &Browser, page: &str) {
    let turn = "document.documentElement.dir = 'rtl', document.documentElement.lang = 'ar'";
    browser.evaluate(&format!("({turn})")).await;
    for look in [Look::ALL[0], Look::ALL[5]] {
        is_content_at(browser, &format!("{page} from right to left"), look).await;
    }
}

async fn is_content_at(browser: &Browser, page: &str, look: Look) {
    browser.look(look).await;
    let violations = violations(browser).await;
    assert!(violations.is_empty(), "{page} at {look:?}:\n{}", violations.join("\n"));
    let too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth";
    assert_eq!(browser.evaluate(too_wide).await, Value::Bool(false), "{page} at {look:?} scrolls sideways");
}

async fn violations(browser: &Browser) -> Vec<String> {
    let source =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(&source)
        .unwrap_or_else(|_| panic!("{} is missing: run ./test, which installs it", source.display()));
    // Load axe again for each look: it remembers colours of the previous one.
    browser.client.execute(&source, Vec::new()).await.unwrap();
    let run = "const done = arguments[arguments.length - 1];
        axe.run(document, { resultTypes: ['violations'] }).then(
            found => done(found.violations.map(v => v.id + ': ' + v.help + '\\n  ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('\\n  '))),
            error => done(['axe failed: ' + error]));";
    let found = browser.client.execute_async(run, Vec::new()).await.unwrap();
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}
