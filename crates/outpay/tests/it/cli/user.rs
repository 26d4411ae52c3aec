//! `outpay user`: payout users listed, shown with their history, deactivated and activated.

use crate::cli::installation::Installation;

crate::cli::on_both_engines! {
    users_are_listed_newest_first_page_by_page,
    a_user_is_shown_with_history_and_without_hash,
    a_user_is_deactivated_and_activated,
    a_user_of_another_book_is_not_found,
}

fn three_users(installation: &Installation) {
    installation.paying_business("Acme", 1000);
    let file = installation
        .write("users.csv", "a@example.com,100\nb@example.com,20\nc@example.com,3\na@example.com,5\n");
    installation.ok(&["import", &file, "--business", "Acme"]);
}

fn users_are_listed_newest_first_page_by_page(installation: &Installation) {
    three_users(installation);
    let all = installation.json(&["user", "list", "Acme"]);
    let emails = |list: &serde_json::Value| {
        let data = list["data"].as_array().unwrap();
        data.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(emails(&all), ["c@example.com", "b@example.com", "a@example.com"]);
    assert_eq!(all["has_more"], false);
    let page = installation.json(&["user", "list", "Acme", "--limit", "2"]);
    assert_eq!((emails(&page).len(), &page["has_more"]), (2, &true.into()));
    let last = page["data"][1]["id"].as_str().unwrap();
    let rest = installation.json(&["user", "list", "Acme", "--limit", "2", "--after", last]);
    assert_eq!((emails(&rest), &rest["has_more"]), (vec!["a@example.com".to_owned()], &false.into()));
    assert!(installation.ok(&["user", "list", "Acme", "--limit", "2"]).contains(&format!("--after {last}")));
    assert!(emails(&installation.json(&["user", "list", "Acme", "--status", "inactive"])).is_empty());
}

fn a_user_is_shown_with_history_and_without_hash(installation: &Installation) {
    three_users(installation);
    let shown = installation.json(&["user", "show", "Acme", "A@Example.com"]);
    assert_eq!((&shown["balance"], &shown["status"]), (&105.into(), &"active".into()));
    let amounts: Vec<i64> = (shown["operations"].as_array().unwrap().iter())
        .map(|operation| operation["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [5, 100], "newest first");
    let by_id = installation.json(&["user", "show", "Acme", shown["id"].as_str().unwrap(), "--limit", "1"]);
    assert_eq!((&by_id["email"], by_id["operations"].as_array().unwrap().len()), (&shown["email"], 1));
    assert!(!shown.to_string().contains("hash"), "{shown}");
    assert!(installation.ok(&["user", "show", "Acme", "a@example.com"]).contains("1.05"));
}

fn a_user_is_deactivated_and_activated(installation: &Installation) {
    three_users(installation);
    let off = ["user", "deactivate", "Acme", "b@example.com"];
    assert_eq!(installation.json(&off)["status"], "inactive");
    assert_eq!(installation.json(&off)["status"], "inactive", "again is fine");
    let inactive = installation.json(&["user", "list", "Acme", "--status", "inactive"]);
    assert_eq!(inactive["data"][0]["email"], "b@example.com");
    assert_eq!(installation.json(&["user", "show", "Acme", "b@example.com"])["balance"], 20);
    assert_eq!(installation.json(&["user", "activate", "Acme", "b@example.com"])["status"], "active");
    installation.ok(&["audit"]);
}

fn a_user_of_another_book_is_not_found(installation: &Installation) {
    three_users(installation);
    installation.business("Other");
    let shown = installation.json(&["user", "show", "Acme", "a@example.com"]);
    let id = shown["id"].as_str().unwrap();
    for (business, user, flag) in [("Other", id, ""), ("Other", "a@example.com", ""), ("Acme", id, "--test")]
    {
        let mut show = vec!["user", "show", business, user];
        show.extend(Some(flag).filter(|flag| !flag.is_empty()));
        installation.refused(1, "there is no payout user", &show);
    }
    installation.refused(1, "there is no payout user", &["user", "deactivate", "Acme", "nonsense"]);
}
