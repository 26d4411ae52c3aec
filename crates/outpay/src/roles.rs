//! Roles, and the one table of what each may do.

/// What a member is in a business. The numbers are stored: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Role {
    /// Everything.
    Owner = 1,
    /// Everything but the team.
    Admin = 2,
    /// Looks, and reviews withdrawals.
    Approver = 3,
    /// Looks.
    Viewer = 4,
}

/// What a page or an action asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at anything.
    See,
    /// Give money to people, take it back, import payouts, move money between the business's own balances.
    PayPeople,
    /// Approve, reject, settle and resolve withdrawals.
    ReviewWithdrawals,
    /// Switch people's access on and off, rotate their hashes.
    ManageUsers,
    /// API keys.
    ManageKeys,
    /// Webhooks.
    ManageWebhooks,
    /// Payouts on or off, methods and their terms, expiry, branding.
    ManageSettings,
    /// Members, roles, invitations.
    ManageTeam,
}

impl Role {
    /// All roles, the mightiest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Approver, Self::Viewer];

    /// May a member of this role do it?
    #[must_use]
    pub fn may(self, what: Permission) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => what != Permission::ManageTeam,
            Self::Approver => matches!(what, Permission::See | Permission::ReviewWithdrawals),
            Self::Viewer => what == Permission::See,
        }
    }

    /// The word for it, in forms and for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Approver => "approver",
            Self::Viewer => "viewer",
        }
    }

    /// What it may do, in a sentence for the form that assigns it.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Owner => "Everything, the team included.",
            Self::Admin => "Everything but the team.",
            Self::Approver => "Sees everything, reviews withdrawals.",
            Self::Viewer => "Sees everything, changes nothing.",
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// The number that is stored.
    #[must_use]
    pub const fn code(self) -> i64 {
        self as i64
    }

    /// The role with this number.
    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_role_may_do() {
        use Permission::{
            ManageKeys, ManageSettings, ManageTeam, ManageUsers, ManageWebhooks, PayPeople,
            ReviewWithdrawals, See,
        };
        let all = [
            See,
            PayPeople,
            ReviewWithdrawals,
            ManageUsers,
            ManageKeys,
            ManageWebhooks,
            ManageSettings,
            ManageTeam,
        ];
        let may = |role: Role| all.into_iter().filter(|what| role.may(*what)).collect::<Vec<_>>();
        assert_eq!(may(Role::Owner), all);
        assert_eq!(may(Role::Admin), all[..7]);
        assert_eq!(may(Role::Approver), [See, ReviewWithdrawals]);
        assert_eq!(may(Role::Viewer), [See]);
    }

    #[test]
    fn words_and_numbers_lead_back() {
        for role in Role::ALL {
            assert_eq!(Role::from_word(role.word()), Some(role));
            assert_eq!(Role::from_code(role.code()), Some(role));
        }
        assert_eq!((Role::from_word("Owner"), Role::from_code(0), Role::from_code(5)), (None, None, None));
    }
}
