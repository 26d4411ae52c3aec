<?php
// What a user of the client that openapi-generator makes for PHP would write. The argument is the step to take.

$url = getenv("OUTPAY_URL");
$configuration = (new Outpay\Configuration())->setHost($url)->setAccessToken(getenv("OUTPAY_KEY"));
$http = new GuzzleHttp\Client();
$payouts = new Outpay\Api\PayoutsApi($http, $configuration);

function check($is, $what) {
    if (!$is) {
        throw new Exception(print_r($what, true));
    }
}

function pay($payouts, $name) {
    $body = new Outpay\Model\CreateBody(["email" => "$name@example.com", "amount" => 10000]);
    $paid = $payouts->createPayout($body);
    check($paid instanceof Outpay\Model\Hash, $paid);
    return $paid->getHash();
}

switch ($argv[1]) {
    case "create":
        check(strlen(pay($payouts, "a")) === 52, "a hash");
        break;
    case "error":
        try {
            (new Outpay\Api\WithdrawalsApi($http, $configuration))->getWithdrawal("ord_unknown");
            check(false, "it is not found");
        } catch (Outpay\ApiException $refused) {
            $told = $refused->getResponseObject();
            check($told instanceof Outpay\Model\Error && $told->getCode() == "withdrawal_not_found", $told);
        }
        break;
    case "pages":
        foreach (["b", "c", "d"] as $name) {
            pay($payouts, $name);
        }
        $users = new Outpay\Api\PayoutUsersApi($http, $configuration);
        $seen = [];
        $cursor = null;
        do {
            $page = $users->listUsers(limit: 2, cursor: $cursor);
            foreach ($page->getData() as $user) {
                $seen[$user->getId()] = true;
            }
            $cursor = $page->getNextCursor();
        } while ($page->getHasMore());
        check(count($seen) >= 3, $seen);
        break;
    case "withdraw":
        $own = (new Outpay\Configuration())->setHost($url)->setApiKey("X-Payout-Hash", pay($payouts, "e"));
        $body = new Outpay\Model\WithdrawBody(
            ["method" => "sandbox", "amount" => 2500, "destination" => ["account" => "any text"]]
        );
        $made = (new Outpay\Api\RecipientApi($http, $own))->createWithdrawal($body);
        check($made instanceof Outpay\Model\Operation && $made->getAmount() === -2500, $made);
}
echo "ok\n";
