//! A refused form leads back to its page, with what was typed and the error beside the field. The action only answers with a
//! sentence: [`carry`], a middleware around all routes, keeps the fields in a short-lived signed cookie, sends the browser back to
//! the page that the form names in its field `page`, and writes the values into that page's HTML. Where that is not possible (no
//! such page, too much text, an outcome that is not known) the sentence stays a page of its own.
//!
//! Invariant: no password, code or file is kept.

use crate::auth::Secrets;
use crate::platform::Platform;
use crate::web::form::Form;
use crate::web::{cookie, page};
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::BASE64URL_NOPAD;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Method, StatusCode};
use lol_html::errors::RewritingError;
use lol_html::html_content::{ContentType, Element};
use lol_html::{HandlerResult, RewriteStrSettings, element, rewrite_str, text};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::sync::Arc;

const COOKIE: &str = "outpay_form";
const SECONDS: i64 = 60;
/// In bytes of the cookie, of which browsers keep 4,096 with its name and attributes.
const LONGEST: usize = 3_600;
const LARGEST_PAGE: usize = 2 * 1024 * 1024;
/// Parts of the names of fields that are never kept.
const SECRET: [&str; 5] = ["password", "code", "secret", "token", "present"];

/// The form of this request, once its sender is known. Travels in the request's extensions.
#[derive(Clone, Default)]
pub(crate) struct FormSlot(Arc<Mutex<Option<Form>>>);

/// Why it was refused. Travels in the response's extensions.
#[derive(Clone)]
pub(crate) struct RefusedForm(pub String);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct KeptForm {
    /// The page that the form was on: path and query.
    page: String,
    /// Where the form was sent.
    action: String,
    sentence: String,
    fields: Vec<(String, String)>,
}

impl FormSlot {
    pub(crate) fn set(&self, form: &Form) {
        let fields = form.fields().map(|(name, value)| (name.to_owned(), value.to_owned()));
        *self.0.lock() = Some(fields.collect());
    }
}

/// Middleware around all routes of the dashboard.
pub(crate) async fn carry(State(platform): State<Platform>, mut request: Request, next: Next) -> Response {
    let (method, action) = (request.method().clone(), request.uri().path().to_owned());
    let here = request.uri().path_and_query().map_or("", |here| here.as_str()).to_owned();
    let kept = pick_up(&platform.secrets, request.headers()).filter(|_| method == Method::GET);
    let posted = FormSlot::default();
    request.extensions_mut().insert(posted.clone());
    let mut response = next.run(request).await;
    if let Some(RefusedForm(sentence)) = response.extensions_mut().remove::<RefusedForm>() {
        let back = posted.0.lock().take().and_then(|form| keep(&platform.secrets, &action, &sentence, &form));
        return back.unwrap_or(response);
    }
    match kept {
        Some(kept) if kept.page == here && response.status() == StatusCode::OK => {
            let mut response = with_kept(response, &kept).await;
            cookie::clear(&mut response, COOKIE);
            response
        }
        _ => response,
    }
}

/// The way back to the form's page, with what was typed; `None` where it cannot be kept.
fn keep(secrets: &Secrets, action: &str, sentence: &str, form: &Form) -> Option<Response> {
    let is_secret = |name: &str| SECRET.iter().any(|part| name.contains(part));
    let is_ours = |name: &str| matches!(name, "csrf" | "once" | "page");
    let fields = form.fields().filter(|(name, _)| !is_secret(name) && !is_ours(name));
    let page = form.get("page");
    let kept = KeptForm {
        page: page.to_owned(),
        action: action.to_owned(),
        sentence: sentence.to_owned(),
        fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    };
    let text = serde_json::to_string(&kept).ok()?;
    let mac = BASE64URL_NOPAD.encode(&secrets.page_mac(COOKIE, &text));
    let value = format!("{}.{mac}", BASE64URL_NOPAD.encode(text.as_bytes()));
    let is_page = page == "/dashboard" || page.starts_with("/dashboard/") || page.starts_with("/dashboard?");
    // The action becomes part of a selector.
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    if !is_page || !action.bytes().all(is_plain) || value.len() > LONGEST {
        return None;
    }
    let mut response = page::see_other(page);
    cookie::set(&mut response, COOKIE, &value, Some(SECONDS));
    Some(response)
}

fn pick_up(secrets: &Secrets, headers: &HeaderMap) -> Option<KeptForm> {
    let (text, mac) = cookie::read(headers, COOKIE)?.split_once('.')?;
    let text = String::from_utf8(BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()?;
    let mac = BASE64URL_NOPAD.decode(mac.as_bytes()).ok()?;
    if !secrets.page_mac_fits(COOKIE, &text, &mac) {
        return None;
    }
    serde_json::from_str(&text).ok()
}

async fn with_kept(response: Response, kept: &KeptForm) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LARGEST_PAGE).await else {
        tracing::error!("a page was too large to write a kept form into it");
        return page::plain(StatusCode::BAD_REQUEST, "Couldn’t save your changes", &kept.sentence);
    };
    let html = String::from_utf8_lossy(&bytes);
    let shown = fill(&html, kept).unwrap_or_else(|| html.into_owned());
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(shown))
}

