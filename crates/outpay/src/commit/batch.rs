//! One batch, in pure steps around the store: what the commands need loaded, deciding them one by one on the loaded
//! books, and what has to be saved. The simulator takes the same steps and crashes between them.

use super::Verdict;
use crate::auth::Secrets;
use crate::store::{AskedBefore, Failure, Needs, NewCredential, Saving};
use crate::witness::Record;
use ledger::{
    Applied, Book, BookId, Budget, Command, DepositedElsewhere, Email, HashBasis, Inputs, Mode, Occurrence,
    OnceKey, Order, Refusal, Request, Step, UserStatus, apply, rotations_of,
};

/// A command and the book it is for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub book: BookId,
    pub request: Request,
}

/// What has to be loaded before these commands can be decided.
#[must_use]
pub fn needs_of<'a>(batch: impl Iterator<Item = &'a Asked>) -> Needs {
    let mut needs = Needs::default();
    for asked in batch {
        let book = needs.0.entry(asked.book).or_default();
        book.once.extend(asked.request.once.map(|once| once.key));
        book.credentials.extend(asked.request.origin.credential);
        book.sessions.extend(asked.request.origin.session);
        book.spent.extend(spent_before(&asked.request));
        match &asked.request.command {
            Command::Create { email, .. } => {
                book.emails.insert(email.clone());
            }
            Command::CreateMany { payouts, .. } => {
                for payout in payouts {
                    book.emails.insert(payout.email.clone());
                    book.once.extend(payout.reference.as_deref().map(OnceKey::of_payout_reference));
                }
            }
            Command::Debit { user, .. }
            | Command::SetStatus { user, .. }
            | Command::RotateHash { user }
            | Command::Expire { user, .. } => {
                book.users.insert(*user);
            }
            Command::Withdraw(order) => {
                book.users.insert(order.user);
                book.pauses = true;
                book.asked.extend(looks_back(order));
            }
            Command::Advance(progress) => {
                book.withdrawals.insert(progress.withdrawal);
                book.pauses |= matches!(progress.step, Step::Approve | Step::Send | Step::Cancel);
                book.leases.extend(progress.under.map(|_| progress.withdrawal));
            }
            Command::Record { occurrence: Occurrence::GiftCardRevealed, withdrawal, .. } => {
                book.looks.extend(withdrawal);
            }
            Command::Correct(confirmed) => {
                let deposit = confirmed.correction.deposit();
                book.deposits.extend((deposit != 0).then_some(deposit));
            }
            // Deposits into test books have no bank line.
            Command::Deposit { reference, .. } if asked.book.mode() == Mode::Live => {
                book.references.insert(reference.clone());
            }
            Command::Transfer { .. }
            | Command::Deposit { .. }
            | Command::Record { .. }
            | Command::Remember { .. }
            | Command::Recover { .. } => {}
        }
    }
    needs
}

/// The sums that a key's ceilings per day look back at.
fn spent_before(request: &Request) -> Vec<(i64, Option<Email>)> {
    let Some(Budget { number, ceilings }) = request.origin.budget else { return Vec::new() };
    let emails: Vec<&Email> = match &request.command {
        Command::Create { email, .. } => vec![email],
        Command::CreateMany { payouts, .. } => payouts.iter().map(|payout| &payout.email).collect(),
        _ => return Vec::new(),
    };
    let by_recipient = emails.into_iter().filter(|_| ceilings.per_recipient_day.is_some()).cloned().map(Some);
    let of_all = ceilings.per_day.map(|_| None);
    of_all.into_iter().chain(by_recipient).map(|of| (number, of)).collect()
}

fn looks_back(order: &Order) -> Option<AskedBefore> {
    let review = &order.terms.review;
    let depends = order.terms.daily_cap.is_some() || review.above_per_day.is_some() || review.new_destination;
    depends.then(|| AskedBefore {
        user: order.user,
        method: order.method.clone(),
        destination: order.destination.clone(),
        since: order.day,
    })
}

/// Decides all commands in order; each sees what those before it did.
///
/// # Panics
/// When a plan of the ledger does not fit the book it was made for, which is a bug; nothing was written then.
#[must_use]
pub fn decide_all<'a>(
    books: &mut [Book],
    batch: impl Iterator<Item = &'a Asked>,
    inputs: Inputs,
) -> Vec<Verdict> {
    let decide = |asked: &Asked| match books.binary_search_by_key(&asked.book, |book| book.id) {
        Ok(at) => {
            let verdict = apply(&mut books[at], &asked.request, inputs);
            if let (Ok(Applied { replayed: false, .. }), Command::Deposit { reference, .. }) =
                (&verdict, &asked.request.command)
            {
                tell_others(books, DepositedElsewhere { book: asked.book, at: inputs.now }, reference);
            }
            verdict
        }
        // Only an authenticated business names a book, so its row was deleted by hand a moment ago.
        Err(_) => Err(Refusal::PayoutUserIsUnknown),
    };
    batch.map(decide).collect()
}

/// Books are loaded before the batch, so the others must learn of a deposit made within it.
fn tell_others(books: &mut [Book], deposited: DepositedElsewhere, reference: &str) {
    if deposited.book.mode() == Mode::Test {
        return;
    }
    for book in books.iter_mut().filter(|book| book.id != deposited.book && book.id.mode() == Mode::Live) {
        book.put_deposited_elsewhere(reference, deposited);
    }
}

/// What the witness keeps of a batch: the newest entry of each changed book, and every rotation.
#[must_use]
pub fn witnessed(savings: &[Saving<'_>]) -> Vec<Record> {
    let mut records = Vec::new();
    for saving in savings {
        let book = saving.book.id;
        let changes = &saving.changes;
        if let Some((entry, digest)) = changes.entries.last() {
            records.push(Record::Entry { book, sequence: entry.sequence, digest: *digest });
        }
        let new = changes.new_users.iter().copied().filter(|user| rotations_of(user.generation) > 0);
        let changed = changes.changed_users.iter().filter(|(user, stored)| user.hash_basis() != *stored);
        for user in new.chain(changed.map(|(user, _)| *user)) {
            let rotations = rotations_of(user.generation);
            records.push(Record::Rotation { book, user: user.number, rotations });
        }
    }
    records
}

/// The books to save, with the credentials of their new and changed users.
///
/// # Errors
/// When a hash is of a version of the master key that this process does not have.
pub fn savings<'a>(books: &'a [Book], secrets: &Secrets) -> Result<Vec<Saving<'a>>, Failure> {
    let saving = |book: &'a Book| {
        let changes = book.changes();
        let new = changes.new_users.iter().map(|user| (*user, None));
        let changed = changes.changed_users.iter().map(|(user, stored)| (*user, Some(*stored)));
        let credential = |(user, stored): (&ledger::PayoutUser, Option<HashBasis>)| {
            let digest = |basis: &HashBasis| secrets.hash_digest(book.id, user.number, basis);
            Ok::<_, Failure>(NewCredential {
                digest: digest(&user.hash_basis())?,
                replaces: stored.as_ref().map(digest).transpose()?,
                user: user.number,
                active: user.status == UserStatus::Active,
                // The user ends by the clock of its book, the credential by the machine's.
                expires_at: user.expires_at.map(|end| end - book.ahead()),
            })
        };
        let credentials = new.chain(changed).map(credential).collect::<Result<_, _>>()?;
        Ok(Saving { book, changes, credentials })
    };
    books.iter().map(saving).collect()
}
