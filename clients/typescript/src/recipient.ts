// A recipient's client: what the holder of a payout hash can do.

import { type CallOptions, type ChangeOptions, type ClientOptions, Door } from "./door.js";
import { List } from "./pages.js";
import type {
  Methods,
  Operation,
  OperationDetail,
  PageOptions,
  Quote,
  RevealedCard,
  Statement,
  WithdrawBody,
} from "./shapes.js";

/** A client with a payout hash: `new OutpayRecipient(hash, { baseUrl })`. */
export class OutpayRecipient {
  readonly #door: Door;

  constructor(hash: string, options: ClientOptions) {
    this.#door = new Door({ "x-payout-hash": hash }, options);
  }

  /** Balance and history: `await recipient.operations().page()` has both, a loop reads all operations. */
  operations(query: PageOptions = {}, options?: CallOptions): List<Operation, Statement> {
    return new List<Operation, Statement>(
      (cursor) =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/operations", { ...sent, params: { query: { ...query, cursor } } });
        }, options),
      query.cursor,
    );
  }

  operation(id: string, options?: CallOptions): Promise<OperationDetail> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.GET("/payout/operations/{id}", { ...sent, params }), options);
  }

  /** The ways out: fees, limits, and why one is closed. */
  methods(options?: CallOptions): Promise<Methods> {
    return this.#door.read((api, sent) => api.GET("/payout/methods", sent), options);
  }

  quote(body: WithdrawBody, options?: ChangeOptions): Promise<Quote> {
    return this.#door.change((api, sent) => api.POST("/payout/quote", { ...sent, body }), options);
  }

  /** Asks for a withdrawal; its money is held from now on. */
  withdraw(body: WithdrawBody, options?: ChangeOptions): Promise<Operation> {
    return this.#door.change((api, sent) => api.POST("/payout/withdraw", { ...sent, body }), options);
  }

  /** Cancels a withdrawal of which nothing was sent yet. */
  cancel(id: string, options?: ChangeOptions): Promise<OperationDetail> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/operations/{id}/cancel", { ...sent, params }), options);
  }

  /** Shows the code of a delivered gift card. Every reveal is recorded. */
  reveal(id: string, options?: ChangeOptions): Promise<RevealedCard> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/operations/{id}/reveal", { ...sent, params }), options);
  }
}
