//! What is sent to the receivers of a business: the `webhooks` of the document, one per event (docs/WEBHOOKS.md). The five
//! documented events have a shape of their own, whose examples are test sends; all others are events as the list of events shows
//! them, without the sequence, which is in a header.

use super::{add_components, reference};
use crate::auth::Secrets;
use crate::clock::Entropy;
use crate::rails::SAMPLE_BY_RAIL;
use crate::webhook_event;
use crate::webhooks::{Sample, body};
use ledger::{BookId, EntryKind, Mode, Provider};
use serde_json::{Map, Value, json};

/// Examples are signed with nothing, and their ids belong to no book.
const NO_KEY: [u8; 32] = [7; 32];

/// Header, does every delivery have it, what it is.
const HEADERS: [(&str, bool, &str); 6] = [
    ("Signature", true, "Lower-case hexadecimal HMAC-SHA256 of the raw body, keyed by the token's text."),
    ("Signature-Next", false, "While the overlap of a roll lasts: the same with the new token."),
    ("Webhook-Id", true, "Standard Webhooks: `whd_…`, the same over all tries of a delivery."),
    ("Webhook-Timestamp", true, "Standard Webhooks: seconds since 1970 of this try."),
    (
        "Webhook-Signature",
        true,
        "Standard Webhooks: `v1,` and the signature by the `whsec_…` secret; two during a roll.",
    ),
    ("Outpay-Sequence", false, "The event's `sequence` in `GET /payout/events`; a test send has none."),
];

pub(super) fn describe(document: &mut Value) {
    let documented = webhook_event::EVENTS.map(|(kind, _)| kind);
    let hooks = EntryKind::ALL.map(|kind| {
        let name = kind.event_name();
        let is_documented = documented.contains(&kind);
        let (schema, example) = if is_documented {
            ("PayoutWebhook", sample(kind, SAMPLE_BY_RAIL))
        } else {
            ("EventWebhook", event(name))
        };
        (name.to_owned(), json!({ "post": hook(name, schema, &example) }))
    });
    document["webhooks"] = Value::Object(hooks.into_iter().collect());
    let event = &document["components"]["schemas"]["Event"];
    let mut event = event.clone();
    event["description"] = "An event as it is sent to a receiver.".into();
    if let Some(required) = event["required"].as_array_mut() {
        required.retain(|name| name != "sequence");
    }
    if let Some(properties) = event["properties"].as_object_mut() {
        properties.remove("sequence");
        properties.insert("test_mode".to_owned(), test_mode());
    }
    let schemas = [("PayoutWebhook", payout()), ("EventWebhook", event)];
    add_components(document, "schemas", schemas.map(|(name, schema)| (name.to_owned(), schema)));
}

fn hook(name: &str, schema: &str, example: &Value) -> Value {
    let words = name.split(['.', '_']).map(|word| word[..1].to_uppercase() + &word[1..]);
    let headers = HEADERS.map(|(name, required, text)| {
        json!({
            "name": name, "in": "header", "required": required, "description": text,
            "schema": { "type": "string" },
        })
    });
    json!({
        "tags": ["Webhook events"],
        "summary": format!("The event `{name}`"),
        "description": "Sent to every webhook that asked for it. Verify one of the two signatures over the raw body, and \
            answer 200 within 30 seconds. Expect repeats.",
        "operationId": format!("on{}", words.collect::<String>()),
        "security": [],
        "parameters": headers,
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": reference("schemas", schema), "example": example } },
        },
        "responses": {
            "200": { "description": "Delivered. Any other status counts as a failure, and the delivery is tried again." },
            "4XX": { "description": "A failure; the delivery is tried again." },
        },
    })
}

/// A test send.
fn sample(kind: EntryKind, provider: Provider) -> Value {
    let (secrets, entropy) = (Secrets::derive(&NO_KEY), Entropy::seeded(1));
    let bytes = body::sample(secrets.ids(), BookId::new(1, Mode::Test), Sample { kind, provider }, &entropy);
    serde_json::from_slice(&bytes).expect("a body was just written as JSON")
}

