//! Which book: one per business and mode, and where it stands. Not here: what is in it (book.rs).

use crate::ChainDigest;

/// Live money, or play money for trying things out. The two never meet: each mode has a book of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Real.
    Live,
    /// Play.
    Test,
}

impl Mode {
    /// The word in keys and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

/// A book's number: twice the business's number, plus 1 for the test book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId(pub i64);

impl BookId {
    /// The book of business `number` (1, 2, …) in `mode`.
    #[must_use]
    pub fn new(number: i64, mode: Mode) -> Self {
        Self(number * 2 + i64::from(mode == Mode::Test))
    }

    /// The business's number.
    #[must_use]
    pub fn business(self) -> i64 {
        self.0 / 2
    }

    /// Live or test.
    #[must_use]
    pub fn mode(self) -> Mode {
        if self.0 % 2 == 0 { Mode::Live } else { Mode::Test }
    }
}

/// Numbers of one epoch: the epoch stands above these bits.
const EPOCH_BITS: u32 = 40;

/// The number below the first of an epoch: `epoch * 2^40`. An installation begins in epoch 0, and is in the next one after
/// each recovery of a database that may have lost its end (`EntryKind::InstallationRecovered`).
///
/// # Panics
/// When the epoch is not 0 … 2^15 - 1: the bits that public ids have for it.
#[must_use]
pub fn floor_of_epoch(epoch: i64) -> i64 {
    assert!((0..1 << 15).contains(&epoch), "an epoch has 15 bits");
    epoch << EPOCH_BITS
}

/// Was a number given in an earlier epoch than another one, such as the sequence of a book's newest entry? Then the database may
/// have forgotten what became of it since.
#[must_use]
pub fn is_from_before_a_recovery(number: i64, newest: i64) -> bool {
    number >> EPOCH_BITS < newest >> EPOCH_BITS
}

/// Where a book's sequence, chain and numbering stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookHead {
    /// Sequence of the newest entry; 0 for an empty book.
    pub sequence: i64,
    /// Digest of the newest entry.
    pub chain: ChainDigest,
    /// Number of the newest user; 0 for none.
    pub users: i64,
    /// Number of the newest withdrawal; 0 for none.
    pub withdrawals: i64,
}
