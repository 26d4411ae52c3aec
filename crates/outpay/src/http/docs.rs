//! `GET /docs`: the OpenAPI document as one page, without scripts and external files, so that it works offline and under a
//! strict policy. It is made once, of the document alone: an operation that is documented is on it. Not here: how fields are listed
//! (docs/fields.rs), the samples (docs/samples.rs).

mod fields;
mod samples;

use super::{openapi, routes};
use crate::web::fixed_text::FixedText;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use std::fmt::Write;
use std::sync::LazyLock;

const HEAD: &str = concat!(
    "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Outpay API</title><style>",
    include_str!("docs/page.css"),
    "</style></head><body>",
);

/// Why writing cannot fail.
const FITS: &str = "a String takes any text";

/// Get the documentation page.
///
/// This document as one page for people, without scripts and files of other hosts.
#[utoipa::path(get, path = "/docs", tag = "Operation", operation_id = "getDocs", responses(
    (status = 200, description = "HTML", body = String, content_type = "text/html", headers(("ETag" = String, description = "Send it back as If-None-Match"))),
    (status = 304, description = "Not changed since the ETag in If-None-Match"),
))]
pub async fn docs(asked: HeaderMap) -> Response {
    let mut response = PAGE.response(&asked);
    let policy = "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

static PAGE: LazyLock<FixedText> =
    LazyLock::new(|| FixedText::new("text/html; charset=utf-8", page(&openapi::value())));

/// One operation with what names it.
struct OneOperation<'a> {
    path: &'a str,
    method: &'a str,
    entry: &'a Value,
}

impl OneOperation<'_> {
    fn id(&self) -> &str {
        self.entry["operationId"].as_str().unwrap_or_default()
    }

    /// Without its full stop, for headings.
    fn summary(&self) -> &str {
        self.entry["summary"].as_str().unwrap_or_default().trim_end_matches('.')
    }
}

fn page(document: &Value) -> String {
    let mut html = String::from(HEAD);
    let groups = groups(document);
    contents(&mut html, &groups);
    html.push_str("<main><header><h1>Outpay API</h1>");
    let introduction = document["info"]["description"].as_str().unwrap_or_default();
    let version = document["info"]["version"].as_str().unwrap_or_default();
    write!(html, "<p class=\"meta\">Version {}. For programs: <a href=\"/openapi.json\">OpenAPI 3.1</a>, <a href=\"/openapi-3.0.json\">3.0</a>.</p>", escape(version)).expect(FITS);
    html.push_str("</header><section class=\"text\">");
    text(&mut html, introduction);
    html.push_str("<h2 id=\"samples\">Samples</h2><p>The samples read where the server is and the credential from the environment:</p><pre>");
    html.push_str(&escape(samples::SETTING));
    html.push_str("</pre></section>");
    for (tag, description, operations) in &groups {
        write!(
            html,
            "<section class=\"group\"><h2 id=\"{}\">{}</h2><p>{}</p></section>",
            anchor(tag),
            escape(tag),
            inline(description)
        )
        .expect(FITS);
        for operation in operations {
            section(&mut html, operation, document);
        }
    }
    webhooks(&mut html, document);
    codes(&mut html, document);
    html.push_str("</main></body></html>\n");
    html
}

/// The operations of each tag, in the order of the tags and of the endpoint table.
fn groups(document: &Value) -> Vec<(&str, &str, Vec<OneOperation<'_>>)> {
    let all = || {
        let paths = document["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flatten();
            methods.map(move |(method, entry)| OneOperation { path, method, entry })
        })
    };
    let rows = routes::callers().into_iter();
    let order: Vec<(String, String)> = rows.map(|(method, path, _)| (method.to_string(), path)).collect();
    let tags = document["tags"].as_array().into_iter().flatten();
    let group = |tag: &'_ Value| {
        let name = tag["name"].as_str().unwrap_or_default().to_owned();
        let mut of_tag: Vec<_> = all().filter(|one| one.entry["tags"][0] == name.as_str()).collect();
        of_tag.sort_by_key(|one| {
            order.iter().position(|row| *row == (one.method.to_uppercase(), one.path.to_owned()))
        });
        of_tag
    };
    tags.map(|tag| {
        let word = |field: &str| tag[field].as_str().unwrap_or_default();
        (word("name"), word("description"), group(tag))
    })
    .filter(|(_, _, operations)| !operations.is_empty())
    .collect()
}

