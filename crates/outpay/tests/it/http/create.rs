//! `POST /payout/create`: every row of contract 1.2, every documented message, malformed JSON, and the order of
//! refusals.

use crate::http::api::{Api, DISABLED, INSUFFICIENT, MALFORMED, NOT_JSON, TOO_LARGE, UNAUTHORIZED, padded};
use crate::wire::{Answer, Connection};
use crate::world::NOW;

crate::world::on_both_engines! {
    status_201_new_user,
    status_201_top_up_keeps_the_hash,
    status_201_spellings_of_one_address_are_one_user,
    status_201_every_documented_form_of_address,
    status_201_least_and_most,
    status_201_the_last_cent,
    status_201_inactive_user_is_topped_up_and_stays_inactive,
    status_201_top_up_after_a_rotation_gives_the_new_hash,
    status_201_each_mode_has_its_own_books,
    status_201_each_business_has_its_own_hash,
    status_201_json_in_other_clothes,
    status_201_body_of_exactly_64_kib,
    status_201_chunked_body,
    status_400_each_email_message,
    status_400_email_of_256_characters,
    status_400_each_amount_message,
    status_400_both_fields_together,
    status_400_each_memo_message,
    status_422_another_memo_under_one_key,
    status_400_malformed_json,
    status_400_fields_come_before_the_balance,
    status_400_insufficient_payout_balance,
    status_400_main_balance_does_not_count,
    status_401_comes_first,
    status_403_payouts_disabled,
    status_403_comes_before_what_is_wrong_with_the_body,
    status_413_more_than_64_kib,
    status_413_chunked_body_of_more_than_64_kib,
    status_413_before_the_body_is_sent,
    status_415_not_declared_as_json,
    status_500_nothing_debited,
    status_503_full_queue,
    status_500_data_of_one_command_fails_that_command_alone,
    status_504_a_failed_commit_is_not_tried_again,
}

