//! How businesses show themselves on the claim page. Not here: what may stand in it (branding.rs of the crate).

use super::driver::Statement;
use super::{Failure, Store};

/// A row of `branding`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandingRow {
    /// What people call the business.
    pub display_name: String,
    /// `#rrggbb`
    pub colour: String,
    /// How to get help, in a sentence; may be empty.
    pub support: String,
    /// Where to get help, a URL; may be empty.
    pub support_url: String,
}

impl Store {
    /// A business's branding, if it has set one.
    ///
    /// # Errors
    /// When the database breaks.
    pub async fn branding(&self, business: i64) -> Result<Option<BrandingRow>, Failure> {
        let sql = "SELECT display_name, colour, support, support_url FROM branding WHERE business = $1";
        let row = self.driver.query_one(sql, vec![business.into()]).await?;
        let text = |row: &super::Row, column| row.text(column).map(str::to_owned);
        row.map(|row| {
            Ok(BrandingRow {
                display_name: text(&row, 0)?,
                colour: text(&row, 1)?,
                support: text(&row, 2)?,
                support_url: text(&row, 3)?,
            })
        })
        .transpose()
    }

    /// Sets a business's branding from now on.
    ///
    /// # Errors
    /// When the database breaks, or there is no such business.
    pub async fn set_branding(&self, business: i64, row: &BrandingRow) -> Result<(), Failure> {
        let sql = "INSERT INTO branding (business, display_name, colour, support, support_url) VALUES ($1, $2, $3, $4, $5) \
                   ON CONFLICT (business) DO UPDATE SET display_name = excluded.display_name, colour = excluded.colour, \
                   support = excluded.support, support_url = excluded.support_url";
        let values = vec![
            business.into(),
            row.display_name.as_str().into(),
            row.colour.as_str().into(),
            row.support.as_str().into(),
            row.support_url.as_str().into(),
        ];
        Ok(self.driver.write(vec![Statement::one(sql, values)]).await?)
    }
}
