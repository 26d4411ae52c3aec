//! A book: all accounts, users and entries of one business in one mode. In memory is the part that a batch names, as the
//! store loaded it, and what the batch changed; the store writes [`Changes`] back. Not here: what is allowed (decide.rs).

use crate::Change;
use crate::budget::{Spent, SpentSums};
use crate::chain::link;
use crate::look_back::LookBack;
use crate::origin::{CredentialDigest, SessionStamp, StoredCredential};
use crate::{
    Account, AccountId, Actor, BookHead, BookId, Cents, ChainDigest, Email, Entry, EntryKind, HashBasis,
    HashSalt, Lease, Micros, Movement, NewEntry, NewMetadata, OnceKey, Pause, PayoutUser, Remembered,
    UserSnapshot, UserStatus, Withdrawal,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The loaded part of a book.
#[derive(Clone, Debug)]
pub struct Book {
    /// Which one.
    pub id: BookId,
    /// The business's switch.
    pub payouts_enabled: bool,
    /// Where the book stands, changes included.
    pub head: BookHead,
    pub(crate) ahead: Micros,
    accounts: HashMap<AccountId, LoadedAccount>,
    users: HashMap<i64, PayoutUser>,
    by_email: HashMap<Email, i64>,
    remembered: HashMap<OnceKey, Remembered>,
    pub(crate) credentials: HashMap<CredentialDigest, StoredCredential>,
    pub(crate) sessions: BTreeSet<SessionStamp>,
    withdrawals: HashMap<i64, Withdrawal>,
    /// The leases that run, of withdrawals that were loaded.
    leases: HashMap<i64, Lease>,
    pauses: Vec<Pause>,
    /// Cents held by withdrawals, of users that were loaded by number.
    pending: HashMap<i64, Cents>,
    pub(crate) before: LookBack,
    pub(crate) spent: SpentSums,
    entries: Vec<(Entry, ChainDigest)>,
    metadata: Vec<NewMetadata>,
    new_users: Vec<i64>,
    /// Number, and what the stored hash is computed from.
    changed_users: BTreeMap<i64, HashBasis>,
    new_remembered: Vec<OnceKey>,
    new_withdrawals: Vec<i64>,
    changed_withdrawals: BTreeSet<i64>,
}

#[derive(Clone, Copy, Debug)]
struct LoadedAccount {
    account: Account,
    stored: bool,
    touched: bool,
}

/// What a batch changed, in the form that the store writes.
#[derive(Debug)]
pub struct Changes<'a> {
    /// New entries with their digests, in sequence.
    pub entries: &'a [(Entry, ChainDigest)],
    /// Metadata of some of them; usually none.
    pub metadata: &'a [NewMetadata],
    /// Accounts that had no row, by number.
    pub new_accounts: BTreeMap<AccountId, Account>,
    /// Accounts whose row changes, by number.
    pub changed_accounts: BTreeMap<AccountId, Account>,
    /// Users that had no row, in order of number.
    pub new_users: Vec<&'a PayoutUser>,
    /// Stored users whose status or hash changed, each with what the stored hash is computed from.
    pub changed_users: Vec<(&'a PayoutUser, HashBasis)>,
    /// Answers to remember.
    pub remembered: Vec<(OnceKey, &'a Remembered)>,
    /// Withdrawals that had no row, in order of number.
    pub new_withdrawals: Vec<&'a Withdrawal>,
    /// Stored withdrawals whose state changed, by number.
    pub changed_withdrawals: Vec<&'a Withdrawal>,
    /// What was paid out of budgets, by budget and recipient (0 for all together).
    pub spent: BTreeMap<(i64, i64), Spent>,
}

impl Book {
    /// A book of which nothing but the head is loaded yet.
    #[must_use]
    pub fn new(id: BookId, payouts_enabled: bool, head: BookHead) -> Self {
        Self {
            id,
            payouts_enabled,
            head,
            ahead: 0,
            accounts: HashMap::new(),
            users: HashMap::new(),
            by_email: HashMap::new(),
            remembered: HashMap::new(),
            credentials: HashMap::new(),
            sessions: BTreeSet::new(),
            withdrawals: HashMap::new(),
            leases: HashMap::new(),
            pauses: Vec::new(),
            pending: HashMap::new(),
            before: LookBack::default(),
            spent: SpentSums::default(),
            entries: Vec::new(),
            metadata: Vec::new(),
            new_users: Vec::new(),
            changed_users: BTreeMap::new(),
            new_remembered: Vec::new(),
            new_withdrawals: Vec::new(),
            changed_withdrawals: BTreeSet::new(),
        }
    }

    /// Adds an account as it is stored.
    pub fn put_account(&mut self, id: AccountId, account: Account) {
        self.accounts.insert(id, LoadedAccount { account, stored: true, touched: false });
    }

    /// Adds a user as it is stored.
    pub fn put_user(&mut self, user: PayoutUser) {
        self.by_email.insert(user.email.clone(), user.number);
        self.users.insert(user.number, user);
    }

    /// Adds what a user's withdrawals hold, for answers that show it.
    pub fn put_pending(&mut self, user: i64, held: Cents) {
        self.pending.insert(user, held);
    }

    /// Adds an answer as it is stored.
    pub fn put_remembered(&mut self, key: OnceKey, remembered: Remembered) {
        self.remembered.insert(key, remembered);
    }

    /// Adds a withdrawal as it is stored.
    pub fn put_withdrawal(&mut self, withdrawal: Withdrawal) {
        self.withdrawals.insert(withdrawal.number, withdrawal);
    }

    /// Adds the lease under which a worker has a withdrawal at this moment, with the attempts as they are stored.
    pub fn put_lease(&mut self, withdrawal: i64, lease: Lease) {
        self.leases.insert(withdrawal, lease);
    }

    /// Adds a pause that concerns this book.
    pub fn put_pause(&mut self, pause: Pause) {
        self.pauses.push(pause);
    }

    /// Does a pause stop what this user gets by this method?
    pub(crate) fn is_paused(&self, user: i64, method: &str) -> bool {
        self.pauses.iter().any(|pause| pause.names(user, method))
    }

    /// Does this lease run, and does the worker know every attempt?
    pub(crate) fn holds(&self, withdrawal: i64, lease: Lease) -> bool {
        self.leases.get(&withdrawal) == Some(&lease)
    }

    /// The withdrawal with this number.
    #[must_use]
    pub fn withdrawal(&self, number: i64) -> Option<&Withdrawal> {
        self.withdrawals.get(&number)
    }

    /// The newest entry that touched an account; 0 for none.
    #[must_use]
    pub fn account_head(&self, id: AccountId) -> i64 {
        self.account(id).head
    }

    /// An account's balance; zero where it has no row yet.
    #[must_use]
    pub fn balance(&self, id: AccountId) -> Cents {
        self.account(id).balance
    }

    /// The user with this number.
    #[must_use]
    pub fn user(&self, number: i64) -> Option<&PayoutUser> {
        self.users.get(&number)
    }

    /// The user with this address.
    #[must_use]
    pub fn user_by_email(&self, email: &Email) -> Option<&PayoutUser> {
        self.by_email.get(email).and_then(|number| self.users.get(number))
    }

    /// The answer remembered under `key`.
    #[must_use]
    pub fn remembered(&self, key: &OnceKey) -> Option<&Remembered> {
        self.remembered.get(key)
    }

    /// A user with its balance.
    #[must_use]
    pub fn snapshot(&self, user: &PayoutUser) -> UserSnapshot {
        UserSnapshot {
            number: user.number,
            email: user.email.clone(),
            status: user.status,
            balance: self.balance(AccountId::user(user.number)),
            pending: self.pending.get(&user.number).copied().unwrap_or_default(),
            created_at: user.created_at,
            expires_at: user.expires_at,
        }
    }

    /// What changed since loading.
    #[must_use]
    pub fn changes(&self) -> Changes<'_> {
        let touched = |stored: bool| {
            let of_kind =
                self.accounts.iter().filter(move |(_, loaded)| loaded.touched && loaded.stored == stored);
            of_kind.map(|(id, loaded)| (*id, loaded.account)).collect::<BTreeMap<_, _>>()
        };
        let known = |number: &i64| self.users.get(number);
        Changes {
            entries: &self.entries,
            metadata: &self.metadata,
            new_accounts: touched(false),
            changed_accounts: touched(true),
            new_users: self.new_users.iter().filter_map(known).collect(),
            changed_users: (self.changed_users.iter())
                .filter(|(number, _)| self.new_users.first().is_none_or(|first| *number < first))
                .filter_map(|(number, stored)| self.users.get(number).map(|user| (user, *stored)))
                .collect(),
            remembered: self
                .new_remembered
                .iter()
                .filter_map(|key| self.remembered.get(key).map(|remembered| (*key, remembered)))
                .collect(),
            new_withdrawals: self
                .new_withdrawals
                .iter()
                .filter_map(|number| self.withdrawal(*number))
                .collect(),
            changed_withdrawals: (self.changed_withdrawals.iter())
                .filter(|number| self.new_withdrawals.first().is_none_or(|first| *number < first))
                .filter_map(|number| self.withdrawal(*number))
                .collect(),
            spent: self.changed_sums(),
        }
    }

    /// Carries out one decided change. Deciding has made sure that it fits; a change that does not is a bug, and
    /// stops the teller before anything is written.
    pub(crate) fn apply(&mut self, change: Change, now: Micros, actor: Actor) {
        match change {
            Change::NewUser { number, email, basis } => self.add_user((number, email, basis), now),
            Change::NewWithdrawal(withdrawal) => self.add_withdrawal(*withdrawal),
            Change::SetWithdrawal(withdrawal) => self.set_withdrawal(*withdrawal),
            Change::Move { entry, debit, credit, amount } => {
                let movement = self.shift(self.head.sequence + 1, debit, credit, amount);
                let is_new = entry.kind == EntryKind::UserCreated;
                let salt =
                    entry.user.filter(|_| is_new).and_then(|user| self.user(user)).map(|user| user.salt);
                self.append_new(entry, Some(movement), salt, now, actor);
            }
            Change::Note(entry) => self.append_new(entry, None, None, now, actor),
            Change::SetStatus { kind, user, status } => {
                self.user_mut(user).status = status;
                self.turn_credentials_of(user, status == UserStatus::Active);
                self.append_new(NewEntry::new(kind).of_user(user), None, None, now, actor);
            }
            Change::SetGeneration { kind, user, generation, salt } => {
                let changed = self.user_mut(user);
                (changed.generation, changed.salt) = (generation, salt);
                self.end_credentials_of(user);
                self.append_new(NewEntry::new(kind).of_user(user), None, Some(salt), now, actor);
            }
            Change::RaiseNumbers { epoch, note } => self.raise_numbers(epoch, note, now, actor),
            Change::ReverseDeposit { deposit, amount } => self.reverse_deposit(deposit, amount),
            Change::Spend { budget, user, spent } => self.set_spent(budget, user, spent),
            Change::Remember { key, remembered } => {
                self.new_remembered.push(key);
                self.remembered.insert(key, remembered);
            }
        }
    }

    fn add_withdrawal(&mut self, withdrawal: Withdrawal) {
        assert_eq!(withdrawal.number, self.head.withdrawals + 1, "withdrawals are numbered without a gap");
        self.head.withdrawals = withdrawal.number;
        self.new_withdrawals.push(withdrawal.number);
        self.before.ask(&withdrawal);
        if let Some(pending) = self.pending.get_mut(&withdrawal.user) {
            *pending = pending.plus(withdrawal.amount).expect("a person holds less than there is money");
        }
        self.put_withdrawal(withdrawal);
    }

    fn set_withdrawal(&mut self, withdrawal: Withdrawal) {
        let held = self.withdrawal(withdrawal.number).is_some_and(|before| before.state.holds_money());
        if held
            && !withdrawal.state.holds_money()
            && let Some(pending) = self.pending.get_mut(&withdrawal.user)
        {
            *pending = pending.minus(withdrawal.amount).expect("what was held is not more than was pending");
        }
        self.changed_withdrawals.insert(withdrawal.number);
        self.put_withdrawal(withdrawal);
    }

    fn account(&self, id: AccountId) -> Account {
        self.accounts.get(&id).map_or(Account::default(), |loaded| loaded.account)
    }

    fn add_user(&mut self, (number, email, basis): (i64, Email, HashBasis), now: Micros) {
        assert_eq!(number, self.head.users + 1, "users are numbered without a gap");
        self.head.users = number;
        self.new_users.push(number);
        self.put_user(PayoutUser {
            number,
            email,
            status: UserStatus::Active,
            generation: basis.generation,
            salt: basis.salt,
            created_at: now,
            expires_at: None,
        });
    }

    fn user_mut(&mut self, number: i64) -> &mut PayoutUser {
        let user = self.users.get_mut(&number).expect("a decided change names a loaded user");
        self.changed_users.entry(number).or_insert(user.hash_basis());
        user
    }

    fn shift(&mut self, sequence: i64, debit: AccountId, credit: AccountId, amount: Cents) -> Movement {
        assert!(amount > Cents::ZERO && debit != credit, "a transfer moves something between two accounts");
        let mut touch = |id: AccountId, add: bool| {
            let loaded = self.accounts.entry(id).or_insert(LoadedAccount {
                account: Account::default(),
                stored: false,
                touched: false,
            });
            let previous = loaded.account.head;
            let balance = loaded.account.balance;
            let balance = if add { balance.plus(amount) } else { balance.minus(amount) };
            let balance = balance.expect("a decided change fits");
            assert!(balance >= Cents::ZERO || id.may_be_negative(), "a decided change is covered");
            loaded.account = Account { balance, head: sequence };
            loaded.touched = true;
            previous
        };
        let debit_previous = touch(debit, false);
        let credit_previous = touch(credit, true);
        Movement { debit, credit, amount, debit_previous, credit_previous }
    }

    /// Appends the entry of a change. What it lacks is stored and chained as 0 or an empty text.
    fn append_new(
        &mut self,
        new: NewEntry,
        movement: Option<Movement>,
        salt: Option<HashSalt>,
        at: Micros,
        actor: Actor,
    ) {
        let sequence = self.head.sequence + 1;
        if !new.metadata.is_empty() {
            let user = new.user.unwrap_or_default();
            self.metadata.push(NewMetadata { sequence, user, metadata: new.metadata });
        }
        self.append(Entry {
            sequence,
            kind: new.kind,
            at,
            user: new.user.unwrap_or_default(),
            movement,
            note: new.note.unwrap_or_default(),
            withdrawal: new.withdrawal.unwrap_or_default(),
            actor,
            detail: new.detail.unwrap_or_default(),
            salt,
        });
    }

    pub(crate) fn append(&mut self, entry: Entry) {
        let chain = match entry.kind {
            EntryKind::UserCreated => {
                let email = self.user(entry.user).map_or("", |user| user.email.as_str());
                link(&self.head.chain, self.id, &entry, email)
            }
            EntryKind::WithdrawalCreated => {
                let order = self.withdrawal(entry.withdrawal).map(Withdrawal::order_text);
                link(&self.head.chain, self.id, &entry, &order.unwrap_or_default())
            }
            _ => link(&self.head.chain, self.id, &entry, ""),
        };
        if entry.kind == EntryKind::GiftCardRevealed {
            self.before.look(entry.withdrawal, entry.at);
        }
        self.head.chain = chain;
        self.head.sequence = entry.sequence;
        self.entries.push((entry, self.head.chain));
    }
}
