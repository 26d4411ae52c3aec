//! Public ids: a prefix and a UUID that encrypts a row's kind, book and number. An id tells clients nothing, not even
//! how many users or payouts a business has, and needs no column or index.
//!
//! How: kind, book and number are written into the free bits of a version 8 UUID (RFC 9562, 5.8) and encrypted with
//! AES-128. Encryption is repeated until the result is a version 8 UUID again ("cycle walking", Black and Rogaway
//! 2002), which gives a permutation of exactly these UUIDs. It takes 64 steps on average, about a microsecond.

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use ledger::{BookId, Provider};

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// `biz_`
    Business,
    /// `key_`
    ApiKey,
    /// `usr_`
    PayoutUser,
    /// `txn_`: a journal entry as an operation of a payout user.
    Operation,
    /// `evt_`: a journal entry as an event of the business.
    Event,
    /// `ord_`: a withdrawal.
    Withdrawal,
    /// `whd_`: a webhook delivery.
    Delivery,
    /// `whe_`: a webhook endpoint.
    WebhookEndpoint,
    /// `gcd_`: a gift card in stock.
    GiftCard,
    /// `mem_`: a member.
    Member,
    /// `ses_`: a member's session.
    Session,
    /// `inv_`: an invitation to a team.
    Invitation,
    /// `imp_`: an imported file.
    Import,
    /// `mail_`: an outgoing mail.
    Mail,
    /// `prp_`: a proposal that a second person must confirm.
    Proposal,
    /// `rec_`: a difference between a rail's own books and ours.
    Mismatch,
    /// `bat_`: a batch of payments by hand.
    PaymentBatch,
    /// A withdrawal as a payment of its rail; see [`PublicIds::order_id`].
    Payment,
}

impl IdKind {
    fn prefix(self) -> &'static str {
        match self {
            Self::Business => "biz_",
            Self::ApiKey => "key_",
            Self::PayoutUser => "usr_",
            Self::Operation => "txn_",
            Self::Event => "evt_",
            Self::Withdrawal => "ord_",
            Self::Delivery => "whd_",
            Self::WebhookEndpoint => "whe_",
            Self::GiftCard => "gcd_",
            Self::Member => "mem_",
            Self::Session => "ses_",
            Self::Invitation => "inv_",
            Self::Import => "imp_",
            Self::Mail => "mail_",
            Self::Proposal => "prp_",
            Self::Mismatch => "rec_",
            Self::PaymentBatch => "bat_",
            Self::Payment => "",
        }
    }

    fn tag(self) -> u8 {
        match self {
            Self::Business => 1,
            Self::ApiKey => 2,
            Self::PayoutUser => 3,
            Self::Operation => 4,
            Self::Event => 5,
            Self::Withdrawal => 6,
            Self::Delivery => 7,
            Self::GiftCard => 8,
            Self::Payment => 9,
            Self::Member => 20,
            Self::Session => 21,
            Self::Invitation => 22,
            Self::Import => 30,
            Self::Mail => 31,
            Self::WebhookEndpoint => 60,
            Self::Proposal => 70,
            Self::PaymentBatch => 80,
            Self::Mismatch => 90,
        }
    }
}

/// Encrypts and decrypts public ids.
#[derive(Clone)]
pub struct PublicIds {
    cipher: Aes128,
}

type CipherBlock = [u8; 16];

impl PublicIds {
    #[must_use]
    pub fn new(cipher: Aes128) -> Self {
        Self { cipher }
    }

