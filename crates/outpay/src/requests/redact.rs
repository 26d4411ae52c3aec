//! Removes secrets from bodies. A body is parsed as JSON, so that no notation (escapes, white space, field order) can
//! hide a secret; a body that is not JSON is not kept. Redacted are the values of fields with a name like a secret's,
//! and any text anywhere that looks like a key, hash, token or signature. E-mail addresses are kept.

use serde_json::{Map, Value};

/// Replaces a secret.
pub const REDACTED: &str = "[redacted]";
/// Of a redacted body, in bytes.
const LONGEST: usize = 2 * 1024;
/// Levels of JSON inside a JSON string.
const DEEPEST: usize = 3;
/// A field whose name contains one of these holds a secret.
const SECRET_NAMES: [&str; 18] = [
    "hash",
    "token",
    "secret",
    "passw",
    "passphrase",
    "pin",
    "code",
    "key",
    "auth",
    "signature",
    "mnemonic",
    "seed",
    "private",
    "credential",
    "session",
    "cookie",
    "cvv",
    "cvc",
];
/// Prefixes of our own secrets.
const PREFIXES: [&str; 6] = ["sk_live_", "sk_test_", "pk_live_", "pk_test_", "whsec_", "wht_"];
/// Longest word without a separator that is not a secret …
const LONGEST_WORD: usize = 23;
/// … and with hyphens and underscores.
const LONGEST_COMPOUND: usize = 39;

/// A redacted body. `is_error`: it is an error response, whose `code` is one of our constants.
#[must_use]
pub fn body(bytes: &[u8], is_error: bool) -> String {
    if bytes.is_empty() {
        return String::new();
    }
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else {
        return format!("({} bytes that are not JSON)", bytes.len());
    };
    let mut text = json(value, is_error, 0).to_string();
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push('…');
    }
    text
}

/// The redacted `{id}` of a path.
#[must_use]
pub fn path_id(id: &str) -> &str {
    if is_public(id) { id } else { REDACTED }
}

fn json(value: Value, is_error: bool, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(string(&text, depth)),
        Value::Array(items) => items.into_iter().map(|item| json(item, is_error, depth)).collect(),
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let value = if is_error && is_our_code(&name, &value) {
                    value
                } else if is_secret_name(&name) {
                    emptied(value)
                } else {
                    json(value, is_error, depth)
                };
                (words(&name), value)
            };
            Value::Object(fields.into_iter().map(field).collect::<Map<_, _>>())
        }
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// Redacts the value of a secret's field, whatever its type.
fn emptied(value: Value) -> Value {
    match value {
        plain @ (Value::Null | Value::Bool(_)) => plain,
        _ => REDACTED.into(),
    }
}

/// `"code":"insufficient_balance"` of a response.
fn is_our_code(name: &str, value: &Value) -> bool {
    let is_word = |text: &str| text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    name == "code" && value.as_str().is_some_and(is_word)
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part))
}

/// A string can contain JSON again, as the body of a delivery does.
fn string(text: &str, depth: usize) -> String {
    let opens = text.trim_start().starts_with(['{', '[', '"']);
    match serde_json::from_str::<Value>(text) {
        Ok(value) if opens && depth < DEEPEST => json(value, false, depth + 1).to_string(),
        Ok(_) if opens => REDACTED.to_owned(),
        _ => words(text),
    }
}

/// Redacts the words that look like secrets.
fn words(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_a_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        kept.push_str(if is_secret(word) { REDACTED } else { word });
        let next = after.find(is_of_a_word).unwrap_or(after.len());
        kept.push_str(&after[..next]);
        rest = &after[next..];
    }
    kept
}

/// The characters of keys, hashes and the usual encodings of bytes.
fn is_of_a_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || "+/=_-".contains(character)
}

fn is_secret(word: &str) -> bool {
    if is_public(word) {
        return false;
    }
    let longest = word.split(['_', '-']).map(str::len).max().unwrap_or(0);
    longest > LONGEST_WORD
        || word.len() > LONGEST_COMPOUND
        || PREFIXES.iter().any(|prefix| word.to_ascii_lowercase().contains(prefix))
}

/// A public id (a UUID, usually with a prefix; `CRX-` and 32 digits), or an account on a chain.
fn is_public(word: &str) -> bool {
    let is_hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit());
    let is_uuid = |text: &str| {
        let lengths: Vec<usize> = text.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && text.split('-').all(is_hex)
    };
    let prefixed = word.split_once('_').is_some_and(|(prefix, uuid)| {
        prefix.len() == 3 && prefix.bytes().all(|b| b.is_ascii_lowercase()) && is_uuid(uuid)
    });
    let order = word.split_once('-').is_some_and(|(prefix, digits)| {
        (2..=4).contains(&prefix.len())
            && prefix.bytes().all(|b| b.is_ascii_uppercase())
            && digits.len() == 32
            && is_hex(digits)
    });
    let account = word.strip_prefix("0x").is_some_and(|digits| digits.len() == 40 && is_hex(digits));
    prefixed || order || account || is_uuid(word)
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
