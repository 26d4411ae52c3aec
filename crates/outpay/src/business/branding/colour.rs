//! A business's colour. Not here: the pages that show it. Invariant: a colour is `#rrggbb` and nothing else, so it can stand
//! in a style sheet and a path; text on it, and it as text, are readable in both themes (WCAG, 4.5 : 1).

/// The colour of a business that has set none.
pub const STANDARD_COLOUR: Colour = Colour([0x0b, 0x5d, 0x66]);

/// A colour in sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

const WHITE: Colour = Colour([255; 3]);
const BLACK: Colour = Colour([0; 3]);
/// The grounds of the two themes that text stands on.
const LIGHT_GROUND: Colour = Colour([0xec, 0xea, 0xe3]);
const DARK_GROUND: Colour = Colour([0x25, 0x2c, 0x2d]);
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
        assert_eq!(Colour::parse("#0B5D66"), Some(STANDARD_COLOUR));
        assert_eq!(Colour::parse("#0b5d66").unwrap().to_string(), "#0b5d66");
        for wrong in ["", "0b5d66", "#4350d", "#4350d6f", "#fff", "red", "#43 0d6", "#4350d6;}", "#zzzzzz"] {
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
}
