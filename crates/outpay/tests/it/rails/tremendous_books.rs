//! The provider's own list of orders, as reconciliation reads it.

use crate::rails::tremendous::{NOW, Rewards, SECOND};
use crate::rails::tremendous_fake::SOURCE;
use ledger::Cents;
use outpay::testing::rails::Standing;
use serde_json::{Value, json};

fn request(external_id: &Value, dollars: f64) -> Value {
    json!({
        "external_id": external_id,
        "payment": { "funding_source_id": SOURCE },
        "reward": { "products": ["PAYPAL000001"], "value": { "denomination": dollars, "currency_code": "USD" } },
    })
}

#[tokio::test]
async fn every_order_of_the_period_is_listed_with_what_became_of_it() {
    let world = Rewards::with(10_000).await;
    let asked = world.ask(2_500).await;
    world.round(&asked).await;
    {
        let mut books = world.fake.books.lock();
        for (status, dollars) in [("OPEN", 1.0), ("CANCELED", 2.0), ("EXECUTED", 3.0), ("EXECUTED", 4.0)] {
            let number = books.make(request(&Value::Null, dollars), status);
            books.orders[number].charged = status == "EXECUTED";
            books.orders[number].delivery = if status == "EXECUTED" { "SUCCEEDED" } else { "PENDING" };
        }
        let last = books.orders.len() - 1;
        (books.orders[last].status, books.orders[last].refunded) = ("CANCELED", true);
        books.time = "2027-01-16T08:00:00.000Z".to_owned();
        books.make(request(&json!("later"), 5.0), "OPEN");
    }
    let booked = world.rail().own_books((NOW, NOW + 86_400 * SECOND)).await.unwrap().unwrap();
    let mut seen: Vec<(String, i64, Standing)> =
        booked.iter().map(|booked| (booked.reference.clone(), booked.amount.0, booked.standing)).collect();
    seen.sort_by_key(|(_, cents, _)| *cents);
    let expected = [
        (String::new(), 100, Standing::Open),
        (String::new(), 200, Standing::NotPaid),
        (String::new(), 300, Standing::Paid),
        (String::new(), 400, Standing::Returned),
        (format!("{}-1", world.order_id(&asked)), 2_450, Standing::Paid),
    ];
    assert_eq!(seen, expected, "also those that were not ordered here");
    let ours = booked.iter().find(|booked| !booked.reference.is_empty()).unwrap();
    assert_eq!((&ours.rail_number, ours.fee, ours.at), (&world.order(&asked).id, Some(Cents::ZERO), NOW));
}

#[tokio::test]
async fn a_list_of_several_pages_is_read_to_its_end() {
    let world = Rewards::with(10_000).await;
    for number in 0..1_001 {
        world.fake.books.lock().make(request(&json!(format!("order-{number}")), 1.0), "OPEN");
    }
    let booked = world.rail().own_books((NOW, NOW + 1)).await.unwrap().unwrap();
    assert_eq!((booked.len(), world.fake.calls("GET /orders")), (1_001, 3));
    assert_eq!(world.rail().own_books((NOW + 1, NOW + 2)).await.unwrap().unwrap(), []);
    world.fake.books.lock().answers = Some(503);
    world.rail().own_books((NOW, NOW + 1)).await.unwrap_err();
}
