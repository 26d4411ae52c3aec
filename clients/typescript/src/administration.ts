// Parts of the business's client that set how payouts work: payment batches, pauses, proposals, settings, keys, the clock of test mode.

import type { CallOptions, ChangeOptions, Door, Tagged, UpdateOptions } from "./door.js";
import { List, type Page } from "./pages.js";
import type {
  AdvanceBody,
  ApiKey,
  ApiKeys as KeyList,
  BatchAnswerBody,
  DissolveBatchBody,
  NewKey,
  NewKeyBody,
  PauseAnswer,
  PauseBody,
  Pauses as PauseList,
  PaymentBatch,
  PaymentBatchAnswer,
  PaymentBatchBody,
  PaymentBatchFile,
  PaymentBatchFilter,
  Proposal,
  Proposals as ProposalList,
  ResumeAnswer,
  RollKeyBody,
  Settings,
  SettingsBody,
  TestClock,
} from "./shapes.js";

/** Stops of payments. */
export class Pauses {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(options?: CallOptions): Promise<PauseList> {
    return this.#door.read((api, sent) => api.GET("/payout/pauses", sent), options);
  }

  /** Stops all payments, those of a method, or those of a user. */
  pause(body: PauseBody, options?: ChangeOptions): Promise<PauseAnswer> {
    return this.#door.change((api, sent) => api.POST("/payout/pause", { ...sent, body }), options);
  }

  resume(body: PauseBody, options?: ChangeOptions): Promise<ResumeAnswer> {
    return this.#door.change((api, sent) => api.POST("/payout/resume", { ...sent, body }), options);
  }
}

/** What takes two people. These calls are not sent again: they have no idempotency key. */
export class Proposals {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(options?: CallOptions): Promise<ProposalList> {
    return this.#door.read((api, sent) => api.GET("/payout/proposals", sent), options);
  }

  confirm(id: string, options?: CallOptions): Promise<Proposal> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/proposals/{id}/confirm", { ...sent, params }), options);
  }

  withdraw(id: string, options?: CallOptions): Promise<Proposal> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/proposals/{id}/withdraw", { ...sent, params }), options);
  }
}

/** Payments that people make by hand, in files. Calls about one batch are not sent again: they have no idempotency key. */
export class PaymentBatches {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(filter: PaymentBatchFilter = {}, options?: CallOptions): List<PaymentBatch> {
    return new List<PaymentBatch>(
      (cursor): Promise<Page<PaymentBatch>> =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/payment-batches", { ...sent, params: { query: { ...filter, cursor } } });
        }, options),
      filter.cursor,
    );
  }

  /** Of the payments that wait; the people cannot cancel them any more. */
  create(body: PaymentBatchBody, options?: ChangeOptions): Promise<PaymentBatch> {
    return this.#door.change((api, sent) => api.POST("/payout/payment-batches", { ...sent, body }), options);
  }

  get(id: string, options?: CallOptions): Promise<PaymentBatch> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.GET("/payout/payment-batches/{id}", { ...sent, params }), options);
  }

  /** A `Proposal` where it takes two people: nothing was done yet. */
  approve(id: string, options?: CallOptions): Promise<PaymentBatch | Proposal> {
    const params = { path: { id } };
    return this.#door.read(
      (api, sent) => api.POST("/payout/payment-batches/{id}/approve", { ...sent, params }),
      options,
    );
  }

  /** The same bytes each time; each time is counted. */
  file(id: string, options?: CallOptions): Promise<PaymentBatchFile> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/payment-batches/{id}/file", { ...sent, params }), options);
  }

  /** Its file was not sent. A `Proposal` where it takes two people: nothing was done yet. */
  dissolve(id: string, body: DissolveBatchBody, options?: CallOptions): Promise<PaymentBatch | Proposal> {
    const params = { path: { id } };
    return this.#door.read(
      (api, sent) => api.POST("/payout/payment-batches/{id}/dissolve", { ...sent, params, body }),
      options,
    );
  }

  /** Takes every line of a bank's file, once however often it is brought. */
  answer(body: BatchAnswerBody, options?: CallOptions): Promise<PaymentBatchAnswer> {
    return this.#door.read((api, sent) => api.POST("/payout/payment-batches/answers", { ...sent, body }), options);
  }
}

export class SettingsOf {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  /** The settings, with the tag to change them under. */
  get(options?: CallOptions): Promise<Tagged<Settings>> {
    return this.#door.readTagged((api, sent) => api.GET("/payout/settings", sent), options);
  }

  /** Merges; `null` takes a limit away. A `Proposal` where it takes two people: nothing was done yet. */
  update(body: SettingsBody, options?: UpdateOptions): Promise<Tagged<Settings | Proposal>> {
    return this.#door.readTagged<Settings | Proposal>(
      (api, sent) => api.PUT("/payout/settings", { ...sent, body }),
      options,
    );
  }
}

export class TestClockOf {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  get(options?: CallOptions): Promise<TestClock> {
    return this.#door.read((api, sent) => api.GET("/test/clock", sent), options);
  }

  /** Moves the clock of test mode forward. */
  advance(body: AdvanceBody, options?: ChangeOptions): Promise<TestClock> {
    return this.#door.change((api, sent) => api.POST("/test/clock", { ...sent, body }), options);
  }
}

/**
 * API keys. `create` and `roll` show a key once, so they take no idempotency key and are never sent again; revoke a key whose
 * answer was lost.
 */
export class ApiKeys {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(options?: CallOptions): Promise<KeyList> {
    return this.#door.read((api, sent) => api.GET("/payout/keys", sent), options);
  }

  create(body: NewKeyBody, options?: CallOptions): Promise<NewKey> {
    return this.#door.read((api, sent) => api.POST("/payout/keys", { ...sent, body }), options);
  }

  roll(id: string, body: RollKeyBody = {}, options?: CallOptions): Promise<NewKey> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/keys/{id}/roll", { ...sent, params, body }), options);
  }

  revoke(id: string, options?: CallOptions): Promise<ApiKey> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.POST("/payout/keys/{id}/revoke", { ...sent, params }), options);
  }
}
