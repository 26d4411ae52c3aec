// A business's client.

import { type ChangeOptions, type CallOptions, type ClientOptions, Door } from "./door.js";
import { ApiKeys, PaymentBatches, Pauses, Proposals, SettingsOf, TestClockOf } from "./administration.js";
import { List, type Page } from "./pages.js";
import { Webhooks } from "./webhook_endpoints.js";
import type {
  AuditEntry,
  Balances,
  BatchAnswer,
  BatchBody,
  CreateBody,
  DebitBody,
  Event,
  EventFilter,
  Hash,
  Operation,
  OperationFilter,
  PageOptions,
  Proposal,
  RejectBody,
  SettleBody,
  TransferBody,
  User,
  UserFilter,
  Withdrawal,
  WithdrawalFilter,
} from "./shapes.js";

/** A client with a secret key: `new Outpay("sk_test_…", { baseUrl })`. */
export class Outpay {
  readonly payouts: Payouts;
  readonly users: Users;
  readonly withdrawals: Withdrawals;
  readonly paymentBatches: PaymentBatches;
  readonly pauses: Pauses;
  readonly proposals: Proposals;
  readonly settings: SettingsOf;
  readonly testClock: TestClockOf;
  readonly apiKeys: ApiKeys;
  readonly events: Events;
  readonly webhooks: Webhooks;
  readonly balance: Balance;
  readonly auditLog: AuditLog;

  constructor(secretKey: string, options: ClientOptions) {
    const door = new Door({ authorization: `Bearer ${secretKey}` }, options);
    this.payouts = new Payouts(door);
    this.users = new Users(door);
    this.withdrawals = new Withdrawals(door);
    this.paymentBatches = new PaymentBatches(door);
    this.pauses = new Pauses(door);
    this.proposals = new Proposals(door);
    this.settings = new SettingsOf(door);
    this.testClock = new TestClockOf(door);
    this.apiKeys = new ApiKeys(door);
    this.events = new Events(door);
    this.webhooks = new Webhooks(door);
    this.balance = new Balance(door);
    this.auditLog = new AuditLog(door);
  }
}

/** Paying people. */
export class Payouts {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  /** Creates a payout user, or adds funds to one. The hash is a secret: it gives access to the money. */
  create(body: CreateBody, options?: ChangeOptions): Promise<Hash> {
    return this.#door.change((api, sent) => api.POST("/payout/create", { ...sent, body }), options);
  }

  /** Up to 10,000 payouts at once. A `reference` is paid at most once, ever. */
  createBatch(body: BatchBody, options?: ChangeOptions): Promise<BatchAnswer> {
    return this.#door.change((api, sent) => api.POST("/payout/batch", { ...sent, body }), options);
  }
}

/** Payout users: the people who were paid. */
export class Users {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(filter: UserFilter = {}, options?: CallOptions): List<User> {
    return new List<User>(
      (cursor): Promise<Page<User>> =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/users", { ...sent, params: { query: { ...filter, cursor } as never } });
        }, options),
      filter.cursor,
    );
  }

  get(id: string, options?: CallOptions): Promise<User> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.GET("/payout/users/{id}", { ...sent, params }), options);
  }

  operations(id: string, filter: OperationFilter = {}, options?: CallOptions): List<Operation> {
    return new List<Operation>(
      (cursor): Promise<Page<Operation>> =>
        this.#door.read((api, sent) => {
          const params = { path: { id }, query: { ...filter, cursor } as never };
          return api.GET("/payout/users/{id}/operations", { ...sent, params });
        }, options),
      filter.cursor,
    );
  }

  activate(id: string, options?: ChangeOptions): Promise<User> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/users/{id}/activate", { ...sent, params }), options);
  }

  /** The hash stops working; the money stays. */
  deactivate(id: string, options?: ChangeOptions): Promise<User> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/users/{id}/deactivate", { ...sent, params }), options);
  }

  /** A new hash; the old one no longer works. */
  rotateHash(id: string, options?: ChangeOptions): Promise<Hash> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/users/{id}/rotate-hash", { ...sent, params }), options);
  }

  /** Takes unspent money back. A `Proposal` where it takes two people: nothing was done yet. */
  debit(id: string, body: DebitBody, options?: ChangeOptions): Promise<User | Proposal> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/users/{id}/debit", { ...sent, params, body }), options);
  }
}

/** Withdrawals of all users. */
export class Withdrawals {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(filter: WithdrawalFilter = {}, options?: CallOptions): List<Withdrawal> {
    return new List<Withdrawal>(
      (cursor): Promise<Page<Withdrawal>> =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/withdrawals", { ...sent, params: { query: { ...filter, cursor } as never } });
        }, options),
      filter.cursor,
    );
  }

  get(id: string, options?: CallOptions): Promise<Withdrawal> {
    const params = { path: { id } };
    return this.#door.read((api, sent) => api.GET("/payout/withdrawals/{id}", { ...sent, params }), options);
  }

  /** Replaces all metadata. */
  setMetadata(id: string, metadata: Record<string, string>, options?: CallOptions): Promise<Withdrawal> {
    const params = { path: { id } };
    const body = { metadata };
    return this.#door.read(
      (api, sent) => api.PUT("/payout/withdrawals/{id}/metadata", { ...sent, params, body }),
      options,
    );
  }

  /** Lets one in review be sent. A `Proposal` where it takes two people: nothing was done yet. */
  approve(id: string, options?: ChangeOptions): Promise<Withdrawal | Proposal> {
    const params = { path: { id } };
    return this.#door.change((api, sent) => api.POST("/payout/withdrawals/{id}/approve", { ...sent, params }), options);
  }

  reject(id: string, body: RejectBody, options?: ChangeOptions): Promise<Withdrawal> {
    const params = { path: { id } };
    return this.#door.change(
      (api, sent) => api.POST("/payout/withdrawals/{id}/reject", { ...sent, params, body }),
      options,
    );
  }

  /** Says that a person paid it. A `Proposal` where it takes two people: nothing was done yet. */
  settle(id: string, body: SettleBody, options?: ChangeOptions): Promise<Withdrawal | Proposal> {
    const params = { path: { id } };
    return this.#door.change(
      (api, sent) => api.POST("/payout/withdrawals/{id}/settle", { ...sent, params, body }),
      options,
    );
  }
}

/** Everything that happened, in a gap-free sequence. */
export class Events {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(filter: EventFilter = {}, options?: CallOptions): List<Event> {
    const { after, limit } = filter;
    return new List<Event>((cursor): Promise<Page<Event>> => {
      // The API takes one of the two.
      const query = cursor === undefined ? { after, limit } : { cursor, limit };
      return this.#door.read((api, sent) => api.GET("/payout/events", { ...sent, params: { query } }), options);
    }, filter.cursor);
  }
}

/** The business's own money. */
export class Balance {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  get(options?: CallOptions): Promise<Balances> {
    return this.#door.read((api, sent) => api.GET("/balance", sent), options);
  }

  transfer(body: TransferBody, options?: ChangeOptions): Promise<Balances> {
    return this.#door.change((api, sent) => api.POST("/balance/transfer", { ...sent, body }), options);
  }
}

/** Who did what. */
export class AuditLog {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  list(query: PageOptions = {}, options?: CallOptions): List<AuditEntry> {
    return new List<AuditEntry>(
      (cursor): Promise<Page<AuditEntry>> =>
        this.#door.read((api, sent) => {
          return api.GET("/payout/audit-log", { ...sent, params: { query: { ...query, cursor } } });
        }, options),
      query.cursor,
    );
  }
}
