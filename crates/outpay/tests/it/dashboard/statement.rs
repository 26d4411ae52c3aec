//! Statements and trial balances, compared with the whole journal, after commands at random over several months.

use crate::dashboard::hat::Team;
use crate::world::{Business, MINUTE};
use ledger::{
    AccountId, Actor, BookId, Cents, Command, Confirmed, Correction, Direction, Email, FeeRule, Metadata,
    Order, Progress, Provider, Request, Step, Terms,
};
use outpay::testing::overview;
use outpay::testing::roles::Role;
use outpay::testing::statement::{self, Month};
use outpay::testing::store::PEOPLE;
use std::collections::BTreeMap;

crate::world::on_both_engines! {
    every_month_leads_from_opening_to_closing,
    a_month_is_shown_and_is_a_file,
    a_trial_balance_is_shown_and_is_a_file,
    books_that_do_not_balance_have_no_statement,
}

const DAY: i64 = 1_440 * MINUTE;
const ACCOUNTS: [AccountId; 5] =
    [AccountId::MAIN, AccountId::PAYOUT, AccountId::HELD, PEOPLE, AccountId::FEES];

/// Draws at random, the same for the same seed.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: i64) -> i64 {
        // Knuth's constants (The Art of Computer Programming, 3.3.4).
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(end).unwrap()).unwrap()
    }

    fn command(&mut self, number: i64) -> Command {
        let amount = Cents(1 + self.below(5_000));
        match self.below(12) {
            0 | 1 => Command::Deposit {
                amount: Cents(amount.0 * 10),
                reference: format!("line {number}"),
                used_elsewhere: true,
                received_on: String::new(),
            },
            2 | 3 => Command::Transfer { direction: Direction::ToPayout, amount: Cents(amount.0 * 5) },
            4 => Command::Transfer { direction: Direction::ToMain, amount },
            5..=7 => Command::Create {
                email: Email::parse(&format!("p{}@example.com", self.below(6))).unwrap(),
                amount,
                memo: String::new(),
                metadata: Metadata::default(),
            },
            8 => Command::Debit { user: 1 + self.below(6), amount, reason: "taken back".to_owned() },
            9 | 10 => {
                let fee = FeeRule { fixed: Cents(self.below(3) * 7), ..FeeRule::default() };
                Command::Withdraw(Box::new(Order {
                    user: 1 + self.below(6),
                    method: "bank".to_owned(),
                    provider: if self.below(2) == 0 { Provider::Manual } else { Provider::GiftCard },
                    amount,
                    destination: r#"{"account":"DE02"}"#.to_owned(),
                    terms: Terms { enabled: true, fee, ..Terms::default() },
                    is_held: false,
                    day: 0,
                }))
            }
            11 => {
                let corrections = [Correction::PayOut, Correction::SweepFeesToMain, Correction::SweepFeesOut];
                let correction = corrections[usize::try_from(self.below(3)).unwrap()];
                let (reason, proposed_by) = ("because".to_owned(), Actor::OPERATOR);
                Command::Correct(Box::new(Confirmed {
                    proposal: number,
                    correction,
                    amount,
                    reason,
                    proposed_by,
                }))
            }
            _ => unreachable!("a withdrawal's steps are not one command"),
        }
    }

    /// A command, or steps of a withdrawal that may be there.
    fn commands(&mut self, number: i64) -> Vec<Command> {
        if self.below(3) > 0 {
            return vec![self.command(number)];
        }
        let ways: [&[Step]; 4] = [
            &[Step::Cancel],
            &[Step::Send, Step::Succeed],
            &[Step::Send, Step::Fail],
            &[Step::Send, Step::Succeed, Step::Return],
        ];
        let withdrawal = 1 + self.below(1 + number / 10);
        let way = ways[usize::try_from(self.below(4)).unwrap()];
        way.iter().map(|step| Command::Advance(Box::new(Progress::new(withdrawal, *step)))).collect()
    }
}

