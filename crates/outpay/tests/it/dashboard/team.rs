//! The team: invitations by owners, roles, leaving, lost second factors. An owner stays always.

use crate::dashboard::hat::{PASSWORD, Team};
use ledger::{Actor, Email};
use outpay::testing::ids::IdKind;
use outpay::testing::members::{self, invitation, team};
use outpay::testing::roles::Role;

crate::world::on_both_engines! {
    an_owner_invites_and_withdraws,
    roles_change_at_once,
    an_owner_stays,
    two_owners_do_not_both_leave,
    who_is_removed_is_out,
    a_lost_second_factor_is_set_up_anew,
    others_are_not_of_this_team,
}

async fn an_owner_invites_and_withdraws(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let invite = |email, role| [("email", email), ("role", role)];
    let page = owner.post("/dashboard/team/invite", &invite("bob@example.com", "approver")).await;
    let link = page.is(200).says("shown once").between("<p class=\"secret\">", "</p>");
    let token = link.rsplit_once("/dashboard/invitation#").unwrap().1;
    owner.get("/dashboard/team").await.is(200).says("bob@example.com").says_not(token);
    world.browser().post("/dashboard/invitation", &[("token", token)]).await.is(200).says("approver");
    for (email, role) in [("no address", "viewer"), ("eve@example.com", "king"), ("", "")] {
        owner.post("/dashboard/team/invite", &invite(email, role)).await.is(422);
    }
    let page = owner.get("/dashboard/team").await;
    let id = page.between("name=\"invitation\" value=\"", "\"");
    let mut stranger = world.member(&world.business().await, Role::Owner).await.browser;
    stranger.post("/dashboard/team/withdraw", &[("invitation", &id)]).await.is(404);
    owner.post("/dashboard/team/withdraw", &[("invitation", &id)]).await.leads_to("/dashboard/team");
    owner.post("/dashboard/team/withdraw", &[("invitation", &id)]).await.is(404);
    world.browser().post("/dashboard/invitation", &[("token", token)]).await.is(422);
    let log = world.audit(&business).await;
    assert_eq!(log[..2], ["member.invitation_withdrawn", "member.invited"]);
}

async fn roles_change_at_once(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let mut viewer = world.member(&business, Role::Viewer).await;
    let id = members::id(&world.platform, IdKind::Member, viewer.number);
    viewer.browser.post("/dashboard/settings/payouts", &[("payouts", "on")]).await.is(403);
    owner.post("/dashboard/team/role", &[("member", &id), ("role", "admin")]).await.is(303);
    owner.get("/dashboard/team").await.is(200).says("Ada Example is admin now.");
    viewer.browser.post("/dashboard/settings/payouts", &[("payouts", "on")]).await.is(303);
    owner.post("/dashboard/team/role", &[("member", &id), ("role", "king")]).await.is(400);
}

async fn an_owner_stays(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await;
    let id = members::id(&world.platform, IdKind::Member, owner.number);
    let demote = [("member", id.as_str()), ("role", "viewer")];
    owner.browser.post("/dashboard/team/role", &demote).await.is(409).says("at least one owner");
    owner.browser.post("/dashboard/team/remove", &[("member", &id)]).await.is(409);
    world.member(&business, Role::Owner).await;
    owner.browser.post("/dashboard/team/role", &demote).await.is(303);
    owner.browser.post("/dashboard/team/role", &demote).await.is(403);
}

async fn two_owners_do_not_both_leave(world: &Team) {
    for _ in 0..5 {
        let business = world.business().await;
        let (one, other) =
            (world.member(&business, Role::Owner).await, world.member(&business, Role::Owner).await);
        let leave = async |number| {
            team::remove(&world.platform, business.number, number, Actor::OPERATOR).await.is_ok()
        };
        let left = tokio::join!(leave(one.number), leave(other.number));
        assert!(left.0 != left.1, "{left:?}");
        assert_eq!(world.platform.store.team(business.number).await.unwrap().len(), 1);
    }
}

async fn who_is_removed_is_out(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let mut admin = world.member(&business, Role::Admin).await;
    let id = members::id(&world.platform, IdKind::Member, admin.number);
    let back = Email::parse("back@example.com").unwrap();
    let by = Actor::member(admin.number);
    let invited = invitation::invite(&world.platform, business.number, &back, Role::Owner, by).await;
    assert!(invited.is_ok());
    owner.post("/dashboard/team/remove", &[("member", &id)]).await.is(303);
    let now = world.platform.clock.now();
    let open = world.platform.store.open_invitations(business.number, now).await.unwrap();
    assert!(open.is_empty(), "no way back in by an invitation of one's own");
    admin.browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    let mut browser = world.halfway(&admin).await;
    let code = world.next_code(&admin.key);
    browser.post("/dashboard/second-factor", &[("code", &code)]).await.is(303);
    browser.get("/dashboard/account").await.is(403).says("team any more");
}

async fn a_lost_second_factor_is_set_up_anew(world: &Team) {
    let business = world.business().await;
    let mut owner = world.member(&business, Role::Owner).await.browser;
    let mut viewer = world.member(&business, Role::Viewer).await;
    let id = members::id(&world.platform, IdKind::Member, viewer.number);
    owner.post("/dashboard/team/reset", &[("member", &id)]).await.is(303);
    viewer.browser.get("/dashboard/account").await.leads_to("/dashboard/sign-in");
    let fields = [("email", viewer.email.as_str()), ("password", PASSWORD)];
    let mut browser = world.browser();
    browser.post("/dashboard/sign-in", &fields).await.leads_to("/dashboard/enrolment");
    owner.post("/dashboard/team/reset", &[("member", &id)]).await.is(409);
    // A member of two teams cannot be weakened by one of them.
    let both = world.member(&business, Role::Viewer).await;
    let other = world.business().await;
    let token = world.invite(&other, &both.email, Role::Owner).await;
    let fields = [("token", token.as_str()), ("password", PASSWORD)];
    world.browser().post("/dashboard/invitation/accept", &fields).await.is(303);
    let id = members::id(&world.platform, IdKind::Member, both.number);
    owner.post("/dashboard/team/reset", &[("member", &id)]).await.is(409).says("another team");
}

async fn others_are_not_of_this_team(world: &Team) {
    let (business, other) = (world.business().await, world.business().await);
    let member = world.member(&business, Role::Viewer).await;
    let mut stranger = world.member(&other, Role::Owner).await.browser;
    stranger.get("/dashboard/team").await.is(200).says_not(&member.email).says_not(&business.name);
    stranger.get("/dashboard/audit").await.is(200).says_not(&member.email);
    let id = members::id(&world.platform, IdKind::Member, member.number);
    stranger.post("/dashboard/team/role", &[("member", &id), ("role", "owner")]).await.is(404);
    stranger.post("/dashboard/team/remove", &[("member", &id)]).await.is(404);
    stranger.post("/dashboard/team/reset", &[("member", &id)]).await.is(404);
}