/// Writes values and error into the one form with this action. Where a page has several, or none, the error stands on top.
fn fill(html: &str, kept: &KeptForm) -> Option<String> {
    let is_one = html.matches(&format!("action=\"{}\"", kept.action)).count() == 1;
    let form = format!("form[action=\"{}\"]", kept.action);
    let filled = if is_one {
        let wrong = wrong_field(html, kept, &form);
        wrong.and_then(|wrong| with_values(html, kept, &form, wrong.as_deref()))
    } else {
        with_notice(html, kept, "main > header")
    };
    filled.inspect_err(|error| tracing::error!(%error, "a kept form was not written into its page")).ok()
}

/// The id of the field whose label the sentence begins with, as in `Amount: give …`.
fn wrong_field(html: &str, kept: &KeptForm, form: &str) -> Result<Option<String>, RewritingError> {
    let Some((label, _)) = kept.sentence.split_once(':') else { return Ok(None) };
    let (labelled, wrong) = (RefCell::new(None), RefCell::new(None));
    let labels = format!("{form} label[for]");
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!(labels, |found| {
            *labelled.borrow_mut() = found.get_attribute("for");
            Ok(())
        }))
        .append_element_content_handler(text!(labels, |text| {
            if text.as_str().trim_start().starts_with(label) && wrong.borrow().is_none() {
                *wrong.borrow_mut() = labelled.borrow_mut().take();
            }
            Ok(())
        }));
    rewrite_str(html, settings)?;
    Ok(wrong.into_inner())
}

fn with_values(
    html: &str,
    kept: &KeptForm,
    form: &str,
    wrong: Option<&str>,
) -> Result<String, RewritingError> {
    let select = RefCell::new(String::new());
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!(form, |found| {
            if wrong.is_none() {
                found.prepend(&kept.notice(), ContentType::Html);
            }
            Ok(())
        }))
        .append_element_content_handler(element!(format!("{form} input[name]"), |found| {
            kept.fill_input(found, wrong)
        }))
        .append_element_content_handler(element!(format!("{form} textarea[name]"), |found| {
            if let Some(text) = kept.values(found).first() {
                found.set_inner_content(text, ContentType::Text);
            }
            kept.mark(found, wrong)
        }))
        .append_element_content_handler(element!(format!("{form} select[name]"), |found| {
            *select.borrow_mut() = found.get_attribute("name").unwrap_or_default();
            kept.mark(found, wrong)
        }))
        .append_element_content_handler(element!(format!("{form} select option[value]"), |found| {
            let own = found.get_attribute("value").unwrap_or_default();
            let is_chosen =
                kept.fields.iter().any(|(name, value)| *name == *select.borrow() && *value == own);
            choose(found, "selected", is_chosen)
        }));
    rewrite_str(html, settings)
}

fn with_notice(html: &str, kept: &KeptForm, after: &str) -> Result<String, RewritingError> {
    let head = element!(after, |head| {
        head.after(&kept.notice(), ContentType::Html);
        Ok(())
    });
    rewrite_str(html, RewriteStrSettings::new().append_element_content_handler(head))
}

impl KeptForm {
    fn notice(&self) -> String {
        format!("<p class=\"notice notice-bad\" role=\"alert\">{}</p>", escaped(&self.sentence))
    }

    fn values(&self, found: &Element<'_, '_>) -> Vec<&str> {
        let name = found.get_attribute("name").unwrap_or_default();
        self.fields.iter().filter(|field| field.0 == name).map(|field| field.1.as_str()).collect()
    }

    fn fill_input(&self, found: &mut Element<'_, '_>, wrong: Option<&str>) -> HandlerResult {
        let (kind, typed) = (found.get_attribute("type").unwrap_or_default(), self.values(found));
        match kind.as_str() {
            "hidden" | "password" | "file" => {}
            "checkbox" | "radio" => {
                let own = found.get_attribute("value").unwrap_or_else(|| "on".to_owned());
                choose(found, "checked", typed.contains(&own.as_str()))?;
            }
            _ => {
                if let Some(value) = typed.first() {
                    found.set_attribute("value", &escaped(value))?;
                }
            }
        }
        self.mark(found, wrong)
    }