async fn status_201_new_user(world: &Api) {
    let business = world.paying_business(1500).await;
    let answer = world.create(&business.key, "user@example.com", 1000).send().await;
    let hash = world.hash(business.live, 1, 0).await;
    assert_eq!(hash.len(), 52);

    answer.is(201, format!(r#"{{"hash":"{hash}"}}"#));
    assert!(!answer.is_replayed());
    world.has_balances(&business.key, 0, 500).await;
    let user = world.user(business.live, 1, "user@example.com", "active", 1000);
    world
        .get("/payout/users")
        .key(&business.key)
        .send()
        .await
        .is(200, format!(r#"{{"data":[{user}],"has_more":false,"next_cursor":null}}"#));
    let id = world.operation_id(business.live, 3);
    let path = world.user_path(business.live, 1, "/operations");
    world.get(&path).key(&business.key).send().await.is(
        200,
        format!(
            r#"{{"data":[{{"id":"{id}","type":"credit","status":"completed","amount":1000,"created_at":"{NOW}"}}],"has_more":false,"next_cursor":null}}"#
        ),
    );
}

async fn status_201_top_up_keeps_the_hash(world: &Api) {
    let business = world.paying_business(1000).await;
    let create = world.create(&business.key, "user@example.com", 300);

    let first = create.send().await;
    // Without an idempotency key each repeat pays again.
    let second = create.send().await;
    let third = world.create(&business.key, "user@example.com", 100).send().await;

    assert_eq!(first.value(201), second.value(201));
    assert_eq!(first.text(), third.text());
    world.has_balances(&business.key, 0, 300).await;
    assert_eq!(balances(world, &business.key).await, [("user@example.com".to_owned(), 700)]);
}

async fn status_201_spellings_of_one_address_are_one_user(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "First.Last@Example.COM", 100).await;
    for same in ["first.last@example.com", "FIRST.LAST@EXAMPLE.COM", "fIrSt.LaSt@eXaMpLe.cOm"] {
        assert_eq!(world.pay(&business.key, same, 100).await, hash, "{same}");
    }
    let hash = world.pay(&business.key, "x@bücher.example", 100).await;
    for same in
        ["x@BÜCHER.example", "x@xn--bcher-kva.example", "X@XN--BCHER-KVA.EXAMPLE", "x@bu\u{308}cher.example"]
    {
        assert_eq!(world.pay(&business.key, same, 100).await, hash, "{same}");
    }
    let users = [("x@xn--bcher-kva.example".to_owned(), 500), ("first.last@example.com".to_owned(), 400)];
    assert_eq!(balances(world, &business.key).await, users);
}

async fn status_201_every_documented_form_of_address(world: &Api) {
    let business = world.paying_business(1000).await;
    let [local, label, last] = [64, 63, 58].map(|length| "a".repeat(length));
    let longest = format!("{local}@{label}.{label}.{last}.com");
    assert_eq!(longest.len(), 255);
    for (number, email) in
        ["a@b.co", "a.b+c_d-e@sub.example.org", "o'neil@example.com", &longest].iter().enumerate()
    {
        world.pay(&business.key, email, 1).await;
        assert_eq!(balances(world, &business.key).await[0], ((*email).to_owned(), 1));
        assert_eq!(balances(world, &business.key).await.len(), number + 1);
    }
}

async fn status_201_least_and_most(world: &Api) {
    let business = world.paying_business(100_000_001).await;
    world.pay(&business.key, "least@example.com", 1).await;
    world.pay(&business.key, "most@example.com", 100_000_000).await;
    world.has_balances(&business.key, 0, 0).await;
}

async fn status_201_the_last_cent(world: &Api) {
    let business = world.paying_business(77).await;
    world.pay(&business.key, "user@example.com", 77).await;
    world.has_balances(&business.key, 0, 0).await;
    world.create(&business.key, "user@example.com", 1).send().await.is(400, INSUFFICIENT);
}

async fn status_201_inactive_user_is_topped_up_and_stays_inactive(world: &Api) {
    let business = world.paying_business(1000).await;
    let hash = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/deactivate");
    world.post(&path).key(&business.key).send().await.value(200);

    assert_eq!(world.pay(&business.key, "user@example.com", 50).await, hash);

    let user = world.user(business.live, 1, "user@example.com", "inactive", 150);
    world.get(&world.user_path(business.live, 1, "")).key(&business.key).send().await.is(200, user);
    world.get("/payout/operations").hash(&hash).send().await.is(401, UNAUTHORIZED);
    world.post(&world.user_path(business.live, 1, "/activate")).key(&business.key).send().await.value(200);
    assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["balance"], 150);
}

async fn status_201_top_up_after_a_rotation_gives_the_new_hash(world: &Api) {
    let business = world.paying_business(1000).await;
    let old = world.pay(&business.key, "user@example.com", 100).await;
    let path = world.user_path(business.live, 1, "/rotate-hash");
    let rotated = world.post(&path).key(&business.key).send().await;
    let topped_up = world.create(&business.key, "user@example.com", 100).send().await;
    assert_eq!(topped_up.value(201), rotated.value(200));
    assert_ne!(topped_up.value(201)["hash"], old);
}

async fn status_201_each_mode_has_its_own_books(world: &Api) {
    let business = world.paying_business(1000).await;
    world.create(&business.test_key, "user@example.com", 100).send().await.is(400, INSUFFICIENT);
    world.fund(business.test, 700).await;

    let live = world.pay(&business.key, "user@example.com", 100).await;
    let test = world.pay(&business.test_key, "user@example.com", 200).await;

    assert_ne!(live, test);
    world.has_balances(&business.key, 0, 900).await;
    world.has_balances(&business.test_key, 0, 500).await;
    for (hash, balance) in [(live, 100), (test, 200)] {
        assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["balance"], balance);
    }
}

async fn status_201_each_business_has_its_own_hash(world: &Api) {
    let (one, other) = (world.paying_business(100).await, world.paying_business(100).await);
    let hash = world.pay(&one.key, "user@example.com", 100).await;
    assert_ne!(world.pay(&other.key, "user@example.com", 50).await, hash);
    assert_eq!(world.get("/payout/operations").hash(&hash).send().await.value(200)["balance"], 100);
}

async fn status_201_json_in_other_clothes(world: &Api) {
    let business = world.paying_business(1000).await;
    let body = "{ \"more\": {\"is\": [\"ignored\"]},\r\n\t\"amount\": 100, \"ema\\u0069l\": \"user\\u0040example.com\" }";
    for media in ["application/json; charset=utf-8", "Application/JSON", "application/vnd.acme+json"] {
        let call = world.post("/payout/create").key(&business.key).header("Content-Type", media).body(body);
        call.send().await.value(201);
    }
    assert_eq!(balances(world, &business.key).await, [("user@example.com".to_owned(), 300)]);
}

async fn status_201_body_of_exactly_64_kib(world: &Api) {
    let business = world.paying_business(100).await;
    let call = world.post("/payout/create").key(&business.key);
    call.json(create_of_length(64 * 1024)).send().await.value(201);
}

async fn status_201_chunked_body(world: &Api) {
    let business = world.paying_business(100).await;
    let body = r#"{"email":"user@example.com","amount":100}"#;
    let answer = chunked(world, &business.key, body, 7).await;
    let hash = world.hash(business.live, 1, 0).await;
    answer.is(201, format!(r#"{{"hash":"{hash}"}}"#));
}

async fn status_400_each_email_message(world: &Api) {
    let business = world.paying_business(100).await;
    let before = world.books(&business.key).await;
    let required = "The email field is required.";
    let text = "The email must be a string.";
    let address = "The email must be a valid email address.";
    for (email, sentence) in [
        ("null", required),
        (r#""""#, required),
        ("1", text),
        ("true", text),
        ("1e2", text),
        (r#"["user@example.com"]"#, text),
        (r#"{"email":"user@example.com"}"#, text),
        (r#""user""#, address),
        (r#""user@""#, address),
        (r#""@example.com""#, address),
        (r#""user@example""#, address),
        (r#""us er@example.com""#, address),
        (r#"" user@example.com""#, address),
        (r#""user@example.com ""#, address),
        (r#""user@example.com\n""#, address),
        (r#""user\u0000@example.com""#, address),
        (r#""user@example.com\u0000""#, address),
        (r#""üser@example.com""#, address),
        (r#""用户@example.com""#, address),
        (r#""user@exa mple.com""#, address),
        (r#""user@@example.com""#, address),
        (r#""a@example.com,b@example.com""#, address),
        (r#""User <user@example.com>""#, address),
        (r#""user@192.0.2.1""#, address),
        (r#""user@[192.0.2.1]""#, address),
        (r#""us..er@example.com""#, address),
        (r#"".user@example.com""#, address),
        (r#""user@-example.com""#, address),
        (r#""user@example..com""#, address),
        // A local part of 65 octets cannot be mailed.
        (&format!(r#""{}@example.com""#, "a".repeat(65)), address),
    ] {
        let body = format!(r#"{{"email":{email},"amount":100}}"#);
        let answer = world.post("/payout/create").key(&business.key).json(body).send().await;
        answer.is(400, format!(r#"{{"email":["{sentence}"]}}"#));
    }
    let without = world.post("/payout/create").key(&business.key).json(r#"{"amount":100}"#);
    without.send().await.is(400, format!(r#"{{"email":["{required}"]}}"#));
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_email_of_256_characters(world: &Api) {
    let business = world.paying_business(100).await;
    let long = r#"{"email":["The email may not be greater than 255 characters."]}"#;
    let ascii = format!("{}@example.com", "a".repeat(244));
    // Characters count, not bytes: 255 of two bytes each are not too long, only invalid.
    let (more, fewer) = ("é".repeat(256), "é".repeat(255));
    world.create(&business.key, &ascii, 100).send().await.is(400, long);
    world.create(&business.key, &more, 100).send().await.is(400, long);
    let invalid = r#"{"email":["The email must be a valid email address."]}"#;
    world.create(&business.key, &fewer, 100).send().await.is(400, invalid);
}

async fn status_400_each_amount_message(world: &Api) {
    let business = world.paying_business(100_000_000).await;
    let before = world.books(&business.key).await;
    let required = "The amount field is required.";
    let integer = "The amount must be an integer.";
    let least = "The amount must be at least 1.";
    let most = "The amount may not be greater than 100000000.";
    for (amount, sentence) in [
        ("null", required),
        (r#""100""#, integer),
        (r#""""#, integer),
        ("100.0", integer),
        ("100.5", integer),
        ("1e2", integer),
        ("1E2", integer),
        ("1e-2", integer),
        ("true", integer),
        ("false", integer),
        ("[100]", integer),
        ("[]", integer),
        (r#"{"amount":100}"#, integer),
        ("0", least),
        ("-0", integer),
        ("-1", least),
        ("-9223372036854775808", least),
        ("-9223372036854775809", least),
        ("100000001", most),
        ("9223372036854775807", most),
        ("9223372036854775808", most),
        ("18446744073709551615", most),
        ("18446744073709551616", most),
        ("100000000000000000000000000000000000000000", most),
    ] {
        let body = format!(r#"{{"email":"user@example.com","amount":{amount}}}"#);
        let answer = world.post("/payout/create").key(&business.key).json(body).send().await;
        assert_eq!(
            (answer.status, answer.text()),
            (400, format!(r#"{{"amount":["{sentence}"]}}"#).as_str()),
            "{amount}"
        );
    }
    let without = world.post("/payout/create").key(&business.key).json(r#"{"email":"user@example.com"}"#);
    without.send().await.is(400, format!(r#"{{"amount":["{required}"]}}"#));
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_each_memo_message(world: &Api) {
    let business = world.paying_business(1_000).await;
    let create = |memo: &str| {
        let body = format!(r#"{{"email":"user@example.com","amount":1,"memo":{memo}}}"#);
        world.post("/payout/create").key(&business.key).json(body)
    };
    for (memo, sentence) in [
        ("1".to_owned(), "The memo must be a string."),
        (format!("\"{}\"", "é".repeat(256)), "The memo may not be greater than 255 characters."),
        (r#""a\nb""#.to_owned(), "The memo may not hold control characters."),
    ] {
        create(&memo).send().await.is(400, format!(r#"{{"memo":["{sentence}"]}}"#));
    }
    for memo in ["null".to_owned(), "\"\"".to_owned(), format!("\"{}\"", "é".repeat(255))] {
        create(&memo).send().await.value(201);
    }
}

async fn status_422_another_memo_under_one_key(world: &Api) {
    let business = world.paying_business(1_000).await;
    let create = |memo: &str| {
        let body = format!(r#"{{"email":"user@example.com","amount":1{memo}}}"#);
        world.post("/payout/create").key(&business.key).once("one").json(body)
    };
    create(r#","memo":"October""#).send().await.value(201);
    assert!(create(r#","memo":" October ""#).send().await.is_replayed());
    create(r#","memo":"November""#).send().await.value(422);
    create("").send().await.value(422);
    world.has_balances(&business.key, 0, 999).await;
}

async fn status_400_both_fields_together(world: &Api) {
    let business = world.paying_business(100).await;
    for (body, email, amount) in [
        ("{}", "The email field is required.", "The amount field is required."),
        (r#"{"amount":"1","email":2}"#, "The email must be a string.", "The amount must be an integer."),
        (
            r#"{"email":"user","amount":0}"#,
            "The email must be a valid email address.",
            "The amount must be at least 1.",
        ),
        (
            r#"{"AMOUNT":100,"Email":"user@example.com"}"#,
            "The email field is required.",
            "The amount field is required.",
        ),
    ] {
        let answer = world.post("/payout/create").key(&business.key).json(body).send().await;
        answer.is(400, format!(r#"{{"email":["{email}"],"amount":["{amount}"]}}"#));
    }
}

async fn status_400_malformed_json(world: &Api) {
    let business = world.paying_business(1000).await;
    let before = world.books(&business.key).await;
    let good = r#"{"email":"user@example.com","amount":100}"#;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "100",
        "\"text\"",
        "[]",
        &format!("[{good}]"),
        &good[..good.len() - 1],
        &format!("{good}{good}"),
        &format!("{good} x"),
        &format!("{good}\0"),
        &format!("\0{good}"),
        &format!("\u{feff}{good}"),
        "{'email':'user@example.com','amount':100}",
        "{email:\"user@example.com\",amount:100}",
        "{\"email\":\"user@example.com\",\"amount\":100,}",
        "{\"email\":\"user@example.com\",\"amount\":0100}",
        "{\"email\":\"user@example.com\",\"amount\":+100}",
        "{\"email\":\"user@example.com\",\"amount\":1e400}",
        "{\"email\":\"user@example.com\",\"amount\":NaN}",
        "{\"email\":\"user@example.com\",\"amount\":0x64}",
        "{\"email\":\"user@example.com\\ud800\",\"amount\":100}",
        "{\"email\":\"user@exam\nple.com\",\"amount\":100}",
        "{\"email\":\"a@example.com\",\"email\":\"b@example.com\",\"amount\":100}",
        "{\"email\":\"a@example.com\",\"amount\":100,\"amount\":100}",
        "{\"email\":\"a@example.com\",\"amount\":100,\"\\u0061mount\":900}",
        "{\"email\":\"a@example.com\",\"amount\":100,\"other\":{\"a\":1,\"a\":2}}",
        "email=user%40example.com&amount=100",
        &deep,
    ]
    .iter()
    .map(|body| body.as_bytes().to_vec())
    .chain([
        b"{\"email\":\"user\xff@example.com\",\"amount\":100}".to_vec(),
        b"{\"email\":\"user@example.com\",\"amount\":100}\xc3".to_vec(),
        good.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ])
    .collect();
    for body in bodies {
        let answer = world.post("/payout/create").key(&business.key).json(body.clone()).send().await;
        let about = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        assert_eq!((answer.status, answer.text()), (400, MALFORMED), "{about}");
    }
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_fields_come_before_the_balance(world: &Api) {
    let business = world.paying_business(0).await;
    let fields = r#"{"email":["The email must be a valid email address."]}"#;
    world.create(&business.key, "user", 100).send().await.is(400, fields);
    let call = world.post("/payout/create").key(&business.key);
    call.json("{").send().await.is(400, MALFORMED);
    world.create(&business.key, "user@example.com", 100).send().await.is(400, INSUFFICIENT);
}

async fn status_400_insufficient_payout_balance(world: &Api) {
    let business = world.paying_business(100).await;
    let before = world.books(&business.key).await;
    world.create(&business.key, "user@example.com", 101).send().await.is(400, INSUFFICIENT);
    // No user was created, nothing was written.
    assert_eq!(world.books(&business.key).await, before);
    world.pay(&business.key, "user@example.com", 100).await;
    let before = world.books(&business.key).await;
    world.create(&business.key, "user@example.com", 1).send().await.is(400, INSUFFICIENT);
    world.create(&business.key, "other@example.com", 1).send().await.is(400, INSUFFICIENT);
    assert_eq!(world.books(&business.key).await, before);
}

async fn status_400_main_balance_does_not_count(world: &Api) {
    let business = world.paying_business(0).await;
    world.deposit(business.live, 1000).await;
    world.create(&business.key, "user@example.com", 100).send().await.is(400, INSUFFICIENT);
    world.has_balances(&business.key, 1000, 0).await;
}

async fn status_401_comes_first(world: &Api) {
    let business = world.business().await;
    for body in ["{", "{}", r#"{"email":"user@example.com","amount":100}"#] {
        for key in ["", "sk_live_unknown", &business.public_key] {
            let call = world.post("/payout/create").key(key).once("").json(body);
            call.send().await.is(401, UNAUTHORIZED);
        }
    }
    world.post("/payout/create").body("x").send().await.is(401, UNAUTHORIZED);
    world.post("/payout/create").json("x".repeat(100_000)).send().await.is(401, UNAUTHORIZED);
}

async fn status_403_payouts_disabled(world: &Api) {
    let business = world.business().await;
    world.fund(business.live, 1000).await;
    let before = world.books(&business.key).await;
    world.create(&business.key, "user@example.com", 100).send().await.is(403, DISABLED);
    world.create(&business.test_key, "user@example.com", 100).send().await.is(403, DISABLED);
    assert_eq!(world.books(&business.key).await, before);

    world.enable_payouts(&business, true).await;
    world.pay(&business.key, "user@example.com", 100).await;
    world.enable_payouts(&business, false).await;
    world.create(&business.key, "user@example.com", 100).send().await.is(403, DISABLED);
}

async fn status_403_comes_before_what_is_wrong_with_the_body(world: &Api) {
    let business = world.business().await;
    let create = || world.post("/payout/create").key(&business.key);
    create().json("{}").send().await.is(403, DISABLED);
    create().json("{").send().await.is(403, DISABLED);
    create().body("{}").send().await.is(403, DISABLED);
    create().json(create_of_length(64 * 1024 + 1)).send().await.is(403, DISABLED);
    create().once("").json("{}").send().await.is(403, DISABLED);
    // And before the balance, which is empty.
    world.create(&business.key, "user@example.com", 100).send().await.is(403, DISABLED);
}

async fn status_413_more_than_64_kib(world: &Api) {
    let business = world.paying_business(100).await;
    for length in [64 * 1024 + 1, 10 * 1024 * 1024] {
        let call = world.post("/payout/create").key(&business.key);
        call.json(create_of_length(length)).send().await.is(413, TOO_LARGE);
    }
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_413_chunked_body_of_more_than_64_kib(world: &Api) {
    let business = world.paying_business(100).await;
    for length in [64 * 1024 + 1, 10 * 1024 * 1024] {
        chunked(world, &business.key, &create_of_length(length), 8192).await.is(413, TOO_LARGE);
    }
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_413_before_the_body_is_sent(world: &Api) {
    let business = world.paying_business(100).await;
    let head = format!(
        "POST /payout/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Content-Length: 10485760\r\nExpect: 100-continue\r\n\r\n",
        business.key
    );
    let answer = Connection::open(world.address()).await.exchange(head.as_bytes(), true).await;
    answer.is(413, TOO_LARGE);
}

async fn status_415_not_declared_as_json(world: &Api) {
    let business = world.paying_business(100).await;
    let body = r#"{"email":"user@example.com","amount":100}"#;
    let create = || world.post("/payout/create").key(&business.key).body(body);
    create().send().await.is(415, NOT_JSON);
    for media in
        ["", "text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
    {
        create().header("Content-Type", media).send().await.is(415, NOT_JSON);
    }
    world.has_balances(&business.key, 0, 100).await;
}

async fn status_500_nothing_debited(world: &Api) {
    let business = world.paying_business(100).await;
    let before = world.books(&business.key).await;
    world.database.disturb().await;
    let create = world.create(&business.key, "user@example.com", 100);
    create.send().await.is(500, r#"{"error":"Internal server error"}"#);
    world.database.mend().await;
    assert_eq!(world.books(&business.key).await, before);
    create.send().await.value(201);
}

async fn status_503_full_queue(world: &Api) {
    let business = world.paying_business(1000).await;
    let before = world.books(&business.key).await;
    let blocked = world.database.block().await;
    let waiting: Vec<_> = (0..10_000)
        .map(|_| {
            let (teller, book) = (world.platform.teller.clone(), business.live);
            let command = ledger::Command::RotateHash { user: 1 };
            tokio::spawn(async move { teller.ask(book, ledger::Request::plain(command)).await })
        })
        .collect();
    // The queue is full when a command is turned away.
    let deadline = std::time::Duration::from_secs(20);
    let full = async {
        while world.platform.teller.measures().busy.get() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(deadline, full).await.expect("the queue is bounded");

    let answer = world.create(&business.key, "user@example.com", 100).send().await;
    drop(blocked);

    answer.is(503, r#"{"error":"Busy; nothing was changed. Try again.","code":"busy"}"#);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let mut turned_away = 0;
    for verdict in waiting {
        match verdict.await.unwrap() {
            Ok(verdict) => assert_eq!(verdict, Err(ledger::Refusal::PayoutUserIsUnknown)),
            Err(none) => {
                assert_eq!(none, outpay::testing::commit::NoVerdict::Busy);
                turned_away += 1;
            }
        }
    }
    assert!(turned_away > 0 && turned_away < 3000, "{turned_away} of 10000 were turned away");
    assert_eq!(world.books(&business.key).await, before);
    world.pay(&business.key, "user@example.com", 100).await;
}

/// A command whose data the database cannot store or read fails alone: the batch's other commands succeed, and the
/// process lives.
async fn status_500_data_of_one_command_fails_that_command_alone(world: &Api) {
    let business = world.paying_business(1000).await;
    let replay = |key: &str, cents| world.create(&business.key, "user@example.com", cents).once(key);
    replay("kept", 1).send().await.value(201);
    world.database.refuse_entries_of(13).await;
    world.database.execute("UPDATE remembered SET outcome = '{' || outcome").await;
    // The first makes the teller wait for its book; the others wait behind it, and so come into one batch.
    let blocked = world.database.block().await;
    let calls = [replay("kept", 1), replay("refused", 13), replay("fine", 5), replay("fine too", 7)];
    let first = replay("first", 2);
    let pause = |millis| tokio::time::sleep(std::time::Duration::from_millis(millis));
    let answers = async {
        pause(200).await;
        futures_util::future::join_all(calls.iter().map(|call| call.send())).await
    };
    let release = async {
        pause(600).await;
        drop(blocked);
    };
    let (first, answers, ()) = futures_util::future::join3(first.send(), answers, release).await;
    first.value(201);
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses, [500, 500, 201, 201]);
    world.has_balances(&business.key, 0, 985).await;
    assert_eq!(world.platform.teller.state(), outpay::testing::commit::State::Working);
    world
        .database
        .execute("UPDATE remembered SET outcome = substr(outcome, 2) WHERE substr(outcome, 1, 2) = '{{'")
        .await;
}

async fn status_504_a_failed_commit_is_not_tried_again(world: &Api) {
    let business = world.paying_business(1000).await;
    world.database.refuse_commits().await;
    world.expect_a_broken_end();

    let answer = world.create(&business.key, "user@example.com", 100).send().await;

    // A failed fsync may succeed when called again, although the data is lost.
    answer.is(
        504,
        r#"{"error":"It is not known whether this was carried out. Ask again with the same Idempotency-Key, or look at the balance.","code":"outcome_unknown"}"#,
    );
    let entries = world.platform.store.entries(business.live, 0, 100).await.unwrap();
    assert_eq!(entries.len(), 2, "the deposit and the transfer, and no credit");
}

/// A valid create for user@example.com, padded with white space.
fn create_of_length(length: usize) -> String {
    padded(r#"{"email":"user@example.com","amount":100}"#, length)
}

async fn chunked(world: &Api, key: &str, body: &str, chunk: usize) -> Answer {
    let mut request = format!(
        "POST /payout/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for part in body.as_bytes().chunks(chunk) {
        request += &format!("{:x}\r\n{}\r\n", part.len(), std::str::from_utf8(part).unwrap());
    }
    request += "0\r\n\r\n";
    Connection::open(world.address()).await.exchange(request.as_bytes(), true).await
}

/// Address and balance of all users, newest first.
async fn balances(world: &Api, key: &str) -> Vec<(String, i64)> {
    let users = world.get("/payout/users").key(key).send().await.value(200);
    let users = users["data"].as_array().unwrap().iter();
    users
        .map(|user| (user["email"].as_str().unwrap().to_owned(), user["balance"].as_i64().unwrap()))
        .collect()
}
