//! What a rail said, as the log may have it. Full texts are in the attempt's row, for the operator (`outpay withdrawal show`).
//!
//! Invariant: no address, account, card, e-mail address, URL or key gets into the log, whatever a counterpart writes.

const LONGEST: usize = 300;
/// From so many digits on, a word may be a part of an account or an identity.
const MANY_DIGITS: usize = 4;
/// From so many letters and digits on, a word that has a digit may be a key, a hash or an address.
const LONG_WORD: usize = 16;
const MASK: &str = "[…]";

/// A text of a counterpart without what may be personal or secret, on one line.
#[must_use]
pub fn for_log(text: &str) -> String {
    let mut line = String::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(if may_name_something(word) { MASK } else { word });
    }
    line.chars().take(LONGEST).collect()
}

fn may_name_something(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(|letter| letter.is_alphanumeric()).count();
    // The code of an error in JSON-RPC, as in -32000.
    let is_error_code = word
        .trim_end_matches(':')
        .strip_prefix('-')
        .is_some_and(|rest| rest.len() <= 5 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    word.contains('@')
        || word.contains("://")
        || (digits >= MANY_DIGITS && !is_error_code)
        || (letters >= LONG_WORD && digits > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_personal_or_secret_is_masked() {
        for (said, logged) in [
            ("eth_sendRawTransaction: status 503", "eth_sendRawTransaction: status 503"),
            ("the node says -32000: nonce too low", "the node says -32000: nonce too low"),
            ("no answer within 60 seconds", "no answer within 60 seconds"),
            ("receiver ada@example.com is locked", "receiver […] is locked"),
            ("see https://rpc.example.com/v3/abcdef", "see […]"),
            ("DE89 3704 0044 0532 0130 00 is closed", "DE89 […] […] […] […] 00 is closed"),
            ("0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F reverted", "[…] reverted"),
            ("card 4111111111111111 declined", "card […] declined"),
            ("token A21AAFs9v5x7qPz2kLmNop", "token […]"),
            ("two\nlines\u{1b}[2J", "two lines [2J"),
            ("", ""),
        ] {
            assert_eq!(for_log(said), logged);
        }
        assert_eq!(for_log(&"word ".repeat(100)).chars().count(), LONGEST);
    }
}
