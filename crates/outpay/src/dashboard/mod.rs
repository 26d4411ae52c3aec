//! The dashboard of a business's team. `door/` has what all pages share: the one route table (router.rs),
//! the member who is signed in (signed_in.rs), checked POSTs (posted.rs), pages that say no (declined.rs), the layout around
//! pages (frame.rs). Each other folder is a subject; a file there is a page with its actions, and its template has the same
//! place and name in templates/dashboard/. Not here: what members may do (members/), rules about money (ledger), SQL (store).

mod door {
    pub mod access;
    pub mod amount;
    pub mod day;
    pub mod declined;
    pub mod download;
    pub mod frame;
    pub mod idempotency;
    pub mod kept_form;
    pub mod list;
    pub mod notice;
    pub mod posted;
    pub mod query;
    pub mod router;
    pub mod signed_in;
    pub mod uploaded;
    pub mod visitor;
}
mod access {
    pub mod account;
    pub mod demo;
    pub mod email_change;
    pub mod enrolment;
    pub mod invitation;
    pub mod passkey;
    pub mod password_reset;
    pub mod recovery_codes;
    pub mod second_factor;
    pub mod second_factor_change;
    pub mod sign_in;
    pub mod switch;
}
mod people {
    pub mod claim_link;
    pub mod notes;
    pub mod person_export;
    pub mod person_facts;
    pub mod user;
    pub mod users;
}
mod money {
    pub mod balance;
    pub mod batch;
    pub mod batches;
    pub mod chart;
    pub mod days;
    pub mod deposits;
    pub mod home;
    pub mod home_lines;
    pub mod import;
    pub mod imports;
    pub mod journal;
    pub mod methods;
    pub mod pauses;
    pub mod proposals;
    pub mod reconciliation;
    pub mod statement;
    pub mod trial_balance;
    pub mod withdrawal;
    pub mod withdrawal_end;
    pub mod withdrawal_filter;
    pub mod withdrawal_person;
    pub mod withdrawal_row;
    pub mod withdrawal_story;
    pub mod withdrawals;
    pub mod withdrawals_review;
}
mod developer {
    pub mod deliveries;
    pub mod delivery;
    pub mod key;
    pub mod keys;
    pub mod request;
    pub mod requests;
    pub mod usage_chart;
    pub mod webhook;
    pub mod webhooks;
}
mod business {
    pub mod audit;
    pub mod search;
    pub mod settings;
    pub mod team;
    pub mod test_clock;
}

pub use door::access::Access;
pub use door::router::{Route, demo_router, router, routes};

/// A heading of the navigation (the first has none) and its entries: name for `Frame::current` and of the icon, path, label.
type Section = (&'static str, &'static [(&'static str, &'static str, &'static str)]);

const NAVIGATION: [Section; 5] = [
    (
        "",
        &[
            ("home", "/dashboard", "Home"),
            ("users", "/dashboard/users", "Recipients"),
            ("withdrawals", "/dashboard/withdrawals", "Withdrawals"),
            ("import", "/dashboard/import", "Imports"),
        ],
    ),
    (
        "Money",
        &[
            ("balance", "/dashboard/balance", "Balance"),
            ("deposits", "/dashboard/deposits", "Deposits"),
            ("statement", "/dashboard/statement", "Statements"),
            ("journal", "/dashboard/journal", "Journal"),
            ("batches", "/dashboard/batches", "Payment batches"),
            ("reconciliation", "/dashboard/reconciliation", "Reconciliation"),
        ],
    ),
    (
        "Controls",
        &[
            ("methods", "/dashboard/methods", "Methods"),
            ("pauses", "/dashboard/pauses", "Pauses"),
            ("proposals", "/dashboard/proposals", "Proposals"),
        ],
    ),
    (
        "Developers",
        &[
            ("keys", "/dashboard/keys", "API keys"),
            ("webhooks", "/dashboard/webhooks", "Webhooks"),
            ("deliveries", "/dashboard/deliveries", "Webhook logs"),
            ("requests", "/dashboard/requests", "Request log"),
        ],
    ),
    (
        "Business",
        &[
            ("settings", "/dashboard/settings", "Settings"),
            ("team", "/dashboard/team", "Team"),
            ("audit", "/dashboard/audit", "Audit log"),
        ],
    ),
];

#[cfg(test)]
fn snapshot(name: &str, page: &impl askama::Template) {
    crate::web::snapshot::check("dashboard", name, page);
    assert!(!page.render().unwrap().contains("http-equiv"), "{name}");
}
