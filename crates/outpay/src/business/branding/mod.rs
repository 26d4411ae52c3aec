//! How a business shows itself to the people it pays: a name, a colour (colour.rs), a logo (logo.rs), where to get help, and
//! which sites may show its pages in a frame (frame_origins.rs). Not here: the pages that show it. Invariant: a
//! [`Branding`] was validated, so a page can show it as it is.

mod colour;
mod frame_origins;
mod logo;

pub use colour::{Colour, STANDARD_COLOUR};
pub use frame_origins::FrameOrigins;
pub use logo::{LARGEST as LARGEST_LOGO, Logo, LogoName, LogoProblem};

use crate::audit_log;
use crate::line::Line;
use crate::platform::Platform;
use crate::store::{BrandingRow, Failure};
use ledger::Actor;
use serde_json::{Value, json};

const LONGEST_NAME: usize = 60;
const LONGEST_SUPPORT: usize = 200;
const LONGEST_URL: usize = 300;

/// A business as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branding {
    /// What people call it.
    pub display_name: String,
    /// Its colour.
    pub colour: Colour,
    /// How to get help, in a sentence; may be empty.
    pub support: String,
    /// Where to get help, a URL; may be empty.
    pub support_url: String,
    /// Origins that may show its pages in a frame; usually none.
    pub frame_origins: FrameOrigins,
}

/// Why a value is refused, with a sentence for the person who sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrandingProblem {
    #[error("The display name must have 1 to 60 printable characters.")]
    Name,
    /// The colour.
    #[error("The colour must be written as # and six hexadecimal digits, for example #4350d6.")]
    Colour,
    /// The help text.
    #[error("The support text may have at most 200 printable characters.")]
    Support,
    /// The help URL.
    #[error("The support URL must begin with https:// or mailto: and have at most 300 characters.")]
    SupportUrl,
    /// The sites that may frame its pages.
    #[error(
        "Sites that may show the page in a frame are written as https://shop.example, with spaces between them, at most five."
    )]
    FrameOrigins,
}

