"""The provider's own Python client against the stand-in of the tests: its models check every answer. Reads what to do as JSON from its
standard input, and writes what the client answered as JSON. An answer that a model refuses ends it with an error."""

import json
import sys

import tremendous
from tremendous import (
    CreateOrderRequest,
    ListRewards200ResponseRewardsInnerRecipient,
    ListRewards200ResponseRewardsInnerValue,
    SingleRewardOrder,
    SingleRewardOrderPayment,
    SingleRewardOrderReward,
    SingleRewardOrderRewardDelivery,
)


def said(call):
    """The outcome of a call: status and body, whatever the status is."""
    try:
        answer = call()
        return {"status": answer.status_code, "data": json.loads(answer.data.model_dump_json(by_alias=True, exclude_none=True))}
    except tremendous.ApiException as error:
        return {"status": error.status, "data": json.loads(error.body)}


def written(order):
    """An order made of the client's models. Read from JSON, they would send fields that were left out as null."""
    reward = order["reward"]
    return CreateOrderRequest(
        SingleRewardOrder(
            external_id=order["external_id"],
            payment=SingleRewardOrderPayment(**order["payment"]),
            reward=SingleRewardOrderReward(
                products=reward["products"],
                value=ListRewards200ResponseRewardsInnerValue(**reward["value"]),
                recipient=ListRewards200ResponseRewardsInnerRecipient(**reward["recipient"]),
                delivery=SingleRewardOrderRewardDelivery(**reward["delivery"]),
            ),
        )
    )


def run(url, key, order, other, source):
    configuration = tremendous.Configuration(host=f"{url}/api/v2", access_token=key)
    api = tremendous.TremendousApi(tremendous.ApiClient(configuration))

    def create(body):
        return said(lambda: api.create_order_with_http_info(written(body)))

    created = create(order)
    reward = created["data"]["order"]["rewards"][0]["id"]
    return {
        "created": created,
        "repeated": create(order),
        "conflict": create(other),
        "found": said(lambda: api.get_order_with_http_info(order["external_id"])),
        "missing": said(lambda: api.get_order_with_http_info("NOTHING1")),
        "listed": said(lambda: api.list_orders_with_http_info(limit=500)),
        "link": said(lambda: api.generate_reward_link_with_http_info(reward)),
        "reward": said(lambda: api.get_reward_with_http_info(reward)),
        "products": said(lambda: api.list_products_with_http_info(country="US", currency="USD")),
        "funds": said(lambda: api.get_funding_source_with_http_info(source)),
    }


if __name__ == "__main__":
    print(json.dumps(run(**json.load(sys.stdin))))