/// Commands at random over some 100 days; what a rule refuses is left out.
async fn busy(world: &Team, seed: u64) -> Business {
    let business = world.business().await;
    world.enable_payouts(&business, true).await;
    let mut draw = Draw(seed);
    for number in 1..=400 {
        for command in draw.commands(number) {
            let _refused = world.platform.teller.ask(business.live, Request::plain(command)).await.unwrap();
        }
        world.wait(draw.below(720) * MINUTE);
    }
    business
}

/// The accounts' sums of debits and credits by kind, on these days, from the whole journal.
async fn from_journal(
    world: &Team,
    book: BookId,
    days: std::ops::Range<i64>,
) -> BTreeMap<(i64, AccountId), (i64, i64)> {
    let mut sums: BTreeMap<(i64, AccountId), (i64, i64)> = BTreeMap::new();
    for stored in world.platform.store.entries(book, 0, i64::MAX).await.unwrap() {
        let entry = stored.entry;
        let Some(moved) = entry.movement.filter(|_| days.contains(&entry.at.div_euclid(DAY))) else {
            continue;
        };
        let class = |account: AccountId| if account.0 > 0 { PEOPLE } else { account };
        sums.entry((entry.kind.code(), class(moved.debit))).or_default().0 += moved.amount.0;
        sums.entry((entry.kind.code(), class(moved.credit))).or_default().1 += moved.amount.0;
    }
    sums
}

async fn every_month_leads_from_opening_to_closing(world: &Team) {
    for seed in [1, 2] {
        let business = busy(world, seed).await;
        let book = business.live;
        let today = overview::today(&world.platform, book).await.unwrap();
        let (first, last) = (Month::parse("2025-12").unwrap(), Month::of_day(today).after().unwrap());
        assert!(last >= Month::parse("2026-04").unwrap(), "the commands go over several months");
        let (mut month, mut before, mut kinds) = (first, [0; 5], BTreeMap::new());
        while month <= last {
            let statement = statement::of_days(&world.platform, book, month.days()).await.unwrap().unwrap();
            assert_eq!(statement.opening, before, "{} begins where the month before ended", month.text());
            let journal = from_journal(world, book, month.days()).await;
            let lines = statement.lines.iter().map(|line| line.amounts);
            for (at, account) in ACCOUNTS.into_iter().enumerate() {
                let moved: i64 = lines.clone().map(|amounts| amounts[at]).sum();
                assert_eq!(
                    statement.opening[at] + moved,
                    statement.closing[at],
                    "{} {account}",
                    month.text()
                );
                let of_journal = journal.iter().filter(|((_, of), _)| *of == account);
                let of_journal: i64 = of_journal.map(|(_, (debits, credits))| credits - debits).sum();
                assert_eq!(moved, of_journal, "{} {account}", month.text());
            }
            statement.lines.iter().for_each(|line| *kinds.entry(line.title).or_insert(0) += line.entries);
            before = statement.closing;
            month = month.after().unwrap();
        }
        let (main, payout) = world.platform.store.own_balances(book).await.unwrap();
        let held = world.platform.store.held(book).await.unwrap();
        assert_eq!(before[..3], [main.0, payout.0, held.0]);
        let users = world.platform.store.users(book, &Default::default(), 100).await.unwrap();
        assert_eq!(before[3], users.iter().map(|row| row.user.balance.0).sum::<i64>());
        assert!(kinds.len() >= 11, "the commands do little: {kinds:?}");
        for day in [today - 60, today - 1, today, today + 5] {
            trial_balance_is_the_journals(world, book, day).await;
        }
    }
}

