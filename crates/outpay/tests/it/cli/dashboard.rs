//! `outpay dashboard`: the first owner's invitation, the team, and the reset of a member. tests/it/dashboard shows
//! what the links open.

use crate::cli::installation::Installation;

crate::cli::on_both_engines! {
    an_owner_is_invited_with_a_link_that_is_shown_once,
    only_members_are_reset,
    the_team_is_listed,
}

fn an_owner_is_invited_with_a_link_that_is_shown_once(installation: &Installation) {
    installation.business("Acme");
    let made = installation.json(&["dashboard", "invite", "Acme", "ada@example.com"]);
    let link = made["link"].as_str().unwrap();
    let token = link.strip_prefix("http://127.0.0.1:8080/dashboard/invitation#").unwrap();
    assert_eq!(token.len(), 43, "256 bits");
    assert!(made["expires_at"].is_string());
    let flags = ["--role", "viewer", "--public-url", "https://pay.example.com/"];
    let text = installation.ok(&[&["dashboard", "invite", "Acme", "bob@example.com"][..], &flags].concat());
    assert!(text.starts_with("https://pay.example.com/dashboard/invitation#"), "{text}");
    assert!(text.contains("not shown again"), "{text}");
    installation.refused(2, "not a valid e-mail address", &["dashboard", "invite", "Acme", "nobody"]);
    installation.refused(
        2,
        "owner, admin",
        &["dashboard", "invite", "Acme", "a@example.com", "--role", "king"],
    );
    installation.refused(1, "there is no business", &["dashboard", "invite", "Other", "a@example.com"]);
}

fn only_members_are_reset(installation: &Installation) {
    installation.business("Acme");
    installation.refused(1, "no member of the team", &["dashboard", "reset", "Acme", "ada@example.com"]);
}

fn the_team_is_listed(installation: &Installation) {
    installation.business("Acme");
    let team = installation.json(&["dashboard", "members", "Acme"]);
    assert_eq!(team["data"].as_array().unwrap().len(), 0);
    assert!(installation.ok(&["dashboard", "members", "Acme"]).contains("second factor"));
}
