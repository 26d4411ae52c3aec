//! Amounts in form fields: dollars as text, cents as value.

use ledger::Cents;

/// Parses `12`, `12.5`, `1,234.50`; an empty field is `None`. A comma is accepted as a thousands separator only: `12,50`, which
/// means twelve and a half in many countries, must not become 1,250.
pub fn read(field: &str, text: &str) -> Result<Option<Cents>, String> {
    let plain: String = text.chars().filter(|c| !matches!(c, ' ' | '$')).collect();
    if plain.is_empty() {
        return Ok(None);
    }
    let (dollars, cents) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut groups = dollars.split(',');
    let is_grouped =
        groups.next().is_some_and(|first| !dollars.contains(',') || (1..=3).contains(&first.len()))
            && groups.all(|group| group.len() == 3);
    let dollars: &str = &dollars.replace(',', "");
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = is_grouped
        && digits(dollars)
        && digits(cents)
        && cents.len() <= 2
        && !(dollars.is_empty() && cents.is_empty());
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok() };
    let sum = || number(dollars)?.checked_mul(100)?.checked_add(number(&format!("{cents:0<2}"))?);
    match fits.then(sum).flatten() {
        Some(sum) => Ok(Some(Cents(sum))),
        None => Err(format!("{field}: give dollars and cents, as in 12.50.")),
    }
}

/// Formats as `12.50` for a form field.
#[must_use]
pub fn write(cents: Cents) -> String {
    format!("{}.{:02}", cents.0 / 100, cents.0.unsigned_abs() % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_as_people_write_them() {
        for (text, cents) in [
            ("12", 1_200),
            ("12.5", 1_250),
            ("12.50", 1_250),
            ("0.07", 7),
            (".5", 50),
            ("5.", 500),
            ("$1,234.56", 123_456),
            ("1,234,567", 123_456_700),
            ("0", 0),
        ] {
            assert_eq!(read("Fee", text), Ok(Some(Cents(cents))), "{text}");
        }
        assert_eq!(read("Fee", " "), Ok(None));
        for wrong in [
            "-1",
            "1.234",
            "1e3",
            "abc",
            "1.2.3",
            ".",
            "12,50",
            "1,5",
            "1,2345",
            ",123",
            "1234,567",
            "1,,234",
            "1.5,0",
            "99999999999999999999",
            "1.+5",
        ] {
            assert!(read("Fee", wrong).is_err(), "{wrong}");
        }
        for cents in [0, 5, 99, 100, 123_456] {
            assert_eq!(read("", &write(Cents(cents))), Ok(Some(Cents(cents))));
        }
    }
}
