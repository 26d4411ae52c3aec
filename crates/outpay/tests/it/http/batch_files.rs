//! Files of payment batches by API: the file that is given out, and the answer that is brought. Not here: what is in them (`batches/`).

use crate::http::api::{Api, invalid};
use crate::http::payment_batches::{PATH, create, id, post, start};
use data_encoding::BASE64;
use serde_json::json;

mod batch_file {
    use super::*;

    crate::world::on_both_engines! {
        status_200_from_create_to_settled_by_an_answer,
        status_409_while_it_is_not_approved,
    }

    async fn status_200_from_create_to_settled_by_an_answer(world: &Api) {
        let (person, withdrawal) = start(world).await;
        let key = &person.key;
        let made = create(world, key).await.value(200);
        let batch = id(&made);
        assert_eq!(
            (&made["state"], &made["payments"], &made["amount"]),
            (&json!("waiting"), &json!(1), &json!(300))
        );
        assert_eq!(
            (&made["currency"], &made["rate"], &made["number"]),
            (&json!("USD"), &json!("1"), &json!(1))
        );
        let line = &made["lines"][0];
        assert_eq!((&line["withdrawal_id"], &line["state"]), (&json!(withdrawal), &json!("open")));
        assert_eq!(line["destination"], json!({ "account": "DE00 1234", "name": "Ann Example" }));
        assert_eq!(person.operation(world, &withdrawal).await["can_cancel"], false);
        let own = world.key_id(person.book, key).await;
        let approved = post(world, key, &format!("/{batch}/approve"), &json!({})).await.value(200);
        assert_eq!((&approved["state"], &approved["checked_by"]), (&json!("approved"), &json!(own)));
        let again = post(world, key, &format!("/{batch}/approve"), &json!({})).await.value(200);
        assert_eq!(again, approved, "approved before by this key");
        let file = post(world, key, &format!("/{batch}/file"), &json!({})).await.value(200);
        assert_eq!((&file["downloads"], &file["name"]), (&json!(1), &json!("outpay-batch-1.csv")));
        assert_eq!(file["sha256"], approved["file_sha256"]);
        let copy = post(world, key, &format!("/{batch}/file"), &json!({})).await.value(200);
        assert_eq!((&copy["content"], &copy["downloads"]), (&file["content"], &json!(2)));
        let csv = BASE64.decode(file["content"].as_str().unwrap().as_bytes()).unwrap();
        let filled = String::from_utf8(csv).unwrap().replace("DE00 1234,\n", "DE00 1234,Wire 7\n");
        let answer = json!({ "method": "bank", "content": BASE64.encode(filled.as_bytes()) });
        let taken = post(world, key, "/answers", &answer).await.value(200);
        assert_eq!((&taken["settled"], &taken["not_taken"]), (&json!(1), &json!([])), "{taken}");
        let taken = post(world, key, "/answers", &answer).await.value(200);
        assert_eq!((&taken["settled"], &taken["known"]), (&json!(0), &json!(1)));
        let after = world.get(&format!("{PATH}/{batch}")).key(key).send().await.value(200);
        assert_eq!((&after["state"], &after["settled"]), (&json!("closed"), &json!(1)));
        assert!(after["closed_at"].is_string());
        assert_eq!(person.operation(world, &withdrawal).await["status"], "succeeded");
        assert_eq!(person.events(world, &withdrawal).await.last().unwrap(), "payout.succeeded");
        assert_eq!(person.money(world).await, (700, 0));
        let log = world.get("/payout/audit-log").key(key).send().await.value(200).to_string();
        for action in ["batch.made", "batch.approved", "batch.downloaded", "batch.answered"] {
            assert!(log.contains(action), "{action}: {log}");
        }
    }

    async fn status_409_while_it_is_not_approved(world: &Api) {
        let (person, _) = start(world).await;
        let batch = id(&create(world, &person.key).await.value(200));
        let refused = post(world, &person.key, &format!("/{batch}/file"), &json!({})).await.value(409);
        assert_eq!(refused["code"], "batch_state");
    }
}

mod batch_answer {
    use super::*;

    crate::world::on_both_engines! {
        status_400_fields,
    }

    async fn status_400_fields(world: &Api) {
        let (person, _) = start(world).await;
        let key = &person.key;
        let content = json!({ "method": "bank", "content": "not base64!" });
        let sentence = "The content must be the file's bytes in base64.";
        post(world, key, "/answers", &content).await.is(400, invalid("content", sentence));
        let none = json!({ "method": "bank" });
        post(world, key, "/answers", &none)
            .await
            .is(400, invalid("content", "The content field is required."));
        let unread = json!({ "method": "bank", "content": BASE64.encode(b"a,b\n") });
        let refused = post(world, key, "/answers", &unread).await.value(400);
        assert_eq!(refused["code"], "batch_answer_unreadable");
        assert!(refused["error"].as_str().unwrap().starts_with("Nothing was taken"), "{refused}");
    }
}