fn event(name: &str) -> Value {
    let id = |prefix: &str| format!("{prefix}_6f1b6c1e-3c5a-8d2f-9b1e-4a7c0d9e2f31");
    let mut data = json!({});
    if name.starts_with("payout") {
        data["payout_user_id"] = id("usr").into();
        data["amount"] = 2450.into();
    }
    json!({ "id": id("evt"), "type": name, "created_at": "2026-01-02T03:04:05.678901Z", "data": data })
}

/// The body of the documented events (contract, 1.5).
fn payout() -> Value {
    let cents = |text: &str| json!({ "type": "integer", "format": "int64", "description": text });
    let text = |text: &str| json!({ "type": "string", "description": text });
    let mut properties = json!({
        "amount": cents("Gross, in cents."),
        "currency": { "$ref": "#/components/schemas/Currency", "description": "Always US dollars." },
        "fees": cents("Cents the business keeps; absent where there are none."),
        "net_amount": cents("Cents that are paid out; absent where they are the gross amount."),
        "metadata": {
            "type": "object",
            "description": "Who it is about, and the business's own notes.",
            "required": ["payout_user_id"],
            "properties": {
                "payout_user_id": text("`usr_…`: the payout user."),
                "custom": {
                    "type": "object", "additionalProperties": { "type": "string" },
                    "description": "The business's own notes about the recipient and the withdrawal; absent where there are none.",
                },
            },
        },
        "type": { "$ref": "#/components/schemas/PayoutEventType", "description": "The event." },
        "provider": { "$ref": "#/components/schemas/Provider", "description": "The kind of rail, and the name of the field with its details." },
        "order_id": text("`ord_…`: the withdrawal. Deduplicate on it and `type`."),
        "recipient": {
            "type": "object",
            "description": "The payout user.",
            "required": ["email"],
            "properties": { "email": { "type": "string", "format": "email", "description": "The address." } },
        },
        "reason": text("Why it was rejected, where the operator said so; why it failed."),
        "test_mode": test_mode(),
        "code": text("Of a failure: why, for programs."),
    });
    for provider in Provider::ALL {
        properties[provider.word()] = details(provider);
    }
    let required = ["amount", "currency", "metadata", "type", "provider", "order_id", "recipient"];
    json!({
        "type": "object",
        "description": "A step of a recipient's withdrawal. What is not known is left out, never null.",
        "required": required,
        "properties": properties,
    })
}

fn test_mode() -> Value {
    json!({ "type": "boolean", "const": true, "description": "Only where no real money moved." })
}

/// The details of a rail, with the fields of a test send.
fn details(provider: Provider) -> Value {
    let sent = sample(EntryKind::WithdrawalSucceeded, provider);
    let field = |(name, value): (&String, &Value)| {
        let kind = match value {
            Value::Number(number) if number.is_i64() && name != "usd_amount" => "integer",
            Value::Number(_) => "number",
            _ => "string",
        };
        let told = match name.as_str() {
            "order_id" => "The payment's public number at its rail.",
            "currency" => "What is paid.",
            "chain" => "The network, in the documented word.",
            "crypto_amount" => "In units of the token.",
            "usd_amount" => "Gross, in dollars.",
            "to_address" => "Where to.",
            "tx_hash" => "The transaction.",
            "confirmations" => "How many blocks confirm it.",
            "network_fee" => "What the network kept, in its own currency.",
            "brand" => "Where the card can be used.",
            "last4" => "The last four characters of the account.",
            "face_value" => "What the card is worth, in cents.",
            "product" => "What the person chose, for example a shop's card.",
            "reward_id" => "The provider's number of the reward.",
            _ => "A detail of the rail.",
        };
        (name.clone(), json!({ "type": kind, "description": told }))
    };
    let fields: Map<String, Value> =
        sent[provider.word()].as_object().into_iter().flatten().map(field).collect();
    json!({
        "type": "object",
        "description": format!("Only where `provider` is `{}`.", provider.word()),
        "required": ["order_id"],
        "properties": fields,
    })
}
