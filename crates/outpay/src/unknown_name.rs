//! The sentence about a name that is not known: a field, a parameter, a column. One for every door, since each names the
//! nearest known one. Not here: which names are known.

/// Of a name in a sentence: shorter than any key or hash, which must not be repeated where one was sent in place of a name.
const LONGEST_NAME: usize = 40;
/// By Jaro and Winkler, from 0 to 1: a swapped, missing or doubled letter is above it, another word is below.
const NEAR: f64 = 0.85;

/// Says that a name is not known, and which known one is nearest.
#[must_use]
pub fn sentence(what: &str, name: &str, known: &[impl AsRef<str>]) -> String {
    let known = || known.iter().map(AsRef::as_ref);
    let near = known().map(|known| (strsim::jaro_winkler(&name.to_lowercase(), known), known));
    let nearest = near.filter(|(near, _)| *near >= NEAR).max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match nearest {
        Some((_, nearest)) => format!("did you mean {nearest:?}?"),
        None if known().next().is_none() => "there is none that can be sent here.".to_owned(),
        None => format!("known are {}.", known().collect::<Vec<_>>().join(", ")),
    };
    format!("There is no {what} {:?}; {hint}", shown(name))
}

/// The name, cut where it is long.
#[must_use]
pub fn shown(name: &str) -> String {
    let mut start: String = name.chars().take(LONGEST_NAME).collect();
    if start.len() < name.len() {
        start.push('…');
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_known_name_is_named() {
        let known = ["email", "amount", "reference", "memo"];
        for (name, nearest) in [
            ("refrence", "reference"),
            ("references", "reference"),
            ("Email", "email"),
            ("emial", "email"),
            ("amout", "amount"),
            ("memos", "memo"),
        ] {
            let told = sentence("field", name, &known);
            assert_eq!(told, format!("There is no field {name:?}; did you mean {nearest:?}?"));
        }
        let told = sentence("field", "colour", &known);
        assert_eq!(told, "There is no field \"colour\"; known are email, amount, reference, memo.");
        let none: [&str; 0] = [];
        let told = sentence("parameter", "x", &none);
        assert_eq!(told, "There is no parameter \"x\"; there is none that can be sent here.");
    }

    #[test]
    fn a_secret_in_place_of_a_name_is_not_repeated() {
        let secret = "k".repeat(57);
        let told = sentence("parameter", &secret, &["email"]);
        assert!(
            told.contains(&"k".repeat(LONGEST_NAME)) && !told.contains(&"k".repeat(LONGEST_NAME + 1)),
            "{told}"
        );
    }
}
