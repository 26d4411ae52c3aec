//! Forms that move money carry a token of their own, made when the page was shown: a form that is sent twice takes effect
//! once, as with an idempotency key.

use crate::dashboard::door::declined::Declined;
use crate::platform::Platform;
use crate::web::form::Form;
use data_encoding::HEXLOWER;
use ledger::OnceKey;

/// A new token, for the field `once`.
#[must_use]
pub fn token(platform: &Platform) -> String {
    let mut bytes = [0; 16];
    platform.entropy.fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}

/// The key that the form's token stands for.
pub fn key(form: &Form) -> Result<OnceKey, Declined> {
    let token = form.get("once");
    if token.len() != 32 || HEXLOWER.decode(token.as_bytes()).is_err() {
        return Err(Declined::sentence("This form is incomplete. Load the page again and try once more."));
    }
    Ok(OnceKey::of_form(token))
}
