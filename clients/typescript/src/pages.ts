// Lists over all their pages.

import { OutpayError } from "./errors.js";

/** One page, as the API gives it. */
export interface Page<T> {
  data: T[];
  has_more: boolean;
  next_cursor: string | null;
}

/** A list: `for await (const item of list)` reads as many pages as the loop needs. */
export class List<T, P extends Page<T> = Page<T>> implements AsyncIterable<T> {
  readonly #read: (cursor: string | undefined) => Promise<P>;
  readonly #start: string | undefined;

  /** `read` gets the page at a cursor; undefined is the first one. */
  constructor(read: (cursor: string | undefined) => Promise<P>, start?: string) {
    this.#read = read;
    this.#start = start;
  }

  /** The first page, or the one at the `cursor` that was given. */
  page(): Promise<P> {
    return this.#read(this.#start);
  }

  /** All pages from there on. */
  async *pages(): AsyncGenerator<P, void, undefined> {
    let cursor = this.#start;
    for (;;) {
      const page = await this.#read(cursor);
      yield page;
      if (!page.has_more) return;
      if (page.next_cursor === null || page.next_cursor === cursor) {
        throw new OutpayError("The list says that there is more and does not say where.");
      }
      cursor = page.next_cursor;
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }

  /** All items, or the first `most`. */
  async all(most = Number.POSITIVE_INFINITY): Promise<T[]> {
    const items: T[] = [];
    if (most <= 0) return items;
    for await (const item of this) {
      items.push(item);
      if (items.length >= most) break;
    }
    return items;
  }
}
