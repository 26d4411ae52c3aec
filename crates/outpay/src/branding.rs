//! How a business shows itself to the people it pays: a name, a colour, and where to get help. Not here: the pages that
//! show it. Invariant: a colour is `#rrggbb` and nothing else, so it can stand in a style sheet and a path; text on it, and
//! it as text, are readable in both themes (WCAG, 4.5 : 1).

use crate::platform::Platform;
use crate::store::{BrandingRow, Failure};

/// The colour of whoever has set none.
pub const STANDARD_COLOUR: Colour = Colour([0x43, 0x50, 0xd6]);
const LONGEST_NAME: usize = 60;
const LONGEST_SUPPORT: usize = 200;
const LONGEST_URL: usize = 300;

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

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
}

/// What cannot be set, with a sentence for whoever tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrandingProblem {
    /// The name.
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
}

impl Branding {
    /// Checked values.
    ///
    /// # Errors
    /// The first that will not do.
    pub fn new(name: &str, colour: &str, support: &str, support_url: &str) -> Result<Self, BrandingProblem> {
        let printable = |text: &str| !text.chars().any(char::is_control);
        let (name, support, support_url) = (name.trim(), support.trim(), support_url.trim());
        if !(1..=LONGEST_NAME).contains(&name.chars().count()) || !printable(name) {
            return Err(BrandingProblem::Name);
        }
        let colour = Colour::parse(colour).ok_or(BrandingProblem::Colour)?;
        if support.chars().count() > LONGEST_SUPPORT || !printable(support) {
            return Err(BrandingProblem::Support);
        }
        let safe = ["https://", "mailto:"]
            .iter()
            .any(|scheme| support_url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
        let plain =
            support_url.len() <= LONGEST_URL && support_url.bytes().all(|byte| byte.is_ascii_graphic());
        let is_link = safe && plain;
        if !support_url.is_empty() && !is_link {
            return Err(BrandingProblem::SupportUrl);
        }
        let owned = str::to_owned;
        Ok(Self {
            display_name: owned(name),
            colour,
            support: owned(support),
            support_url: owned(support_url),
        })
    }
}

/// A business's branding; its name and the standard colour where it has set none.
///
/// # Errors
/// When the database breaks.
pub async fn of(platform: &Platform, business: i64) -> Result<Branding, Failure> {
    if let Some(row) = platform.store.branding(business).await? {
        return Ok(Branding {
            colour: Colour::parse(&row.colour).unwrap_or(STANDARD_COLOUR),
            display_name: row.display_name,
            support: row.support,
            support_url: row.support_url,
        });
    }
    let name = platform.store.business(business).await?.map(|business| business.name).unwrap_or_default();
    let (support, support_url) = Default::default();
    Ok(Branding { display_name: name, colour: STANDARD_COLOUR, support, support_url })
}

/// Sets it from now on.
///
/// # Errors
/// When the database breaks.
pub async fn set(platform: &Platform, business: i64, branding: &Branding) -> Result<(), Failure> {
    let row = BrandingRow {
        display_name: branding.display_name.clone(),
        colour: branding.colour.to_string(),
        support: branding.support.clone(),
        support_url: branding.support_url.clone(),
    };
    platform.store.set_branding(business, &row).await
}

const WHITE: Colour = Colour([255; 3]);
const BLACK: Colour = Colour([0; 3]);
/// The grounds of the two themes that text stands on.
const LIGHT_GROUND: Colour = Colour([0xf1, 0xf3, 0xf6]);
const DARK_GROUND: Colour = Colour([0x24, 0x29, 0x33]);
const READABLE: f64 = 4.6;

impl Colour {
    /// `#rrggbb`, in either case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('#').filter(|digits| digits.len() == 6)?;
        let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The six digits.
    #[must_use]
    pub fn digits(self) -> String {
        data_encoding::HEXLOWER.encode(&self.0)
    }

