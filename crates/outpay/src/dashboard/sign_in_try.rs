//! Address and password were sent. A wrong address and a wrong password get the same answer.

use super::sign_in;
use super::stop::Stop;
use super::visitor::{self, Sent};
use crate::members::sign_in::{Attempt, SignInError, with_password};
use crate::web::page;
use axum::response::Response;
use http::StatusCode;
use secrecy::SecretString;

pub(super) const WRONG: &str = "The e-mail address or the password is wrong.";

/// See the module.
///
/// # Errors
/// [`Stop`].
pub async fn handle(sent: Sent) -> Result<Response, Stop> {
    let Sent { visitor, form } = sent;
    let (email, password) = (form.get("email"), SecretString::from(form.get("password")));
    let attempt = Attempt { email, password: &password, client: &visitor.client, device: visitor.device() };
    match with_password(&visitor.platform, &attempt, visitor.session.as_ref()).await {
        Ok(step) => {
            let mut response = page::see_other(visitor::next(&step));
            visitor::give(&mut response, &step);
            Ok(response)
        }
        Err(SignInError::Failure(failure)) => Err(failure.into()),
        Err(SignInError::Wait(time)) => {
            let (status, sentence) = visitor::wait(time);
            Ok(sign_in::show(status, email, Some(&sentence)))
        }
        Err(SignInError::Wrong | SignInError::Over) => {
            Ok(sign_in::show(StatusCode::UNPROCESSABLE_ENTITY, email, Some(WRONG)))
        }
    }
}