async fn trial_balance_is_the_journals(world: &Team, book: BookId, day: i64) {
    let trial = statement::trial_balance(&world.platform, book, day).await.unwrap().unwrap();
    let journal = from_journal(world, book, 0..day + 1).await;
    for line in &trial.lines {
        let of_account = journal.iter().filter(|((_, of), _)| *of == line.account).map(|(_, sums)| *sums);
        let sums = of_account.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        assert_eq!((line.debits, line.credits), sums, "{}", line.account);
    }
    assert_eq!(trial.debits, trial.credits);
    assert_eq!(trial.debits, journal.values().map(|sums| sums.0).sum::<i64>(), "no account is left out");
    assert_eq!(trial.lines.iter().map(|line| line.balance()).sum::<i64>(), 0);
}

/// 100 dollars, of which 30 went to Ada in January; 10 more in February, and a withdrawal of 5.
async fn two_months(world: &Team) -> Business {
    let business = world.reviewing_business().await;
    let ada = world.give(business.live, "ada@example.com", 3_000, Actor::NONE).await;
    world.wait(40 * DAY);
    world.give(business.live, "ada@example.com", 1_000, Actor::NONE).await;
    world.withdraw(business.live, ada, 500).await;
    business
}

async fn a_month_is_shown_and_is_a_file(world: &Team) {
    let business = two_months(world).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let now = viewer.get("/dashboard/statement").await;
    now.is(200)
        .says("February 2026")
        .says("The month is not over")
        .says("Withdrawals requested")
        .says_not(">March 2026<");
    let january = viewer.get("/dashboard/statement?month=2026-01").await;
    january
        .is(200)
        .says("Payouts to people")
        .says("-$30.00")
        .says_not("The month is not over")
        .says(">February 2026<");
    let file = viewer.get("/dashboard/statement/export?month=2026-02").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"statement-2026-02.csv\"");
    let lines: Vec<&str> = file.is(200).body.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "2026-02,Opening balance,,0.00,9970.00,0.00,30.00,0.00,10000.00,USD",
            "2026-02,Payouts to people,1,0.00,-10.00,0.00,10.00,0.00,0.00,USD",
            "2026-02,Withdrawals requested,1,0.00,0.00,5.00,-5.00,0.00,0.00,USD",
            "2026-02,Closing balance,,0.00,9960.00,5.00,35.00,0.00,10000.00,USD",
        ]
    );
    viewer.get("/dashboard/statement?month=2030-01").await.is(200).says("February 2026");
    viewer.get("/dashboard/statement?month=1999-01").await.is(200).says("January 1999").says("$0.00");
}

async fn a_trial_balance_is_shown_and_is_a_file(world: &Team) {
    let business = two_months(world).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    let now = viewer.get("/dashboard/trial-balance").await;
    now.is(200).says("until now").says("-$10,000.00").says("$9,960.00").says("$35.00");
    let file = viewer.get("/dashboard/trial-balance/export?day=2026-01-31").await;
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"trial-balance-2026-01-31.csv\"");
    let lines: Vec<&str> = file.is(200).body.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "2026-01-31,world,10000.00,0.00,-10000.00,USD",
            "2026-01-31,main,10000.00,10000.00,0.00,USD",
            "2026-01-31,payout,30.00,10000.00,9970.00,USD",
            "2026-01-31,held,0.00,0.00,0.00,USD",
            "2026-01-31,people,0.00,30.00,30.00,USD",
            "2026-01-31,fees,0.00,0.00,0.00,USD",
            "2026-01-31,all,20030.00,20030.00,0.00,USD",
        ]
    );
}

async fn books_that_do_not_balance_have_no_statement(world: &Team) {
    let business = two_months(world).await;
    let mut viewer = world.member(&business, Role::Viewer).await.browser;
    viewer.get("/dashboard/statement").await.is(200);
    world.database.execute("UPDATE day_sum SET low = low + 1 WHERE kind = 10").await;
    viewer.get("/dashboard/statement").await.is(500).says_not("Closing balance");
    viewer.get("/dashboard/trial-balance").await.is(500);
    viewer.get("/dashboard/statement/export").await.is(500);
}
