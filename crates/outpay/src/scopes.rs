//! Scopes of API keys: which parts of the API a key may read or change. Not here: which scope an endpoint needs
//! (http/routes.rs), the check (http/door.rs). Invariant: a restricted key has nothing that it was not given, also of parts
//! that a later version adds.

use std::fmt;

/// A part of the API. The numbers are stored as bits: never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Resource {
    Payouts = 0,
    Users = 1,
    Withdrawals = 2,
    Pauses = 3,
    Settings = 4,
    Events = 5,
    Webhooks = 6,
    Balances = 7,
    Keys = 8,
    Proposals = 9,
    Audit = 10,
}

/// What a scope allows; to change something includes to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScopeLevel {
    Read,
    Write,
}

/// What an endpoint needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub resource: Resource,
    pub level: ScopeLevel,
}

/// What a key has: everything, or a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Scopes(Option<u32>);

/// Why words are not scopes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadScope {
    #[error("`{0}` is not a scope; write one of {all}, each with :read or :write", all = resources())]
    Word(String),
    #[error("name at least one scope")]
    None,
}

impl Resource {
    /// In the order in which they are listed.
    pub const ALL: [Self; 11] = [
        Self::Payouts,
        Self::Users,
        Self::Withdrawals,
        Self::Pauses,
        Self::Settings,
        Self::Events,
        Self::Webhooks,
        Self::Balances,
        Self::Keys,
        Self::Proposals,
        Self::Audit,
    ];

    /// The word in a scope.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Payouts => "payouts",
            Self::Users => "users",
            Self::Withdrawals => "withdrawals",
            Self::Pauses => "pauses",
            Self::Settings => "settings",
            Self::Events => "events",
            Self::Webhooks => "webhooks",
            Self::Balances => "balances",
            Self::Keys => "keys",
            Self::Proposals => "proposals",
            Self::Audit => "audit",
        }
    }
}

impl Scope {
    /// To read this part.
    #[must_use]
    pub const fn read(resource: Resource) -> Self {
        Self { resource, level: ScopeLevel::Read }
    }

    /// To change it.
    #[must_use]
    pub const fn write(resource: Resource) -> Self {
        Self { resource, level: ScopeLevel::Write }
    }

    const fn bit(self) -> u32 {
        1 << (2 * self.resource as u32 + self.level as u32)
    }

    fn known(word: &str) -> Option<Self> {
        let (resource, level) = word.split_once(':')?;
        let resource = Resource::ALL.into_iter().find(|known| known.word() == resource)?;
        match level {
            "read" => Some(Self::read(resource)),
            "write" => Some(Self::write(resource)),
            _ => None,
        }
    }

    /// From its words, such as `payouts:write`.
    ///
    /// # Errors
    /// When it is no scope.
    pub fn parse(word: &str) -> Result<Self, BadScope> {
        Self::known(word).ok_or_else(|| BadScope::Word(word.chars().take(60).collect()))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.level == ScopeLevel::Read { "read" } else { "write" };
        write!(f, "{}:{level}", self.resource.word())
    }
}

impl Scopes {
    /// Everything, also what is added later.
    pub const ALL: Self = Self(None);

    /// These.
    #[must_use]
    pub fn of(scopes: &[Scope]) -> Self {
        let bits =
            scopes.iter().fold(0, |bits, scope| bits | scope.bit() | Scope::read(scope.resource).bit());
        Self(Some(bits))
    }

    /// From words such as `payouts:write`.
    ///
    /// # Errors
    /// Names the first word that is not a scope.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, BadScope> {
        let scopes = words.into_iter().map(Scope::parse).collect::<Result<Vec<_>, _>>()?;
        if scopes.is_empty() { Err(BadScope::None) } else { Ok(Self::of(&scopes)) }
    }

    /// Is everything allowed?
    #[must_use]
    pub fn is_all(self) -> bool {
        self.0.is_none()
    }

    /// May a key with these scopes do what needs this one?
    #[must_use]
    pub fn allow(self, scope: Scope) -> bool {
        self.0.is_none_or(|bits| bits & scope.bit() != 0)
    }

    /// Does `other` have everything that these have?
    #[must_use]
    pub fn are_within(self, other: Self) -> bool {
        match (self.0, other.0) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(own), Some(others)) => own & !others == 0,
        }
    }

    /// The level for one part, if any.
    #[must_use]
    pub fn level(self, resource: Resource) -> Option<ScopeLevel> {
        let levels = [ScopeLevel::Write, ScopeLevel::Read];
        levels.into_iter().find(|level| self.allow(Scope { resource, level: *level }))
    }

    /// The scopes, one per part; `None` for everything.
    #[must_use]
    pub fn list(self) -> Option<Vec<Scope>> {
        let scope = |resource| self.level(resource).map(|level| Scope { resource, level });
        self.0.map(|_| Resource::ALL.into_iter().filter_map(scope).collect())
    }

    /// As it is stored; `None` for everything.
    #[must_use]
    pub fn code(self) -> Option<i64> {
        self.0.map(i64::from)
    }

    /// `None` for a number that no scopes have.
    #[must_use]
    pub fn from_code(code: Option<i64>) -> Option<Self> {
        Some(Self(code.map(u32::try_from).transpose().ok()?))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.list() {
            None => f.write_str("everything"),
            Some(scopes) => {
                let words: Vec<String> = scopes.iter().map(ToString::to_string).collect();
                f.write_str(&words.join(" "))
            }
        }
    }
}

fn resources() -> String {
    Resource::ALL.map(Resource::word).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_includes_read_and_nothing_includes_more() {
        for resource in Resource::ALL {
            let (read, write) = (Scope::read(resource), Scope::write(resource));
            assert!(Scopes::of(&[write]).allow(read) && Scopes::of(&[write]).allow(write));
            assert!(Scopes::of(&[read]).allow(read) && !Scopes::of(&[read]).allow(write));
            for other in Resource::ALL.into_iter().filter(|other| *other != resource) {
                assert!(!Scopes::of(&[write]).allow(Scope::read(other)), "{write} is not {other:?}");
            }
            assert!(Scopes::ALL.allow(write));
        }
    }

    #[test]
    fn scopes_are_written_as_they_are_read() {
        let words = ["users:read", "payouts:write"];
        let scopes = Scopes::parse(words).unwrap();
        assert_eq!(scopes.to_string(), "payouts:write users:read");
        assert_eq!(Scopes::from_code(scopes.code()), Some(scopes));
        assert_eq!(Scopes::from_code(None), Some(Scopes::ALL));
        assert_eq!(Scopes::ALL.to_string(), "everything");
        for wrong in ["", "payouts", "payouts:", "payout:write", "payouts:Write", "payouts:write:read", "*"] {
            assert_eq!(Scopes::parse([wrong]), Err(BadScope::Word(wrong.to_owned())));
        }
        assert_eq!(Scopes::parse([]), Err(BadScope::None));
        assert_eq!(Scopes::from_code(Some(-1)), None);
    }

    #[test]
    fn a_part_is_within_the_whole() {
        let (read, write) = (Scope::read(Resource::Keys), Scope::write(Resource::Keys));
        let (few, more) = (Scopes::of(&[read]), Scopes::of(&[write]));
        assert!(few.are_within(more) && few.are_within(few) && more.are_within(Scopes::ALL));
        assert!(
            !more.are_within(few) && !Scopes::ALL.are_within(more) && Scopes::ALL.are_within(Scopes::ALL)
        );
    }
}
