//! Everything that is sealed, wherever it stands, for rotations of the master key: found by the version that it is sealed with, and
//! replaced. Not here: opening and sealing (key_rotation/).

use super::driver::{Row, Statement};
use super::{Failure, Store};
use std::sync::LazyLock;

/// A column with sealed texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealedColumn {
    /// Token and secret of a webhook endpoint.
    WebhookKeys,
    /// Those before the last roll.
    EarlierWebhookKeys,
    GiftCard,
    SecondFactor,
    /// A second factor that is being set up.
    NewSecondFactor,
    /// The link of a mail.
    MailLink,
    /// The link of a payment by an aggregator.
    RewardLink,
}

/// A sealed text and its place.
#[derive(Clone, Debug)]
pub struct SealedText {
    pub column: SealedColumn,
    /// The key of its row; the second part is 0 where one number is the key.
    pub place: (i64, i64),
    /// A number of its row that it is bound to: face value of a card, member of a session, kind of a mail; else 0.
    pub bound: i64,
    /// A text of its row that it is bound to: brand of a card, recipient of a mail, number of a reward; else ''.
    pub bound_text: String,
    pub sealed: Vec<u8>,
}

impl SealedColumn {
    pub const ALL: [Self; 7] = [
        Self::WebhookKeys,
        Self::EarlierWebhookKeys,
        Self::GiftCard,
        Self::SecondFactor,
        Self::NewSecondFactor,
        Self::MailLink,
        Self::RewardLink,
    ];

    /// Table, column, the two parts of the key, and what the text is bound to.
    fn of(self) -> (&'static str, &'static str, [&'static str; 2], [&'static str; 2]) {
        const ONE: &str = "CAST(0 AS BIGINT)";
        match self {
            Self::WebhookKeys => ("webhook_endpoint", "sealed", ["book", "number"], ["0", "''"]),
            Self::EarlierWebhookKeys => ("webhook_endpoint", "previous", ["book", "number"], ["0", "''"]),
            Self::GiftCard => ("gift_card", "sealed", ["book", "number"], ["face_value", "brand"]),
            Self::SecondFactor => ("member", "second_factor", ["number", ONE], ["0", "''"]),
            Self::NewSecondFactor => ("member_session", "enrolling", ["number", ONE], ["member", "''"]),
            Self::MailLink => ("mail", "sealed", ["number", ONE], ["kind", "recipient"]),
            Self::RewardLink => ("reward_link", "sealed", ["book", "withdrawal"], ["0", "reward"]),
        }
    }
}

struct ColumnStatements {
    list: String,
    replace: String,
    count: String,
}

/// In the order of [`SealedColumn::ALL`].
static STATEMENTS: LazyLock<Vec<ColumnStatements>> = LazyLock::new(|| {
    let statements = |column: SealedColumn| {
        let (table, sealed, [first, second], [bound, text]) = column.of();
        ColumnStatements {
            list: format!(
                "SELECT {first}, {second}, {bound}, {text}, {sealed} FROM {table} WHERE ({first}, {second}) > ($1, $2) \
                 AND {sealed} IS NOT NULL AND substr({sealed}, 1, 1) <> $3 ORDER BY {first}, {second} LIMIT $4"
            ),
            replace: format!(
                "UPDATE {table} SET {sealed} = $1 WHERE {first} = $2 AND {second} = $3 AND {sealed} = $4"
            ),
            count: format!(
                "SELECT substr({sealed}, 1, 1), count(*) FROM {table} WHERE {sealed} IS NOT NULL \
                 GROUP BY substr({sealed}, 1, 1)"
            ),
        }
    };
    SealedColumn::ALL.map(statements).into()
});

impl SealedColumn {
    fn statements(self) -> &'static ColumnStatements {
        let at = Self::ALL.iter().position(|column| *column == self);
        &STATEMENTS[at.expect("all columns have statements")]
    }
}

impl Store {
    /// Texts of a column behind this place that do not begin with this byte, at most `limit`, in the order of their places.
    pub async fn sealed_otherwise(
        &self,
        column: SealedColumn,
        after: (i64, i64),
        header: u8,
        limit: i64,
    ) -> Result<Vec<SealedText>, Failure> {
        let values = vec![after.0.into(), after.1.into(), [header].as_slice().into(), limit.into()];
        let rows = self.driver.query(&column.statements().list, values).await?;
        let read = |row: &Row| {
            Ok(SealedText {
                column,
                place: (row.int(0)?, row.int(1)?),
                bound: row.int(2)?,
                bound_text: row.text(3)?.to_owned(),
                sealed: row.bytes(4)?.to_vec(),
            })
        };
        rows.iter().map(read).collect()
    }

    /// Replaces these texts in one transaction; one that has changed since it was read stays as it is.
    pub async fn replace_sealed(&self, texts: &[(SealedText, Vec<u8>)]) -> Result<(), Failure> {
        let replace = |(before, after): &(SealedText, Vec<u8>)| {
            let (first, second) = before.place;
            let values =
                vec![after.as_slice().into(), first.into(), second.into(), before.sealed.as_slice().into()];
            Statement::new(&before.column.statements().replace, values)
        };
        Ok(self.driver.write(texts.iter().map(replace).collect()).await?)
    }

    /// How many texts of a column begin with which byte.
    pub async fn count_sealed(&self, column: SealedColumn) -> Result<Vec<(u8, i64)>, Failure> {
        let rows = self.driver.query(&column.statements().count, Vec::new()).await?;
        let read = |row: &Row| Ok((row.bytes(0)?.first().copied().unwrap_or_default(), row.int(1)?));
        rows.iter().map(read).collect()
    }
}
