//! How businesses show themselves on the claim page, and their logos. Not here: what may stand in them (branding/ of the
//! crate).

use super::audit_log::{self, NewAuditEntry};
use super::driver::Statement;
use super::sql::sql;
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
    /// Which sites may show its pages in a frame, with spaces between them; may be empty.
    pub frame_origins: String,
}

/// The columns, in the order in which a row is read.
const COLUMNS: &str = "display_name, colour, support, support_url, frame_origins";

impl Store {
    /// A business's branding, if it has set one.
    pub async fn branding(&self, business: i64) -> Result<Option<BrandingRow>, Failure> {
        let sql = sql!("SELECT {COLUMNS} FROM branding WHERE business = $1");
        let row = self.driver.query_one(sql, vec![business.into()]).await?;
        let text = |row: &super::Row, column| row.text(column).map(str::to_owned);
        row.map(|row| {
            Ok(BrandingRow {
                display_name: text(&row, 0)?,
                colour: text(&row, 1)?,
                support: text(&row, 2)?,
                support_url: text(&row, 3)?,
                frame_origins: text(&row, 4)?,
            })
        })
        .transpose()
    }

    /// Sets a business's branding from now on, with the entry of it.
    ///
    /// # Errors
    /// When the database breaks, or there is no such business.
    pub async fn set_branding(
        &self,
        business: i64,
        row: &BrandingRow,
        entry: &NewAuditEntry,
    ) -> Result<(), Failure> {
        let sql = "INSERT INTO branding (business, display_name, colour, support, support_url, frame_origins) \
                   VALUES ($1, $2, $3, $4, $5, $6) \
                   ON CONFLICT (business) DO UPDATE SET display_name = excluded.display_name, colour = excluded.colour, \
                   support = excluded.support, support_url = excluded.support_url, \
                   frame_origins = excluded.frame_origins";
        let values = vec![
            business.into(),
            row.display_name.as_str().into(),
            row.colour.as_str().into(),
            row.support.as_str().into(),
            row.support_url.as_str().into(),
            row.frame_origins.as_str().into(),
        ];
        Ok(self.driver.write(vec![Statement::one(sql, values), audit_log::note(entry)]).await?)
    }

    /// The name of a business's logo, if it has one.
    pub async fn logo_name(&self, business: i64) -> Result<Option<String>, Failure> {
        let sql = "SELECT name FROM logo WHERE business = $1";
        let row = self.driver.query_one(sql, vec![business.into()]).await?;
        row.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The image of this name.
    pub async fn logo(&self, name: &str) -> Result<Option<Vec<u8>>, Failure> {
        let sql = "SELECT image FROM logo WHERE name = $1 ORDER BY business LIMIT 1";
        let row = self.driver.query_one(sql, vec![name.into()]).await?;
        row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
    }

    /// Sets a business's logo, its name and image, or takes it away, with the entry of it.
    ///
    /// # Errors
    /// When the database breaks, or there is no such business.
    pub async fn set_logo(
        &self,
        business: i64,
        logo: Option<(&str, &[u8])>,
        entry: &NewAuditEntry,
    ) -> Result<(), Failure> {
        let Some((name, image)) = logo else {
            let delete = Statement::new("DELETE FROM logo WHERE business = $1", vec![business.into()]);
            return Ok(self.driver.write(vec![delete, audit_log::note(entry)]).await?);
        };
        let sql = "INSERT INTO logo (business, name, image) VALUES ($1, $2, $3) \
                   ON CONFLICT (business) DO UPDATE SET name = excluded.name, image = excluded.image";
        let values = vec![business.into(), name.into(), image.into()];
        Ok(self.driver.write(vec![Statement::one(sql, values), audit_log::note(entry)]).await?)
    }
}
