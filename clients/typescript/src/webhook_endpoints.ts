// The part of the business's client that sets webhooks and looks at their deliveries. Not here: verifying them (webhooks.ts).

import type { CallOptions, ChangeOptions, Door, Tagged, UpdateOptions } from "./door.js";
import { List, type Page } from "./pages.js";
import type {
  Delivery,
  DeliveryDetail,
  DeliveryFilter,
  ReplayBody,
  Replayed,
  RollBody,
  TestBody,
  Webhook,
  WebhookBody,
  WebhookDeleted,
  WebhookList,
} from "./shapes.js";

/** Where events are sent. Token and secret are in the answer that makes them, and in no later one. */
export class Webhooks {
  /** The one of `/payout/webhook`. */
  readonly primary: PrimaryWebhook;
  readonly deliveries: Deliveries;
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
    this.primary = new PrimaryWebhook(door);
    this.deliveries = new Deliveries(door);
  }

  list(options?: CallOptions): Promise<WebhookList> {
    return this.#door.read((api, sent) => api.GET("/payout/webhooks", sent), options);
  }

  create(body: WebhookBody, options?: ChangeOptions): Promise<Webhook> {
    return this.#door.change((api, sent) => api.POST("/payout/webhooks", { ...sent, body }), options);
  }

  get(id: string, options?: CallOptions): Promise<Tagged<Webhook>> {
    const params = { path: { id } };
    return this.#door.readTagged((api, sent) => api.GET("/payout/webhooks/{id}", { ...sent, params }), options);
  }

  update(id: string, body: WebhookBody, options?: UpdateOptions): Promise<Tagged<Webhook>> {
    const params = { path: { id } };
    return this.#door.readTagged((api, sent) => api.PUT("/payout/webhooks/{id}", { ...sent, params, body }), options);
  }

  /** A new token and secret; the old ones go on signing for `overlap` seconds. */
  roll(id: string, body: RollBody = {}, options?: ChangeOptions): Promise<Webhook> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/webhooks/{id}/roll", { ...sent, params, body }), options);
  }

  /** Ends the overlap of a roll now. */
  switch(id: string, options?: CallOptions): Promise<Webhook> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/webhooks/{id}/switch", { ...sent, params }), options);
  }

  /** Sends an invented event now. */
  test(id: string, body: TestBody = {}, options?: ChangeOptions): Promise<DeliveryDetail> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/webhooks/{id}/test", { ...sent, params, body }), options);
  }

  delete(id: string, options?: CallOptions): Promise<WebhookDeleted> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.DELETE("/payout/webhooks/{id}", { ...sent, params }), options);
  }
}

export class PrimaryWebhook {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  get(options?: CallOptions): Promise<Tagged<Webhook>> {
    return this.#door.readTagged((api, sent) => api.GET("/payout/webhook", sent), options);
  }

  set(body: WebhookBody, options?: UpdateOptions): Promise<Tagged<Webhook>> {
    return this.#door.readTagged((api, sent) => api.PUT("/payout/webhook", { ...sent, body }), options);
  }

  roll(body: RollBody = {}, options?: ChangeOptions): Promise<Webhook> {
    return this.#door.change((api, sent) => api.POST("/payout/webhook/roll", { ...sent, body }), options);
  }

  switch(options?: CallOptions): Promise<Webhook> {
    return this.#door.read((api, sent) => api.POST("/payout/webhook/switch", sent), options);
  }

  test(body: TestBody = {}, options?: ChangeOptions): Promise<DeliveryDetail> {
    return this.#door.change((api, sent) => api.POST("/payout/webhook/test", { ...sent, body }), options);
  }
}

/** What was sent, and what came back. */
export class Deliveries {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(filter: DeliveryFilter = {}, options?: CallOptions): List<Delivery> {
    return new List<Delivery>(
      (cursor): Promise<Page<Delivery>> =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/webhook/deliveries", { ...sent, params: { query: { ...filter, cursor } as never } });
        }, options),
      filter.cursor,
    );
  }

  get(id: string, options?: CallOptions): Promise<DeliveryDetail> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.GET("/payout/webhook/deliveries/{id}", { ...sent, params }), options);
  }

  retry(id: string, options?: ChangeOptions): Promise<Delivery> {
    const params = { path: { id } };
    return this.#door.change(
      (api, sent) => api.POST("/payout/webhook/deliveries/{id}/retry", { ...sent, params }),
      options,
    );
  }

  /** Retries all deliveries that failed at that time or later. */
  replay(body: ReplayBody, options?: ChangeOptions): Promise<Replayed> {
    return this.#door.change((api, sent) => api.POST("/payout/webhook/replay", { ...sent, body }), options);
  }
}
