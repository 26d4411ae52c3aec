//! Amounts in each language: written, and read as people type them.

use super::Language;
use crate::format::grouped;

impl Language {
    /// `$1,234.56`, `1.234,56 $`
    #[must_use]
    pub fn money(self, cents: i64) -> String {
        self.signed(if cents < 0 { "−" } else { "" }, cents)
    }

    /// What was added to a balance or taken from it: `+$1.00`, `−$1.00`.
    #[must_use]
    pub fn change(self, cents: i64) -> String {
        self.signed(if cents < 0 { "−" } else { "+" }, cents)
    }

    fn signed(self, sign: &str, cents: i64) -> String {
        self.say("format.money").replace("{sign}", sign).replace("{number}", &self.number(cents))
    }

    /// Without a currency: `1,234.56`, `1.234,56`
    #[must_use]
    pub fn number(self, cents: i64) -> String {
        let (whole, part) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
        format!("{}{}{part:02}", grouped(whole, self.say("format.group")), self.say("format.decimal"))
    }

    /// An amount for an input field: `1234.56`, `1234,56`
    #[must_use]
    pub fn plain_money(self, cents: i64) -> String {
        let cents = cents.max(0);
        format!("{}{}{:02}", cents / 100, self.say("format.decimal"), cents % 100)
    }

    /// Hundredths of a percent: `1.5%`, `1,5 %`
    #[must_use]
    pub fn percent(self, basis_points: u64) -> String {
        let (whole, part) = (basis_points / 100, basis_points % 100);
        let part = format!("{part:02}");
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { self.say("format.decimal") };
        self.say("format.percent").replace("{number}", &format!("{whole}{point}{part}"))
    }

    /// Reads an amount as people write it in this language; in doubt it is none. Cents.
    #[must_use]
    pub fn read_money(self, text: &str) -> Option<i64> {
        let text: String = text.chars().filter_map(typed).collect();
        let text = ["USD", "US"].iter().fold(text.as_str(), |text, unit| {
            text.strip_prefix(unit).or_else(|| text.strip_suffix(unit)).unwrap_or(text)
        });
        let at = text.rfind(['.', ',']);
        let (whole, part) = match at.map(|at| (&text[..at], &text[at + 1..])) {
            Some((whole, part)) if part.len() <= 2 => (whole, part),
            // Three digits behind a sign: thousands, where the language writes them so.
            Some(_) | None => (text, ""),
        };
        let group = self.say("format.group");
        let mut pieces = whole.split(group);
        let first = pieces.next().unwrap_or_default();
        let fits =
            |piece: &str, most: usize| piece.len() <= most && piece.bytes().all(|byte| byte.is_ascii_digit());
        let mut digits = first.to_owned();
        let mut is_grouped = false;
        for piece in pieces {
            if !fits(piece, 3) || piece.len() != 3 {
                return None;
            }
            is_grouped = true;
            digits.push_str(piece);
        }
        let first_fits = if is_grouped { fits(first, 3) && !first.is_empty() } else { fits(first, 12) };
        if !first_fits || digits.is_empty() && part.is_empty() || !fits(part, 2) {
            return None;
        }
        let part = if part.len() == 1 { format!("{part}0") } else { part.to_owned() };
        let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
        number(&digits)?.checked_mul(100)?.checked_add(number(&part)?)
    }
}

/// A sign of a typed amount: without spaces, the dollar and marks of direction; Arabic digits as those of ASCII.
fn typed(sign: char) -> Option<char> {
    let digit = |zero: char| char::from_digit(u32::from(sign) - u32::from(zero), 10);
    match sign {
        '$' | '\u{200e}' | '\u{200f}' | '\u{2066}'..='\u{2069}' => None,
        space if space.is_whitespace() => None,
        '\u{660}'..='\u{669}' => digit('\u{660}'),
        '\u{6f0}'..='\u{6f9}' => digit('\u{6f0}'),
        '\u{66b}' => Some('.'),
        '\u{66c}' => Some(','),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_each_language_writes_it() {
        assert_eq!(Language::English.money(123_456), "$1,234.56");
        assert_eq!(Language::English.money(-5), "−$0.05");
        assert_eq!(Language::English.change(5), "+$0.05");
        assert_eq!(Language::German.money(123_456_789), "1.234.567,89\u{a0}$");
        assert_eq!(Language::Spanish.money(50), "0,50\u{a0}US$");
        assert_eq!(Language::French.money(123_456), "1\u{202f}234,56\u{a0}$US");
        assert_eq!(Language::Portuguese.money(-123_456), "−US$\u{a0}1.234,56");
        assert_eq!(Language::Arabic.money(-123_456), "\u{2066}−US$\u{a0}1,234.56\u{2069}");
    }

    #[test]
    fn shares_are_exact() {
        let shares = [0, 5, 50, 150, 1_000, 1_234].map(|points| Language::English.percent(points));
        assert_eq!(shares, ["0%", "0.05%", "0.5%", "1.5%", "10%", "12.34%"]);
        assert_eq!(Language::German.percent(150), "1,5\u{a0}%");
        assert_eq!(Language::Turkish.percent(150), "%1,5");
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let (en, de, fr) = (Language::English, Language::German, Language::French);
        for (text, cents) in [
            ("25", 2_500),
            ("25.5", 2_550),
            ("25.50", 2_550),
            ("25,50", 2_550),
            ("$1,234.56", 123_456),
            ("US$ 12", 1_200),
            ("12 USD", 1_200),
            ("1,234", 123_400),
            (" 0.01 ", 1),
            (".5", 50),
            ("١٢٫٥", 1_250),
        ] {
            assert_eq!(en.read_money(text), Some(cents), "{text}");
        }
        for text in ["", ".", "1.234", "1,23,456", "-5", "1e3", "12,3456", "1.2.3", "abc", "9999999999999"] {
            assert_eq!(en.read_money(text), None, "{text}");
        }
        assert_eq!(de.read_money("1.234,56"), Some(123_456));
        assert_eq!(de.read_money("25.50"), Some(2_550), "two digits are never a group of thousands");
        assert_eq!(de.read_money("1.234"), Some(123_400));
        assert_eq!(de.read_money("1,234"), None);
        assert_eq!(fr.read_money("1 234,5"), Some(123_450));
        assert_eq!(fr.read_money("1.234"), None, "not a group in French");
        for language in Language::ALL {
            assert_eq!(language.read_money(&language.plain_money(123_405)), Some(123_405), "{language:?}");
            let written = language.money(123_456_789);
            assert_eq!(language.read_money(&written), Some(123_456_789), "{written}");
        }
    }
}
