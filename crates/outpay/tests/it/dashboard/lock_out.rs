//! Lock-out: guessing is slowed down, and others are not locked out by it.

use crate::dashboard::browser::DEVICE;
use crate::dashboard::hat::{Member, PASSWORD, Team};
use crate::world::MINUTE;
use outpay::testing::auth::PasswordLane;
use outpay::testing::members::SessionClient;
use outpay::testing::members::sign_in::{self, SignInAttempt, SignInError};
use outpay::testing::roles::Role;
use secrecy::SecretString;

crate::world::on_both_engines! {
    an_address_that_guesses_waits,
    behind_a_proxy_the_one_that_guesses_waits_alone,
    guesses_from_everywhere_do_not_lock_out_a_known_browser,
    tries_at_the_same_moment_are_all_counted,
    a_flood_is_refused_at_no_cost_while_a_known_browser_signs_in,
    tries_of_a_clock_that_was_ahead_do_not_count,
    codes_are_not_guessed,
    what_fails_is_in_the_audit_log_of_the_member,
}

async fn an_address_that_guesses_waits(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.browser();
    let wrong = [("email", member.email.as_str()), ("password", "wrong wrong wrong")];
    let right = [("email", member.email.as_str()), ("password", PASSWORD)];
    let stranger = [("email", "stranger@example.com"), ("password", "wrong wrong wrong")];
    for fields in [wrong, stranger] {
        for _ in 0..5 {
            browser.post("/dashboard/sign-in", &fields).await.is(422);
        }
        let work = world.platform.passwords.work_done();
        browser.post("/dashboard/sign-in", &fields).await.is(429).says("Wait 15 minutes");
        assert_eq!(world.platform.passwords.work_done(), work, "and costs nothing");
    }
    browser.post("/dashboard/sign-in", &right).await.is(429);
    // From elsewhere the door is open.
    try_from(world, &member, "192.0.2.9", PASSWORD, None).await.unwrap();
    world.wait(15 * MINUTE);
    browser.post("/dashboard/sign-in", &right).await.leads_to("/dashboard/second-factor");
    // A success takes nothing of the past with it.
    for _ in 0..5 {
        browser.post("/dashboard/sign-in", &wrong).await.is(422);
    }
}

async fn behind_a_proxy_the_one_that_guesses_waits_alone(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let wrong = [("email", member.email.as_str()), ("password", "wrong wrong wrong")];
    let right = [("email", member.email.as_str()), ("password", PASSWORD)];
    let mut guesser = world.browser();
    for number in 0..5 {
        // Whatever a client writes itself, the proxy appends where it comes from.
        guesser.forwarded_for = format!("192.0.2.{number}, 198.51.100.1");
        guesser.post("/dashboard/sign-in", &wrong).await.is(422);
    }
    guesser.forwarded_for = "192.0.2.9, 198.51.100.1".to_owned();
    guesser.post("/dashboard/sign-in", &wrong).await.is(429);
    let mut other = world.browser();
    other.forwarded_for = "192.0.2.9".to_owned();
    other.post("/dashboard/sign-in", &right).await.leads_to("/dashboard/second-factor");
}

async fn guesses_from_everywhere_do_not_lock_out_a_known_browser(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    let device = browser.cookies[DEVICE].clone();
    for number in 0..50 {
        let tried =
            try_from(world, &member, &format!("198.51.100.{number}"), "wrong wrong wrong", None).await;
        assert!(matches!(tried, Err(SignInError::Wrong)), "{number}");
    }
    let unknown = try_from(world, &member, "192.0.2.77", PASSWORD, None).await;
    assert!(matches!(unknown, Err(SignInError::Wait(_))), "the account's own limit");
    try_from(world, &member, "192.0.2.77", PASSWORD, Some(&device)).await.unwrap();
    // The known browser does not guess without end either.
    for _ in 0..10 {
        let tried = try_from(world, &member, "192.0.2.77", "wrong wrong wrong", Some(&device)).await;
        assert!(matches!(tried, Err(SignInError::Wrong)));
    }
    let tried = try_from(world, &member, "192.0.2.77", PASSWORD, Some(&device)).await;
    assert!(matches!(tried, Err(SignInError::Wait(_))));
    // A forged device is not known.
    let forged = format!("{}A", &device[..device.len() - 1]);
    let tried = try_from(world, &member, "192.0.2.78", PASSWORD, Some(&forged)).await;
    assert!(matches!(tried, Err(SignInError::Wait(_))) || forged == device);
}

