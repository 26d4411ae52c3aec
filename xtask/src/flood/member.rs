//! A member of a team who signs in again and again, from a browser that was signed in before, while others guess passwords.

use std::net::{IpAddr, SocketAddr};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use data_encoding::BASE32_NOPAD;
use serde_json::Value;
use tokio::net::TcpSocket;

use crate::client::{Answer, Connection, form};
use crate::outpay::{Business, Outpay};

pub const EMAIL: &str = "member@example.com";
const PASSWORD: &str = "four words make one";

pub struct Member {
    server: SocketAddr,
    from: IpAddr,
    /// The cookie by which the server knows the browser.
    device: String,
}

impl Member {
    /// Invites a member, who chooses a password, sets up the second factor, and so makes the browser known.
    pub async fn join(
        outpay: &Outpay,
        business: &Business,
        server: SocketAddr,
        from: IpAddr,
    ) -> Result<Self> {
        let invited = outpay.run(&["dashboard", "invite", &business.id, EMAIL, "--json"]).await?;
        let invited: Value = serde_json::from_str(&invited)?;
        let token = invited["link"].as_str().and_then(|link| link.split_once('#')).context("a link")?.1;
        let mut connection = connect(server, from).await?;
        let fields =
            [("token", token), ("name", "Ada"), ("password", PASSWORD), ("password_again", PASSWORD)];
        let accepted = connection.exchange(&form("/dashboard/invitation/accept", "", &fields)).await?;
        let session = cookie(&accepted, 303)?;
        let page = connection.get("/dashboard/enrolment", &[("Cookie", &session)]).await?;
        let html = String::from_utf8_lossy(page.body()).into_owned();
        let key = between(&html, "<dd class=\"mono\">", "<")?.replace(char::is_whitespace, "");
        let csrf = between(&html, "name=\"csrf\" value=\"", "\"")?;
        let fields = [("csrf", csrf), ("code", &code(&key)?)];
        let enrolled = connection.exchange(&form("/dashboard/enrolment", &session, &fields)).await?;
        let cookies = enrolled.headers("set-cookie");
        let device = cookies.iter().find(|cookie| cookie.contains("outpay_device")).context("a device")?;
        Ok(Self { server, from, device: value(device) })
    }

    /// Gives the password, on a new connection.
    pub async fn sign_in(&self) -> Result<()> {
        let fields = [("email", EMAIL), ("password", PASSWORD)];
        let request = form("/dashboard/sign-in", &self.device, &fields);
        let answer = connect(self.server, self.from).await?.exchange(&request).await?;
        ensure!(answer.status == 303, "signing in: {}", answer.status);
        Ok(())
    }
}

async fn connect(server: SocketAddr, from: IpAddr) -> Result<Connection> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    Ok(Connection::over(socket.connect(server).await?))
}

/// The cookie that an answer with this status sets.
fn cookie(answer: &Answer, status: u16) -> Result<String> {
    ensure!(answer.status == status, "expected status {status}, not {answer}");
    Ok(value(&answer.header("set-cookie").context("a cookie")?))
}

/// Name and value of a cookie, without its attributes.
fn value(cookie: &str) -> String {
    cookie.split(';').next().unwrap_or_default().to_owned()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Result<&'a str> {
    let rest = text.split_once(before).with_context(|| format!("no {before} in the page"))?.1;
    Ok(rest.split_once(after).with_context(|| format!("no {after} after {before}"))?.0)
}

/// What an authenticator app shows now.
fn code(key: &str) -> Result<String> {
    let key = BASE32_NOPAD.decode(key.as_bytes()).context("a TOTP key")?;
    let totp = totp_rs::Builder::new().with_secret(key).build()?;
    #[allow(clippy::disallowed_methods, reason = "a code belongs to the machine's time")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(totp.generate(now).to_string())
}
