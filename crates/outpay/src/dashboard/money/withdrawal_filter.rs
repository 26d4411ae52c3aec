//! Which withdrawals a list shows: state, person, method, doubt. Used by the list and by its export.

use crate::dashboard::door::query::{self, Query};
use crate::dashboard::door::signed_in::SignedIn;
use crate::store::{Failure, UserFilter, WithdrawalFilter};
use ledger::{Email, Withdrawal, WithdrawalState};

/// As it was typed.
#[derive(Clone, Debug, Default)]
pub struct WithdrawalQuery {
    /// A state's word; empty for any.
    pub state: String,
    /// An e-mail address; empty for any.
    pub email: String,
    /// A method's name; empty for any.
    pub method: String,
    /// Only withdrawals with an unknown outcome.
    pub doubt: bool,
}

impl WithdrawalQuery {
    /// From a query.
    #[must_use]
    pub fn read(query: &Query) -> Self {
        Self {
            state: query.get("state").to_owned(),
            email: query.get("email").to_owned(),
            method: query.get("method").to_owned(),
            doubt: !query.get("doubt").is_empty(),
        }
    }

    /// A path that asks for the same, from this withdrawal on.
    #[must_use]
    pub fn path(&self, path: &str, before: &str) -> String {
        let doubt = if self.doubt { "on" } else { "" };
        let fields = [
            ("state", self.state.as_str()),
            ("email", &self.email),
            ("method", &self.method),
            ("doubt", doubt),
        ];
        query::path(path, &[&fields[..], &[("before", before)]].concat())
    }

    /// What is wanted, newest first.
    pub async fn find(
        &self,
        who: &SignedIn,
        below: Option<i64>,
        limit: i64,
    ) -> Result<Vec<Withdrawal>, Failure> {
        let store = &who.platform.store;
        let state = WithdrawalState::from_word(&self.state);
        let user = if self.email.is_empty() { None } else { Some(self.user(who).await?) };
        // An unknown state or e-mail address matches nothing.
        if (state.is_none() && !self.state.is_empty()) || user == Some(None) {
            return Ok(Vec::new());
        }
        let method = Some(self.method.clone()).filter(|method| !method.is_empty());
        let filter = WithdrawalFilter { state, user: user.flatten(), method, below };
        if !self.doubt {
            return store.withdrawals(who.book, &filter, limit).await;
        }
        let mut found = store.withdrawals_in_doubt(who.book, &filter, limit).await?;
        found.retain(|withdrawal| state.is_none_or(|state| state == withdrawal.state));
        Ok(found)
    }

    async fn user(&self, who: &SignedIn) -> Result<Option<i64>, Failure> {
        let Ok(email) = Email::parse(&self.email) else { return Ok(None) };
        let filter = UserFilter { email: Some(email), ..UserFilter::default() };
        let found = who.platform.store.users(who.book, &filter, 1).await?;
        Ok(found.first().map(|row| row.user.number))
    }
}
