//! What a user of the client that progenitor makes would write. The argument is the step to take.

mod client {
    include!("generated.rs");
}

use client::types::{CreateBody, ErrorCode, WithdrawBody};

#[tokio::main]
async fn main() {
    let (url, key) = (std::env::var("OUTPAY_URL").unwrap(), std::env::var("OUTPAY_KEY").unwrap());
    let business = client(&url, "authorization", &format!("Bearer {key}"));
    match std::env::args().nth(1).unwrap().as_str() {
        "create" => assert_eq!(pay(&business, "a").await.len(), 52),
        "error" => match business.get_withdrawal("ord_unknown").await.unwrap_err() {
            client::Error::ErrorResponse(told) => assert_eq!(told.code, Some(ErrorCode::WithdrawalNotFound)),
            other => panic!("{other:?}"),
        },
        "pages" => {
            for name in ["b", "c", "d"] {
                pay(&business, name).await;
            }
            let (mut seen, mut cursor) = (std::collections::BTreeSet::new(), None::<client::types::ListUsersCursor>);
            loop {
                let limit = std::num::NonZeroU64::new(2);
                let page = business.list_users(None, None, None, None, cursor.as_ref(), None, limit, None, None).await;
                let page = page.unwrap().into_inner();
                seen.extend(page.data.into_iter().map(|user| user.id));
                if !page.has_more {
                    break;
                }
                cursor = page.next_cursor.map(|next| next.parse().unwrap());
            }
            assert!(seen.len() >= 3, "{seen:?}");
        }
        "withdraw" => {
            let recipient = client(&url, "x-payout-hash", &pay(&business, "e").await);
            let body: WithdrawBody = serde_json::from_value(serde_json::json!({
                "method": "sandbox", "amount": 2500, "destination": { "account": "any text" },
            }))
            .unwrap();
            let made = recipient.create_withdrawal(None, &body).await.unwrap().into_inner();
            assert_eq!(made.amount, -2500);
        }
        other => panic!("{other} is no step"),
    }
    println!("ok");
}

fn client(url: &str, header: &'static str, value: &str) -> client::Client {
    let headers = [(reqwest::header::HeaderName::from_static(header), value.parse().unwrap())].into_iter().collect();
    client::Client::new_with_client(url, reqwest::Client::builder().default_headers(headers).build().unwrap())
}

async fn pay(business: &client::Client, name: &str) -> String {
    let body: CreateBody =
        serde_json::from_value(serde_json::json!({ "email": format!("{name}@example.com"), "amount": 10000 })).unwrap();
    business.create_payout(None, &body).await.unwrap().into_inner().hash.to_string()
}
