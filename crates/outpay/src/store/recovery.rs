//! What a recovery changes in a database that lost its end, in one transaction. Not here: which changes, and in which order with
//! the teller's (recovery/).

use super::codes::{CARD_IN_STOCK, CARD_RECALLED, PUBLIC_KEY, SECRET_KEY, WITHDRAWAL_SUCCEEDED};
use super::driver::{Statement, Value};
use super::settings::RECOVERY_MARK;
use super::sql::sql;
use super::treasury_scans::begin_scan;
use super::{Failure, Store};
use ledger::{Actor, BookId, Micros};

/// See [`Store::recover`].
#[derive(Clone, Debug, Default)]
pub struct RecoveryChanges {
    /// Revoke every API key there is.
    pub revoke_all_keys: bool,
    /// Keys that were revoked, by number.
    pub revoked_keys: Vec<i64>,
    /// Business, member, and when the member was taken out of its team.
    pub removals: Vec<(i64, i64, Micros)>,
    /// Cards whose codes were shown.
    pub revealed_cards: Vec<(BookId, i64)>,
    /// Rails whose own books have to be read, and from when on.
    pub scans: Vec<(String, Micros)>,
    /// A JSON object for the audit log of every business.
    pub detail: String,
}

/// How many rows a recovery has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RecoveryCounts {
    /// API keys that authenticate no more.
    pub keys: u64,
    /// Members who are out of their teams.
    pub members: u64,
    /// Cards that are out of stock.
    pub cards: u64,
    /// Sessions of members that ended.
    pub sessions: u64,
    /// Invitations that were open.
    pub invitations: u64,
}

#[derive(Clone, Copy)]
enum RecoveryStep {
    Keys,
    Members,
    Cards,
    Sessions,
    Invitations,
    Nothing,
}

impl Store {
    /// Takes back what must not be possible again, ends every session and open invitation, writes it into every audit log, and
    /// takes the mark away.
    ///
    /// # Errors
    /// When the database breaks; nothing was changed then.
    pub async fn recover(&self, changes: &RecoveryChanges, at: Micros) -> Result<RecoveryCounts, Failure> {
        let (kinds, statements): (Vec<_>, Vec<_>) = statements(changes, at).into_iter().unzip();
        let touched = self.driver.write_counted(statements).await?;
        let mut counts = RecoveryCounts::default();
        for (kind, rows) in kinds.into_iter().zip(touched) {
            match kind {
                RecoveryStep::Keys => counts.keys += rows,
                RecoveryStep::Members => counts.members += rows,
                RecoveryStep::Cards => counts.cards += rows,
                RecoveryStep::Sessions => counts.sessions += rows,
                RecoveryStep::Invitations => counts.invitations += rows,
                RecoveryStep::Nothing => {}
            }
        }
        Ok(counts)
    }

    /// How many withdrawals had not ended: each may have, since.
    pub async fn open_withdrawals(&self) -> Result<i64, Failure> {
        let sql = sql!("SELECT count(*) FROM withdrawal WHERE state < {WITHDRAWAL_SUCCEEDED}");
        self.driver.query_one(sql, Vec::new()).await?.map_or(Ok(0), |row| row.int(0))
    }
}

fn statements(changes: &RecoveryChanges, at: Micros) -> Vec<(RecoveryStep, Statement)> {
    let now = || Value::from(at);
    let mut all = Vec::new();
    if changes.revoke_all_keys {
        let credentials = sql!("UPDATE credential SET active = 0 WHERE kind IN ({SECRET_KEY}, {PUBLIC_KEY})");
        all.push((RecoveryStep::Nothing, Statement::new(credentials, Vec::new())));
        let keys = "UPDATE api_key SET revoked_at = $1 WHERE revoked_at IS NULL";
        all.push((RecoveryStep::Keys, Statement::new(keys, vec![now()])));
    }
    for key in &changes.revoked_keys {
        let credential =
            "UPDATE credential SET active = 0 WHERE digest = (SELECT digest FROM api_key WHERE number = $1)";
        all.push((RecoveryStep::Nothing, Statement::new(credential, vec![(*key).into()])));
        let revoke = "UPDATE api_key SET revoked_at = $1 WHERE number = $2 AND revoked_at IS NULL";
        all.push((RecoveryStep::Keys, Statement::new(revoke, vec![now(), (*key).into()])));
    }
    for (business, member, removed_at) in &changes.removals {
        let leave = "DELETE FROM membership WHERE business = $1 AND member = $2 AND since <= $3";
        let values = vec![(*business).into(), (*member).into(), (*removed_at).into()];
        all.push((RecoveryStep::Members, Statement::new(leave, values)));
    }
    for (book, card) in &changes.revealed_cards {
        let recall = sql!(
            "UPDATE gift_card SET state = {CARD_RECALLED} WHERE book = $1 AND number = $2 AND state = {CARD_IN_STOCK}"
        );
        all.push((RecoveryStep::Cards, Statement::new(recall, vec![book.0.into(), (*card).into()])));
    }
    let sessions = "UPDATE member_session SET ended_at = $1 WHERE ended_at IS NULL";
    all.push((RecoveryStep::Sessions, Statement::new(sessions, vec![now()])));
    // One that was used or withdrawn since would work a second time.
    let invitations =
        "UPDATE invitation SET withdrawn_at = $1 WHERE used_at IS NULL AND withdrawn_at IS NULL";
    all.push((RecoveryStep::Invitations, Statement::new(invitations, vec![now()])));
    let scans = changes.scans.iter().map(|(rail, since)| begin_scan(rail, *since));
    all.extend(scans.map(|scan| (RecoveryStep::Nothing, scan)));
    // Who held a lease when a backup was made holds none in what was restored from it.
    let leases = "UPDATE withdrawal SET leased_until = 0, leased_by = 0 WHERE due_at IS NOT NULL AND leased_until > 0 \
                  AND EXISTS (SELECT 1 FROM setting WHERE name = $1)";
    all.push((RecoveryStep::Nothing, Statement::new(leases, vec![RECOVERY_MARK.into()])));
    let note = "INSERT INTO audit_log (business, book, at, actor, action, subject, detail) \
                SELECT number, 0, CAST($1 AS BIGINT), CAST($2 AS BIGINT), 'installation.recovered', '', CAST($3 AS TEXT) \
                FROM business ORDER BY number";
    let values = vec![now(), Actor::OPERATOR.0.into(), changes.detail.as_str().into()];
    all.push((RecoveryStep::Nothing, Statement::new(note, values).into_audit_log()));
    let unmark = Statement::new("DELETE FROM setting WHERE name = $1", vec![RECOVERY_MARK.into()]);
    all.push((RecoveryStep::Nothing, unmark));
    all
}