    /// Marks the field in which the error is, and says it below.
    fn mark(&self, found: &mut Element<'_, '_>, wrong: Option<&str>) -> HandlerResult {
        let id = found.get_attribute("id");
        let (Some(id), true) = (&id, id.as_deref() == wrong && wrong.is_some()) else { return Ok(()) };
        let described =
            found.get_attribute("aria-describedby").map_or_else(String::new, |ids| format!(" {ids}"));
        found.set_attribute("aria-invalid", "true")?;
        found.set_attribute("aria-describedby", &format!("{id}-error{described}"))?;
        found.set_attribute("autofocus", "")?;
        let sentence = escaped(&self.sentence);
        found.after(
            &format!("<p class=\"error\" id=\"{id}-error\" role=\"alert\">{sentence}</p>"),
            ContentType::Html,
        );
        Ok(())
    }
}

fn choose(found: &mut Element<'_, '_>, attribute: &str, is_chosen: bool) -> HandlerResult {
    if is_chosen {
        found.set_attribute(attribute, "")?;
    } else {
        found.remove_attribute(attribute);
    }
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<main><header><h1>Recipients</h1></header><form action="/dashboard/users/pay">
        <input type="hidden" name="csrf" value="new"><label for="amount">Amount ($)</label><input id="amount" name="amount" aria-describedby="hint">
        <label for="note">Note</label><textarea id="note" name="note"></textarea><select name="unit"><option value="a" selected>A</option><option value="b">B</option></select>
        <input type="checkbox" name="on"><input type="password" name="password"></form></main>"#;

    fn kept(sentence: &str) -> KeptForm {
        let fields = [
            ("amount", "1\"><b>&"),
            ("note", "</textarea><b>"),
            ("unit", "b"),
            ("on", "on"),
            ("csrf", "old"),
        ];
        KeptForm {
            page: "/dashboard/users".to_owned(),
            action: "/dashboard/users/pay".to_owned(),
            sentence: sentence.to_owned(),
            fields: fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        }
    }

    #[test]
    fn a_refused_form_keeps_its_values_and_has_the_error_beside_the_field() {
        let page = fill(PAGE, &kept("Amount: give <dollars>.")).unwrap();
        for part in [
            r#"value="1&quot;&gt;&lt;b&gt;&amp;""#,
            r#"aria-invalid="true""#,
            r#"aria-describedby="amount-error hint""#,
            r#"<p class="error" id="amount-error" role="alert">Amount: give &lt;dollars&gt;.</p>"#,
            r#"&lt;/textarea&gt;&lt;b&gt;</textarea>"#,
            r#"<option value="a">A"#,
            r#"<option value="b" selected"#,
            r#"<input type="checkbox" name="on" checked"#,
            r#"name="csrf" value="new""#,
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("<b>") && !page.contains("notice-bad"));
    }

    #[test]
    fn an_error_without_a_field_stands_at_the_head_of_the_form_or_page() {
        let page = fill(PAGE, &kept("The balance is too low.")).unwrap();
        assert!(
            page.contains("pay\"><p class=\"notice notice-bad\" role=\"alert\">The balance is too low.</p>"),
            "{page}"
        );
        let elsewhere = KeptForm { action: "/dashboard/other".to_owned(), ..kept("No.") };
        let page = fill(PAGE, &elsewhere).unwrap();
        assert!(
            page.contains("</header><p class=\"notice notice-bad\" role=\"alert\">No.</p>")
                && !page.contains("value=\"1"),
            "{page}"
        );
    }

    #[test]
    fn only_a_signed_form_without_secrets_is_kept_and_only_for_our_pages() {
        let secrets = Secrets::derive(&[1; 32]);
        let form = |page: &str| -> Form {
            let fields =
                [("page", page), ("amount", "5"), ("new_password", "x1"), ("csrf", "t"), ("code", "123456")];
            fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        let sent = keep(&secrets, "/dashboard/a", "No.", &form("/dashboard/users?q=1")).unwrap();
        assert_eq!(
            (sent.status(), &sent.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/dashboard/users?q=1".parse().unwrap())
        );
        let set = sent.headers()["set-cookie"].to_str().unwrap();
        let value = set.split(';').next().unwrap().to_owned();
        let headers = |value: &str| HeaderMap::from_iter([(http::header::COOKIE, value.parse().unwrap())]);
        let kept = pick_up(&secrets, &headers(&value)).unwrap();
        assert_eq!(kept.fields, [("amount".to_owned(), "5".to_owned())]);
        assert_eq!(pick_up(&Secrets::derive(&[2; 32]), &headers(&value)), None);
        for other in ["", "/p", "https://evil.example", "//evil.example", "/dashboards"] {
            assert!(keep(&secrets, "/dashboard/a", "No.", &form(other)).is_none(), "{other}");
        }
        let long: Form =
            [("page".to_owned(), "/dashboard".to_owned()), ("text".to_owned(), "x".repeat(4_000))]
                .into_iter()
                .collect();
        assert!(keep(&secrets, "/dashboard/a", "No.", &long).is_none(), "no cookie holds it");
    }
}
