import { SluiceError } from '../../errors.js';
import { QUERY_PATH, queryTarget } from './endpoints.js';
import type { InfluxSettings } from './influx-options.js';
import { isExpressible, type QueriedSeries, statementOf } from './influxql.js';
import { storeWords } from './response.js';
import type { InfluxTransport } from './transport.js';

/** Thousands of devices take some 200 bytes each; more than this would be parsed on the thread that writes. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** One InfluxQL statement at a time per call, in any version. Rejects with SINK_QUERY_FAILED or SINK_QUERY_UNSUPPORTED. */
export class QueryChannel {
  readonly #settings: InfluxSettings;
  readonly #transport: InfluxTransport;

  constructor(settings: InfluxSettings, transport: InfluxTransport) {
    this.#settings = settings;
    this.#transport = transport;
  }

  /** `isExpected`: whether an answer to this statement may hold a series of that name. */
  async ask(q: string, isExpected: (name: string) => boolean): Promise<readonly QueriedSeries[]> {
    if (!isExpressible(q)) throw this.#failed('cannot be asked about a name with NUL or a carriage return');
    const form = new URLSearchParams({ ...queryTarget(this.#settings), epoch: 'ms', q });
    const answer = await this.#transport.post(
      {
        path: QUERY_PATH,
        body: form.toString(),
        contentType: 'application/x-www-form-urlencoded',
        accept: 'application/json',
        maxAnswerBytes: MAX_ANSWER_BYTES,
      },
      // The page's questions end by time-out; writing has a signal, asking does not.
      new AbortController().signal,
    );
    if (answer.kind === 'silence') throw this.#failed(`does not answer the query: ${answer.reason}`);
    if (answer.kind === 'flood') {
      throw this.#failed(
        `answers with more than ${MAX_ANSWER_BYTES} bytes; ask for a shorter time or a tag with fewer values`,
      );
    }
    if (answer.status === 400 || answer.status === 404)
      throw this.#unsupported(`says ${answer.status} to /query`);
    if (answer.status < 200 || answer.status >= 300) {
      throw this.#failed(
        `refused the query (${answer.status}: ${storeWords(answer.status, answer.body, answer.json)})`,
      );
    }
    const statement = statementOf(answer.json);
    if (statement === undefined) throw this.#unsupported('answers /query with something else than InfluxDB');
    if (statement.error !== undefined) throw this.#failed(`could not answer the query: ${statement.error}`);
    // VictoriaMetrics answers every query with its list of databases.
    if (!statement.series.every(({ name }) => isExpected(name))) {
      throw this.#unsupported('answers /query, but not what was asked: it has no InfluxQL');
    }
    return statement.series;
  }

  #failed(what: string): SluiceError {
    return new SluiceError('SINK_QUERY_FAILED', `InfluxDB at ${this.#settings.url.origin} ${what}`);
  }

  #unsupported(what: string): SluiceError {
    return new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `the store at ${this.#settings.url.origin} ${what}; points are written, but charts cannot be read from it`,
    );
  }
}
