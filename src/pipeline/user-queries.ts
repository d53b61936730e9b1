import { queryUnsupported } from '../sink/open-queries.js';
import type { StoreQueries, StoreQueryAnswer } from '../sink/store-query.js';
import type { QueryRequest } from './consume-protocol.js';

/** Answers what the main thread asks of queries of users. */
export class UserQueries {
  readonly #queries: StoreQueries | undefined;
  readonly #stops = new Map<string, AbortController>();

  constructor(queries: StoreQueries | undefined) {
    this.#queries = queries;
  }

  async answer(request: QueryRequest): Promise<StoreQueryAnswer | number | undefined> {
    switch (request.kind) {
      case 'query':
        return this.#query(request);
      case 'query-end':
        this.#stops.get(request.id)?.abort();
        return undefined;
      case 'query-progress':
        return this.#queries?.writtenBytes();
    }
  }

  async #query({ id, query }: Extract<QueryRequest, { kind: 'query' }>): Promise<StoreQueryAnswer> {
    if (this.#queries === undefined) throw queryUnsupported();
    const stop = new AbortController();
    this.#stops.set(id, stop);
    try {
      return await this.#queries.answer(query, stop.signal);
    } finally {
      this.#stops.delete(id);
    }
  }
}
