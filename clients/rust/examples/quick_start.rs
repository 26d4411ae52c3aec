//! The quick start of the README, which the product's tests run.

use outpay_client::schema::{CreateBody, WithdrawBody};
use outpay_client::{Error, Outpay, OutpayRecipient, UserFilter};

pub async fn quick_start(base_url: &str, secret_key: &str) -> Result<(), Error> {
    let outpay = Outpay::new(secret_key, base_url)?;

    // Gives 100.00 to a person. The hash is a secret: it opens that person's balance.
    let paid = outpay.create_payout(&CreateBody::new("user@example.com", 10_000)).await?;

    // The person withdraws 25.00. `sandbox` is a method of test mode.
    let recipient = OutpayRecipient::new(&paid.hash, base_url)?;
    let wish = WithdrawBody::new("sandbox", 2_500, [("account", "1")]);
    let withdrawal = recipient.create_withdrawal(&wish).await?;
    assert_eq!(withdrawal.status, "queued");

    // A list reads its pages as the loop needs them.
    let mut users = outpay.list_users(UserFilter::default());
    while let Some(user) = users.next().await? {
        assert!(user.balance >= 0, "{} {}", user.email, user.balance);
    }

    let too_much = CreateBody::new("user@example.com", 100_000_000);
    match outpay.create_payout(&too_much).await {
        Err(Error::Refused(said)) => assert_eq!(said.code.as_deref(), Some("insufficient_payout_balance")),
        other => panic!("{other:?}"),
    }
    Ok(())
}