impl Branding {
    /// Checked texts.
    ///
    /// # Errors
    /// The first that will not do.
    pub fn new(texts: &BrandingRow) -> Result<Self, BrandingProblem> {
        let support_url = texts.support_url.trim();
        let display_name =
            Line::parse(&texts.display_name, LONGEST_NAME).map_err(|_| BrandingProblem::Name)?;
        let colour = Colour::parse(&texts.colour).ok_or(BrandingProblem::Colour)?;
        let support =
            Line::parse_or_empty(&texts.support, LONGEST_SUPPORT).map_err(|_| BrandingProblem::Support)?;
        let safe = ["https://", "mailto:"]
            .iter()
            .any(|scheme| support_url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        let plain =
            support_url.len() <= LONGEST_URL && support_url.bytes().all(|byte| byte.is_ascii_graphic());
        let is_link = safe && plain;
        if !support_url.is_empty() && !is_link {
            return Err(BrandingProblem::SupportUrl);
        }
        let frame_origins = FrameOrigins::parse(&texts.frame_origins).ok_or(BrandingProblem::FrameOrigins)?;
        Ok(Self {
            display_name: display_name.into(),
            colour,
            support: support.into(),
            support_url: support_url.to_owned(),
            frame_origins,
        })
    }

    /// The texts that make it.
    #[must_use]
    pub fn texts(&self) -> BrandingRow {
        BrandingRow {
            display_name: self.display_name.clone(),
            colour: self.colour.to_string(),
            support: self.support.clone(),
            support_url: self.support_url.clone(),
            frame_origins: self.frame_origins.to_string(),
        }
    }
}

/// A business's branding; its name and the standard colour where it has set none.
pub async fn of(platform: &Platform, business: i64) -> Result<Branding, Failure> {
    if let Some(row) = platform.store.branding(business).await? {
        return Ok(Branding {
            colour: Colour::parse(&row.colour).unwrap_or(STANDARD_COLOUR),
            frame_origins: FrameOrigins::parse(&row.frame_origins).unwrap_or_default(),
            display_name: row.display_name,
            support: row.support,
            support_url: row.support_url,
        });
    }
    let name = platform.store.business(business).await?.map(|business| business.name).unwrap_or_default();
    let short: String = name.chars().take(LONGEST_NAME).collect();
    Ok(Branding {
        display_name: short.trim_end().to_owned(),
        colour: STANDARD_COLOUR,
        support: String::new(),
        support_url: String::new(),
        frame_origins: FrameOrigins::default(),
    })
}

/// Sets it from now on, with an entry in the audit log; what is so already changes nothing.
pub async fn set(platform: &Platform, business: i64, by: Actor, branding: &Branding) -> Result<(), Failure> {
    let before = of(platform, business).await?;
    if before == *branding {
        return Ok(());
    }
    let detail = json!({ "from": as_json(&before), "to": as_json(branding) });
    let entry = audit_log::in_business(platform, business, by, "settings.branding_changed", "", &detail);
    platform.store.set_branding(business, &branding.texts(), &entry).await
}

fn as_json(branding: &Branding) -> Value {
    let texts = branding.texts();
    json!({ "display_name": texts.display_name, "colour": texts.colour, "support": texts.support,
        "support_url": texts.support_url, "frame_origins": texts.frame_origins })
}

/// The name of a business's logo, if it has one.
pub async fn logo_of(platform: &Platform, business: i64) -> Result<Option<LogoName>, Failure> {
    let name = platform.store.logo_name(business).await?;
    Ok(name.as_deref().and_then(LogoName::parse))
}

/// Shows this logo from now on, or none, with an entry in the audit log; what is so already changes nothing.
pub async fn set_logo(
    platform: &Platform,
    business: i64,
    by: Actor,
    logo: Option<&Logo>,
) -> Result<(), Failure> {
    let (before, name) = (logo_of(platform, business).await?, logo.map(Logo::name));
    if before.as_ref() == name {
        return Ok(());
    }
    let detail = json!({ "from": before.as_ref().map(LogoName::as_str), "to": name.map(LogoName::as_str) });
    let entry = audit_log::in_business(platform, business, by, "settings.logo_changed", "", &detail);
    let row = logo.map(|logo| (logo.name().as_str(), logo.bytes()));
    platform.store.set_logo(business, row, &entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> BrandingRow {
        BrandingRow {
            display_name: " Shop ".to_owned(),
            colour: "#0A7D5C".to_owned(),
            support: "Ask us.".to_owned(),
            support_url: "mailto:help@example.com".to_owned(),
            frame_origins: "https://shop.example".to_owned(),
        }
    }

    #[test]
    fn what_will_do_is_cleaned() {
        let good = Branding::new(&texts()).unwrap();
        assert_eq!((good.display_name.as_str(), good.colour.to_string().as_str()), ("Shop", "#0a7d5c"));
        assert_eq!(Branding::new(&good.texts()), Ok(good));
    }

    #[test]
    fn what_will_not_do_is_named() {
        let problem = |change: fn(&mut BrandingRow)| {
            let mut texts = texts();
            change(&mut texts);
            Branding::new(&texts).unwrap_err()
        };
        assert_eq!(problem(|texts| texts.display_name = " ".to_owned()), BrandingProblem::Name);
        assert_eq!(problem(|texts| texts.display_name = "a\nb".to_owned()), BrandingProblem::Name);
        assert_eq!(problem(|texts| texts.colour = "black".to_owned()), BrandingProblem::Colour);
        assert_eq!(problem(|texts| texts.support = "x".repeat(201)), BrandingProblem::Support);
        assert_eq!(problem(|texts| texts.frame_origins = "*".to_owned()), BrandingProblem::FrameOrigins);
        for url in ["javascript:alert(1)", "http://x", "https://", "https://a b", "//x"] {
            let texts = BrandingRow { support_url: url.to_owned(), ..texts() };
            assert_eq!(Branding::new(&texts), Err(BrandingProblem::SupportUrl), "{url}");
        }
    }
}