    /// The id of row `number` of `book`.
    #[must_use]
    pub fn seal(&self, kind: IdKind, book: BookId, number: i64) -> String {
        let mut block: CipherBlock = [0; 16];
        block[0] = kind.tag();
        block[1..6].copy_from_slice(&book.0.to_be_bytes()[3..]);
        block[6] = 0x80;
        block[8] = 0x80;
        block[9..].copy_from_slice(&number.to_be_bytes()[1..]);
        loop {
            self.cipher.encrypt_block((&mut block).into());
            if is_version_8(&block) {
                break;
            }
        }
        let hex = data_encoding::HEXLOWER.encode(&block);
        let prefix = kind.prefix();
        format!("{prefix}{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    /// The id of a member, who belongs to no book.
    #[must_use]
    pub fn member(&self, number: i64) -> String {
        self.seal(IdKind::Member, BookId(0), number)
    }

    /// The order number of a withdrawal at its rail, for example `CRX-` and 32 hexadecimal digits: the same for all
    /// attempts to pay it.
    #[must_use]
    pub fn order_id(&self, provider: Provider, book: BookId, withdrawal: i64) -> String {
        let uuid = self.seal(IdKind::Payment, book, withdrawal);
        format!("{}{}", provider.order_prefix(), uuid.replace('-', "").to_uppercase())
    }

    /// The withdrawal that an order number of this kind of rail names; `None` for anything else.
    #[must_use]
    pub fn open_order(&self, provider: Provider, order_id: &str) -> Option<(BookId, i64)> {
        let digits = order_id.strip_prefix(provider.order_prefix())?;
        if digits.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        self.open_any(IdKind::Payment, &dashed(digits)?)
    }

    /// The payment batch of this book that a bank knows by these digits; `None` for anything else.
    #[must_use]
    pub fn open_message(&self, book: BookId, message_id: &str) -> Option<i64> {
        self.open(IdKind::PaymentBatch, book, &format!("bat_{}", dashed(message_id)?))
    }

    /// The row that `id` names inside `book`; `None` for anything else, including an id of another book.
    #[must_use]
    pub fn open(&self, kind: IdKind, book: BookId, id: &str) -> Option<i64> {
        let (found, number) = self.open_any(kind, id)?;
        (found == book).then_some(number)
    }

    /// The book and row that `id` names. For operators, who may name any book.
    #[must_use]
    pub fn open_any(&self, kind: IdKind, id: &str) -> Option<(BookId, i64)> {
        let uuid = id.strip_prefix(kind.prefix())?;
        let dashes = [8, 13, 18, 23];
        if uuid.len() != 36 || !dashes.iter().all(|at| uuid.as_bytes()[*at] == b'-') {
            return None;
        }
        let hex: String = uuid.chars().filter(|character| *character != '-').collect();
        let mut block: CipherBlock = data_encoding::HEXLOWER.decode(hex.as_bytes()).ok()?.try_into().ok()?;
        if !is_version_8(&block) {
            return None;
        }
        loop {
            self.cipher.decrypt_block((&mut block).into());
            if is_version_8(&block) {
                break;
            }
        }
        let mut book = [0; 8];
        book[3..].copy_from_slice(&block[1..6]);
        let mut number = [0; 8];
        number[1..].copy_from_slice(&block[9..]);
        let sealed_here = block[0] == kind.tag() && block[6..9] == [0x80, 0, 0x80];
        sealed_here.then(|| (BookId(i64::from_be_bytes(book)), i64::from_be_bytes(number)))
    }
}

/// 32 hexadecimal digits as a UUID is written.
fn dashed(digits: &str) -> Option<String> {
    let is_uuid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hex = is_uuid.then(|| digits.to_lowercase())?;
    Some([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

fn is_version_8(block: &CipherBlock) -> bool {
    block[6] >> 4 == 8 && block[8] >> 6 == 0b10
}

#[cfg(test)]
mod tests {
    use super::*;
    use aes::cipher::KeyInit;

    #[test]
    fn an_id_opens_to_what_it_was_sealed_from_and_to_nothing_else() {
        let ids = PublicIds::new(Aes128::new(&[7; 16].into()));
        let id = ids.seal(IdKind::PayoutUser, BookId(4), 123_456);
        assert!(id.starts_with("usr_") && id.len() == 40, "{id}");
        assert_eq!(&id[18..19], "8", "version 8: {id}");
        assert_eq!(ids.open(IdKind::PayoutUser, BookId(4), &id), Some(123_456));
        assert_eq!(ids.open(IdKind::PayoutUser, BookId(5), &id), None, "another book's");
        let renamed = id.replace("usr_", "evt_");
        assert_eq!(ids.open(IdKind::Event, BookId(4), &renamed), None, "another kind");
        for other in
            ["", "usr_", "usr_123", &id[..39], &id.to_uppercase(), &format!("{id}0"), &id.replace('-', "0")]
        {
            assert_eq!(ids.open(IdKind::PayoutUser, BookId(4), other), None, "{other}");
        }
        let other = PublicIds::new(Aes128::new(&[8; 16].into()));
        assert_eq!(other.open(IdKind::PayoutUser, BookId(4), &id), None, "another key");
    }

    #[test]
    fn an_order_number_opens_to_its_withdrawal_for_its_own_kind_of_rail() {
        let ids = PublicIds::new(Aes128::new(&[7; 16].into()));
        let order = ids.order_id(Provider::Paypal, BookId(4), 123);
        assert_eq!(ids.open_order(Provider::Paypal, &order), Some((BookId(4), 123)));
        assert_eq!(ids.open_order(Provider::Crypto, &order), None);
        let changed =
            format!("{}{}", &order[..order.len() - 1], if order.ends_with('0') { '1' } else { '0' });
        let withdrawal = ids.seal(IdKind::Withdrawal, BookId(4), 123);
        let of_another_kind = format!("PP-{}", withdrawal[4..].replace('-', "").to_uppercase());
        for other in
            ["", "PP-", &order.to_lowercase(), &format!("{order}0"), &changed, &of_another_kind, "PP-é"]
        {
            assert_eq!(ids.open_order(Provider::Paypal, other), None, "{other}");
        }
        let batch = ids.seal(IdKind::PaymentBatch, BookId(4), 3).replace("bat_", "").replace('-', "");
        assert_eq!(ids.open_message(BookId(4), &batch), Some(3));
        assert_eq!(ids.open_message(BookId(4), &order[3..]), None, "a payment's");
    }

    #[test]
    fn neighbours_have_nothing_in_common() {
        let ids = PublicIds::new(Aes128::new(&[7; 16].into()));
        let sealed: std::collections::HashSet<String> =
            (0..1000).map(|number| ids.seal(IdKind::Event, BookId(2), number)[4..12].to_owned()).collect();
        assert!(sealed.len() > 990, "first 32 bits of 1000 neighbours are spread out");
    }
}