fn contents(html: &mut String, groups: &[(&str, &str, Vec<OneOperation<'_>>)]) {
    html.push_str("<nav aria-label=\"Contents\"><details open><summary>Contents</summary><fieldset><legend>Samples in</legend>");
    for (at, (language, name)) in samples::LANGUAGES.iter().enumerate() {
        let checked = if at == 0 { " checked" } else { "" };
        write!(
            html,
            "<label><input type=\"radio\" name=\"language\" id=\"in-{language}\"{checked}>{name}</label>"
        )
        .expect(FITS);
    }
    html.push_str("</fieldset><ul><li><a href=\"#top\">Introduction</a></li>");
    for (tag, _, operations) in groups {
        write!(html, "<li><a href=\"#{}\">{}</a><ul>", anchor(tag), escape(tag)).expect(FITS);
        for one in operations {
            let (id, method, summary) = (one.id(), one.method, escape(one.summary()));
            write!(
                html,
                "<li><a href=\"#{id}\"><span class=\"verb {method}\">{method}</span> {summary}</a></li>"
            )
            .expect(FITS);
        }
        html.push_str("</ul></li>");
    }
    html.push_str("<li><a href=\"#webhook-events\">Webhook events</a></li><li><a href=\"#error-codes\">Error codes</a></li></ul></details></nav>");
}

fn section(html: &mut String, one: &OneOperation<'_>, document: &Value) {
    let (id, entry) = (one.id(), one.entry);
    let verb = one.method.to_uppercase();
    write!(
        html,
        "<section class=\"operation\" id=\"{id}\"><div class=\"told\"><h3>{}</h3>",
        escape(one.summary())
    )
    .expect(FITS);
    write!(html, "<p class=\"route {}\"><code>{verb} {}</code></p>", one.method, escape(one.path))
        .expect(FITS);
    text(html, entry["description"].as_str().unwrap_or_default());
    write!(html, "<p class=\"credential\">{}</p>", credential(entry)).expect(FITS);
    let once =
        entry["parameters"].as_array().into_iter().flatten().any(|one| one["name"] == "Idempotency-Key");
    if once {
        html.push_str("<p class=\"credential\">A repeat under the same <code>Idempotency-Key</code> gets the first answer again.</p>");
    }
    fields::parameters(html, entry, document);
    fields::body(html, entry, document);
    fields::answers(html, entry, document);
    html.push_str("</div><div class=\"samples\">");
    for ((language, name), sample) in samples::LANGUAGES.iter().zip(samples::of(one)) {
        write!(html, "<figure class=\"sample {language}\"><figcaption>{name}</figcaption><pre data-of=\"{id}\">{}</pre></figure>", escape(&sample)).expect(FITS);
    }
    if let Some((status, answer)) = samples::answer(entry, document) {
        write!(
            html,
            "<figure><figcaption>Answer {status}</figcaption><pre>{}</pre></figure>",
            escape(&answer)
        )
        .expect(FITS);
    }
    html.push_str("</div></section>");
}

/// Who may call it, in words.
fn credential(entry: &Value) -> String {
    let first = entry["security"][0].as_object().and_then(|one| one.iter().next());
    match first {
        None => "No credential.".to_owned(),
        Some((scheme, scopes)) if scheme == "secret_key" => {
            let scope = escape(scopes[0].as_str().unwrap_or_default());
            format!("Secret key with the scope <code>{scope}</code>.")
        }
        Some(_) => "Payout hash, in <code>X-Payout-Hash</code>.".to_owned(),
    }
}

fn webhooks(html: &mut String, document: &Value) {
    html.push_str(
        "<section class=\"operation\"><div class=\"told\"><h2 id=\"webhook-events\">Webhook events</h2>",
    );
    html.push_str("<p>Sent by POST to every webhook that asked for them, signed. Answer 200 within 30 seconds; verify one of the two signatures; expect repeats.</p>");
    let hooks = document["webhooks"].as_object().into_iter().flatten();
    let mut shapes: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, hook) in hooks {
        let schema = &hook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        let shape = schema.as_str().and_then(|place| place.rsplit('/').next()).unwrap_or_default();
        match shapes.iter_mut().find(|(known, _)| *known == shape) {
            Some((_, names)) => names.push(name),
            None => shapes.push((shape, vec![name])),
        }
    }
    shapes.sort_by_key(|(_, names)| names.len());
    for (shape, names) in shapes {
        write!(html, "<h3>{shape}</h3><p class=\"words\">").expect(FITS);
        names.iter().for_each(|name| write!(html, "<code>{name}</code> ").expect(FITS));
        html.push_str("</p>");
        fields::of_schema(html, &document["components"]["schemas"][shape], document);
    }
    let hook = &document["webhooks"]["payout.succeeded"]["post"];
    html.push_str("<h3>Headers</h3>");
    fields::parameters(html, hook, document);
    let example = &hook["requestBody"]["content"]["application/json"]["example"];
    let example = serde_json::to_string_pretty(example).unwrap_or_default();
    write!(html, "</div><div class=\"samples\"><figure><figcaption>payout.succeeded</figcaption><pre>{}</pre></figure></div></section>", escape(&example)).expect(FITS);
}

fn codes(html: &mut String, document: &Value) {
    html.push_str("<section class=\"text\"><h2 id=\"error-codes\">Error codes</h2><p>All values of <code>code</code>. A client that meets another one treats it by the status.</p><p class=\"words\">");
    let words = document["components"]["schemas"]["ErrorCode"]["enum"].as_array().into_iter().flatten();
    words.filter_map(Value::as_str).for_each(|word| write!(html, "<code>{word}</code> ").expect(FITS));
    html.push_str("</p></section>");
}

/// Paragraphs and headings.
fn text(html: &mut String, markdown: &str) {
    for paragraph in markdown.split("\n\n") {
        let (heading, rest) = match paragraph.split_once('\n') {
            Some((first, rest)) if first.starts_with('#') => (Some(first), rest),
            _ if paragraph.starts_with('#') => (Some(paragraph), ""),
            _ => (None, paragraph),
        };
        if let Some(heading) = heading {
            let heading = heading.trim_start_matches('#').trim();
            write!(html, "<h2 id=\"{}\">{}</h2>", anchor(heading), escape(heading)).expect(FITS);
        }
        if !rest.is_empty() {
            write!(html, "<p>{}</p>", inline(rest)).expect(FITS);
        }
    }
}

/// Words in backticks become code.
fn inline(text: &str) -> String {
    let pieces = text.split('`').enumerate();
    pieces
        .map(
            |(at, piece)| if at % 2 == 1 { format!("<code>{}</code>", escape(piece)) } else { escape(piece) },
        )
        .collect()
}

fn anchor(words: &str) -> String {
    words.to_lowercase().replace(|character: char| !character.is_ascii_alphanumeric(), "-")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