    /// The style sheet that puts it in place of the standard colour.
    #[must_use]
    pub fn style_sheet(self) -> String {
        let on = self.ink();
        // The hovered button moves away from its text, so that it is never harder to read.
        let away = if on == WHITE { "#000" } else { "#fff" };
        let theme = |text: Self| {
            format!(
                ":root{{--accent:{self};--on-accent:{on};--accent-text:{text};\
                 --accent-hover:color-mix(in srgb,var(--accent) 88%,{away})}}"
            )
        };
        let light = theme(self.moved_until_readable(BLACK, LIGHT_GROUND));
        let dark = theme(self.moved_until_readable(WHITE, DARK_GROUND));
        format!("{light}@media (prefers-color-scheme:dark){{{dark}}}")
    }

    /// Which of white and black can be read better on it.
    #[must_use]
    pub fn ink(self) -> Self {
        if contrast(self, WHITE) >= contrast(self, BLACK) { WHITE } else { BLACK }
    }

    /// Mixed with `with`, as little as makes it readable on `ground`.
    fn moved_until_readable(self, with: Self, ground: Self) -> Self {
        let mixed = |share: u16| {
            let mix = |own: u8, other: u8| {
                let sum = u16::from(own) * (20 - share) + u16::from(other) * share;
                u8::try_from(sum / 20).unwrap_or(u8::MAX)
            };
            Self(std::array::from_fn(|at| mix(self.0[at], with.0[at])))
        };
        (0..=20).map(mixed).find(|colour| contrast(*colour, ground) >= READABLE).unwrap_or(with)
    }

    fn luminance(self) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.040_45 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }
}

impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "#{}", self.digits())
    }
}

/// WCAG 2: from 1 to 21.
fn contrast(one: Colour, other: Colour) -> f64 {
    let (one, other) = (one.luminance(), other.luminance());
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_six_digits_are_a_colour() {
        assert_eq!(Colour::parse("#4350D6"), Some(STANDARD_COLOUR));
        assert_eq!(Colour::parse("#4350d6").unwrap().to_string(), "#4350d6");
        for wrong in ["", "4350d6", "#4350d", "#4350d6f", "#fff", "red", "#43 0d6", "#4350d6;}", "#zzzzzz"] {
            assert_eq!(Colour::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_colour_stays_readable() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let colour = Colour([red, green, blue]);
                    assert!(contrast(colour, colour.ink()) >= 4.5, "text on {colour}");
                    let light = colour.moved_until_readable(BLACK, LIGHT_GROUND);
                    assert!(contrast(light, LIGHT_GROUND) >= 4.5, "{colour} as text in the light");
                    let dark = colour.moved_until_readable(WHITE, DARK_GROUND);
                    assert!(contrast(dark, DARK_GROUND) >= 4.5, "{colour} as text in the dark");
                }
            }
        }
    }

    #[test]
    fn what_will_not_do_is_named() {
        let new = |name: &str, colour: &str, support: &str, url: &str| {
            Branding::new(name, colour, support, url).unwrap_err()
        };
        assert_eq!(new(" ", "#000000", "", ""), BrandingProblem::Name);
        assert_eq!(new("a\nb", "#000000", "", ""), BrandingProblem::Name);
        assert_eq!(new("a", "black", "", ""), BrandingProblem::Colour);
        assert_eq!(new("a", "#000000", &"x".repeat(201), ""), BrandingProblem::Support);
        for url in ["javascript:alert(1)", "http://x", "https://", "https://a b", "//x"] {
            assert_eq!(new("a", "#000000", "", url), BrandingProblem::SupportUrl, "{url}");
        }
        let good = Branding::new(" Shop ", "#0A7D5C", "Ask us.", "mailto:help@example.com").unwrap();
        assert_eq!((good.display_name.as_str(), good.colour.to_string().as_str()), ("Shop", "#0a7d5c"));
    }
}
