//! Names in the letters that banks take: those that all payment systems of SEPA must accept (EPC217-08, basic Latin). A letter with a
//! mark loses it (`é` is `e`); a letter without a plain base has a row in the table. Other scripts are refused: the person knows best
//! how their bank writes their name, and a guess might not be it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Why a name cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatinProblem {
    /// It has a character of another script, or a sign that banks do not take.
    Foreign,
    /// It has no letter.
    NoLetter,
}

/// The text in the letters of banks.
///
/// # Errors
/// [`LatinProblem`].
pub fn to_latin(text: &str) -> Result<String, LatinProblem> {
    let mut latin = String::with_capacity(text.len());
    for character in text.nfd().filter(|character| !is_combining_mark(*character)) {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' => latin.push(character),
            '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' => latin.push(character),
            other => latin.push_str(written(other).ok_or(LatinProblem::Foreign)?),
        }
    }
    let latin = latin.trim();
    if !latin.contains(|character: char| character.is_ascii_alphabetic()) {
        return Err(LatinProblem::NoLetter);
    }
    Ok(latin.to_owned())
}

fn written(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'ł' => "l",
        'Ł' => "L",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ħ' => "h",
        'Ħ' => "H",
        'ŧ' => "t",
        'Ŧ' => "T",
        'þ' => "th",
        'Þ' => "TH",
        'ı' => "i",
        'ĸ' => "k",
        'ŋ' => "n",
        'Ŋ' => "N",
        '’' | '‘' | '`' | '´' | 'ʼ' | '"' | '“' | '”' | '„' => "'",
        '–' | '—' | '‐' | '‑' | '_' => "-",
        '&' => "+",
        ';' => ",",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_written_in_plain_letters() {
        for (name, expected) in [
            ("Ana María Núñez", Ok("Ana Maria Nunez")),
            ("Jürgen Groß", Ok("Jurgen Gross")),
            ("Łukasz Żółć", Ok("Lukasz Zolc")),
            ("Søren Ærø", Ok("Soren AEro")),
            ("İpek Işık", Ok("Ipek Isik")),
            ("O’Neill & Sons", Ok("O'Neill + Sons")),
            ("Ștefan Țîrlea", Ok("Stefan Tirlea")),
            ("Γιώργος", Err(LatinProblem::Foreign)),
            ("Анна", Err(LatinProblem::Foreign)),
            ("山田", Err(LatinProblem::Foreign)),
            ("a@b", Err(LatinProblem::Foreign)),
            ("<b>", Err(LatinProblem::Foreign)),
            ("12 - 3", Err(LatinProblem::NoLetter)),
            ("", Err(LatinProblem::NoLetter)),
        ] {
            assert_eq!(to_latin(name), expected.map(str::to_owned), "{name}");
        }
    }

    proptest! {
        #[test]
        fn only_letters_of_banks_come_out_and_stay(name in "\\PC{0,80}") {
            if let Ok(latin) = to_latin(&name) {
                let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b" /-?:().,'+".contains(&byte);
                prop_assert!(latin.bytes().all(allowed), "{latin}");
                prop_assert_eq!(to_latin(&latin), Ok(latin));
            }
        }
    }
}
