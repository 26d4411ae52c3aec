//! A logged request as a `curl` command. The key is a shell variable, because the log does not know it.

use crate::store::RequestLine;

/// `curl …` with `$OUTPAY_URL` and `$OUTPAY_KEY`, or `$OUTPAY_HASH` for a recipient's request.
#[must_use]
pub fn line(request: &RequestLine) -> String {
    let path = request.route.replace("{id}", &request.path_id);
    let (header, variable) = if request.key == 0 {
        ("X-Payout-Hash: ", "OUTPAY_HASH")
    } else {
        ("Authorization: Bearer ", "OUTPAY_KEY")
    };
    let mut text =
        format!("curl -X {} \"$OUTPAY_URL\"{} -H \"{header}${variable}\"", request.method, quoted(&path));
    // A truncated body could not be sent again.
    if serde_json::from_str::<serde_json::Value>(&request.request).is_ok() {
        text += &format!(" -H 'Content-Type: application/json' -d {}", quoted(&request.request));
    }
    text
}

/// In single quotes, so that a shell expands nothing.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(key: i64, body: &str) -> RequestLine {
        let text = str::to_owned;
        RequestLine {
            book: ledger::BookId(2),
            at: 0,
            request_id: text("req_1"),
            key,
            payout_user: i64::from(key == 0),
            method: text("POST"),
            route: text("/payout/users/{id}/debit"),
            path_id: text("usr_1"),
            status: 200,
            micros: 0,
            skipped: 0,
            request: text(body),
            response: String::new(),
        }
    }

    #[test]
    fn nothing_in_a_body_can_leave_its_quotes() {
        assert_eq!(
            line(&request(7, r#"{"reason":"it's; rm -rf $HOME"}"#)),
            r#"curl -X POST "$OUTPAY_URL"'/payout/users/usr_1/debit' -H "Authorization: Bearer $OUTPAY_KEY" -H 'Content-Type: application/json' -d '{"reason":"it'\''s; rm -rf $HOME"}'"#
        );
    }

    #[test]
    fn a_person_s_request_takes_a_hash_and_a_cut_body_is_left_out() {
        assert_eq!(
            line(&request(0, "{\"a\":…")),
            r#"curl -X POST "$OUTPAY_URL"'/payout/users/usr_1/debit' -H "X-Payout-Hash: $OUTPAY_HASH""#
        );
    }
}
