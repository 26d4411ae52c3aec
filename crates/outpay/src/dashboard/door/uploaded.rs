//! A POST with a file (multipart), checked like every other POST. The file may also be pasted into the field `text`. It is
//! bounded in size and read as a whole, because its checks need all lines.

use crate::dashboard::door::declined::Declined;
use crate::dashboard::door::posted::{FormSender, forged};
use crate::dashboard::door::signed_in::SignedIn;
use crate::platform::Platform;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use std::collections::BTreeMap;
use std::time::Duration;

/// In bytes: room for a hundred thousand payments.
pub const LARGEST: usize = 8 * 1024 * 1024;
const MOST_PARTS: usize = 20;
const LONGEST_WAIT: Duration = Duration::from_secs(60);

pub struct Uploaded {
    pub who: SignedIn,
    /// The file name without control characters; empty where the text was pasted.
    pub name: String,
    file: Vec<u8>,
    fields: BTreeMap<String, String>,
}

impl Uploaded {
    /// The file, or the pasted text where there is none.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        if self.file.is_empty() {
            self.fields.get("text").map(String::as_bytes).unwrap_or_default()
        } else {
            &self.file
        }
    }

    /// A field of the form; empty where it was not sent.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }

    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }
}

impl FromRequest<Platform> for Uploaded {
    type Rejection = Response;

    async fn from_request(request: Request, platform: &Platform) -> Result<Self, Response> {
        let (mut parts, body) = request.into_parts();
        SignedIn::from_request_parts(&mut parts, platform).await?;
        let headers = parts.headers.clone();
        let mut again = parts.clone();
        let request = Request::from_parts(parts, body);
        let read = tokio::time::timeout(LONGEST_WAIT, read(request)).await;
        let (name, file, fields) =
            read.map_err(|_| not_arrived()).flatten().map_err(IntoResponse::into_response)?;
        // As in posted.rs: session and role may have changed while the file arrived.
        let who = SignedIn::from_request_parts(&mut again, platform).await?;
        let sent = fields.get("csrf").map(String::as_str).unwrap_or_default();
        if !who.has_sent(&headers, sent) {
            return Err(forged(platform, &again.extensions, who.member()).into_response());
        }
        Ok(Self { who, name, file, fields })
    }
}

type UploadedParts = (String, Vec<u8>, BTreeMap<String, String>);

async fn read(request: Request) -> Result<UploadedParts, Declined> {
    let mut multipart = Multipart::from_request(request, &()).await.map_err(|_| {
        Declined::Sentence(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Upload the file with the form on this page.".to_owned(),
        )
    })?;
    let (mut name, mut file, mut fields) = (String::new(), Vec::new(), BTreeMap::new());
    for _ in 0..MOST_PARTS {
        let Some(part) = multipart.next_field().await.map_err(|error| wrong(&error))? else {
            return Ok((name, file, fields));
        };
        let field = part.name().unwrap_or_default().to_owned();
        if field == "file" {
            name = part.file_name().map(clean).unwrap_or_default();
            file = part.bytes().await.map_err(|error| wrong(&error))?.to_vec();
        } else {
            let text = part.text().await.map_err(|error| wrong(&error))?;
            fields.insert(field, if text.contains('\0') { String::new() } else { text });
        }
    }
    Err(not_arrived())
}

fn clean(name: &str) -> String {
    name.chars().filter(|character| !character.is_control()).take(100).collect()
}

fn wrong(error: &axum::extract::multipart::MultipartError) -> Declined {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        let sentence =
            format!("Nothing larger than {} MiB is read here. Nothing was done.", LARGEST / 1024 / 1024);
        return Declined::Sentence(StatusCode::PAYLOAD_TOO_LARGE, sentence);
    }
    not_arrived()
}

fn not_arrived() -> Declined {
    Declined::sentence("The upload was interrupted. Nothing was done; upload the file again.")
}