async fn tries_of_a_clock_that_was_ahead_do_not_count(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    for _ in 0..5 {
        drop(try_from(world, &member, "192.0.2.9", "wrong wrong wrong", None).await);
    }
    // Another server's clock, a little behind, does not empty the count.
    world.platform.clock.step(-5 * MINUTE);
    let tried = try_from(world, &member, "192.0.2.9", PASSWORD, None).await;
    assert!(matches!(tried, Err(SignInError::Wait(_))));
    world.platform.clock.step(-24 * 60 * MINUTE);
    try_from(world, &member, "192.0.2.9", PASSWORD, None).await.unwrap();
}

async fn tries_at_the_same_moment_are_all_counted(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let tries = (0..12).map(|_| try_from(world, &member, "192.0.2.1", "wrong wrong wrong", None));
    let tried = futures_util::future::join_all(tries).await;
    let judged = tried.iter().filter(|one| matches!(one, Err(SignInError::Wrong))).count();
    assert!(judged <= 5, "{judged} guesses");
}

async fn a_flood_is_refused_at_no_cost_while_a_known_browser_signs_in(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut known = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    known.post("/dashboard/second-factor", &[("code", &code)]).await.leads_to("/dashboard");
    let passwords = &world.platform.passwords;
    let flood: Vec<_> = std::iter::from_fn(|| passwords.enter(PasswordLane::Unknown)).collect();
    let work = passwords.work_done();
    for _ in 0..6 {
        let busy = world.browser().post("/dashboard/sign-in", &right(&member)).await;
        busy.is(503).says("The server is busy");
    }
    assert_eq!(passwords.work_done(), work, "no digest");
    known.post("/dashboard/sign-in", &right(&member)).await.leads_to("/dashboard/second-factor");
    drop(flood);
    // Nothing was counted: six wrong ones would have to wait.
    world.browser().post("/dashboard/sign-in", &right(&member)).await.leads_to("/dashboard/second-factor");
}

fn right(member: &Member) -> [(&'static str, &str); 2] {
    [("email", member.email.as_str()), ("password", PASSWORD)]
}

async fn codes_are_not_guessed(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let mut browser = world.halfway(&member).await;
    for _ in 0..5 {
        browser.post("/dashboard/second-factor", &[("code", "000000")]).await.is(422);
    }
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(429);
    // Another session has tries of its own, of which the account has few in all.
    let mut guessed = 5;
    while guessed < 20 {
        let mut browser = world.halfway(&member).await;
        for _ in 0..5 {
            browser.post("/dashboard/second-factor", &[("code", "000000")]).await;
            guessed += 1;
        }
    }
    let mut browser = world.halfway(&member).await;
    let code = world.next_code(&member.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(429);
}

async fn try_from(
    world: &Team,
    member: &Member,
    address: &str,
    password: &str,
    device: Option<&str>,
) -> Result<(), SignInError> {
    let client = SessionClient { agent: String::new(), address: address.to_owned() };
    let password = SecretString::from(password);
    let attempt = SignInAttempt { email: &member.email, password: &password, client: &client, device };
    sign_in::with_password(&world.platform, &attempt, None).await.map(drop)
}

async fn what_fails_is_in_the_audit_log_of_the_member(world: &Team) {
    let business = world.business().await;
    let member = world.member(&business, Role::Owner).await;
    let before = world.audit(&business).await.len();
    let write = async || world.platform.attacks.write(&world.platform.store).await.unwrap();
    let since = async || {
        let all = world.audit(&business).await;
        all[..all.len() - before].to_vec()
    };
    let mut browser = world.browser();
    let wrong = [("email", member.email.as_str()), ("password", "wrong wrong wrong")];
    let stranger = [("email", "stranger@example.com"), ("password", "wrong wrong wrong")];
    for fields in [wrong, stranger] {
        for _ in 0..8 {
            browser.post("/dashboard/sign-in", &fields).await;
        }
    }
    assert!(since().await.is_empty(), "no answer waits for the log");
    write().await;
    let mut expected = vec!["member.wrong_password", "member.locked_out"];
    let mut found = since().await;
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected, "five tries are one entry, and so is the lock-out");
    write().await;
    assert_eq!(since().await.len(), 2, "each is written once");
    world.wait(16 * MINUTE);
    let right = [("email", member.email.as_str()), ("password", PASSWORD)];
    browser.post("/dashboard/sign-in", &right).await.leads_to("/dashboard/second-factor");
    browser.post("/dashboard/second-factor", &[("code", "000000")]).await.is(422);
    let mut signed_in = member.browser.clone();
    signed_in
        .post_with("/dashboard/account/sessions", &[("Sec-Fetch-Site", "cross-site")], &[])
        .await
        .is(403);
    write().await;
    let mut found = since().await;
    found.sort_unstable();
    assert_eq!(
        found,
        ["member.forged_form", "member.locked_out", "member.wrong_code", "member.wrong_password"]
    );
}
