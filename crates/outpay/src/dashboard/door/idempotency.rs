//! Idempotency keys of forms that move money: a random token, made when the page is shown. A form that is sent twice takes
//! effect once.

use crate::dashboard::door::declined::Declined;
use crate::platform::Platform;
use crate::web::form::Form;
use data_encoding::HEXLOWER;
use ledger::OnceKey;

/// A new token for the hidden field `once`.
#[must_use]
pub fn token(platform: &Platform) -> String {
    let mut bytes = [0; 16];
    platform.entropy.fill(&mut bytes);
    HEXLOWER.encode(&bytes)
}

/// The idempotency key of a form.
pub fn key(form: &Form) -> Result<OnceKey, Declined> {
    let token = form.get("once");
    if token.len() != 32 || HEXLOWER.decode(token.as_bytes()).is_err() {
        return Err(Declined::sentence("This form is incomplete. Reload the page and try again."));
    }
    Ok(OnceKey::of_form(token))
}
