//! Members through a rotation of the master key: sessions and second factors go on, passwords are renewed at the next sign-in.

use crate::dashboard::hat::Team;
use outpay::testing::key_rotation::{BegunRotation, Resealing, begin, needs};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    a_member_stays_signed_in_and_signs_in_again,
}

async fn a_member_stays_signed_in_and_signs_in_again(world: &Team) {
    let business = world.business().await;
    let mut member = world.member(&business, Role::Owner).await;
    let number = member.number;
    let row = async || world.platform.store.member(number).await.unwrap().unwrap();
    assert!(row().await.password.starts_with("$argon2id$"));
    assert_eq!(begin(&world.platform, 1).await.unwrap(), BegunRotation::InUse);
    member.browser.get("/dashboard/account").await.is(200);
    let mut run = Resealing::default();
    while run.step(&world.platform).await.unwrap() {}
    assert_eq!(
        (run.done, run.unreadable),
        (2, 0),
        "the second factor, and that of the session that set it up"
    );
    member.browser.get("/dashboard/account").await.is(200);
    let passwords = async |version: u8| {
        needs(&world.platform).await.unwrap().get(&version).copied().unwrap_or_default().passwords
    };
    assert_eq!((passwords(0).await, passwords(1).await), (1, 0));

    for _ in 0..2 {
        let mut browser = world.halfway(&member).await;
        assert!(row().await.password.starts_with("1$argon2id$"), "renewed where the password was typed");
        let code = world.next_code(&member.key);
        browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(303);
        browser.get("/dashboard/account").await.is(200);
    }
    assert_eq!((passwords(0).await, passwords(1).await), (0, 1));
    let wrong = [("email", member.email.as_str()), ("password", "not the password")];
    world.browser().post("/dashboard/sign-in", &wrong).await.is(422);
}
