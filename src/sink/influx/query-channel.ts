import { boundedLines } from '../../lib/bounded-lines.js';
import { SluiceError } from '../../lib/errors.js';
import { printable } from '../../lib/printable.js';
import { TimeSlice } from '../../lib/time-slice.js';
import { type InfluxSettings, QUERY_PATH, queryTarget } from './influx-options.js';
import { isExpressible } from './influxql.js';
import { storeMessage } from './response.js';
import {
  FORM,
  type InfluxTransport,
  type NoAnswer,
  type StoreAnswer,
  type StoreRequest,
} from './transport.js';

/** Thousands of devices take about 200 bytes each. A larger answer would block the thread that writes while it is parsed. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** About 2 ms for the thread that parses it, where the rows have no texts. */
const MAX_CHUNK_ROWS = 2_000;
/** A part with texts of this size together; smaller parts of short texts cost next to nothing. */
const CHUNK_TEXT_BYTES = 16 * 1024 * 1024;
/** InfluxDB takes texts of 64 KiB, and writes a character as 6 bytes at most, as in `\u003c`. */
const MAX_TEXT_BYTES = 6 * 65_536;
/** InfluxDB looks through all series before it sends anything: 6 s for 90,000. */
const SILENCE_MS = 60_000;

const OPENING_BRACE = 0x7b;
const MAX_ADDRESS_CHARACTERS = 200;
const MAX_ERROR_CHARACTERS = 500;
/** Errors of the parser of InfluxQL. */
const QUOTES_STATEMENT = /error parsing query|\bat line \d+, char \d+|unable to parse|syntax error/i;

/** One series of an answer to an InfluxQL statement. */
export interface QueriedSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly unknown[])[];
}

/** Runs InfluxQL statements on any version of InfluxDB. Rejects with SINK_QUERY_FAILED or SINK_QUERY_UNSUPPORTED. */
export class QueryChannel {
  readonly #settings: InfluxSettings;
  readonly #transport: InfluxTransport;
  readonly #silenceMs: number;

  /** `silenceMs`: how long a streamed answer may take for its first part, and between two parts. */
  constructor(settings: InfluxSettings, transport: InfluxTransport, silenceMs?: number) {
    this.#settings = settings;
    this.#transport = transport;
    this.#silenceMs = silenceMs ?? Math.max(SILENCE_MS, settings.timeoutMs);
  }

  /**
   * Resolves with the series that one statement returns.
   *
   * @param isExpected whether an answer to this statement may contain a series of that name
   */
  async query(statement: string, isExpected: (name: string) => boolean): Promise<readonly QueriedSeries[]> {
    const answer = await this.#transport.post(
      { ...this.#request(statement, { epoch: 'ms' }), maxAnswerBytes: MAX_ANSWER_BYTES },
      // A query ends by its time-out; only writes are aborted.
      new AbortController().signal,
    );
    if (answer.kind === 'too-large') {
      throw this.#failed(
        `answers with more than ${MAX_ANSWER_BYTES} bytes; ask for a shorter time or a tag with fewer values`,
      );
    }
    return this.#seriesOf(this.#accepted(answer), isExpected);
  }

  /**
   * Runs a statement whose answer may be larger than the memory: gives its series in parts of some rows of one series, in
   * the order of the store. Times are RFC 3339 texts, to the ns. Rejects also when the answer ends early,
   * and after `signal`.
   *
   * @param texts how many text fields are selected: the more, the fewer rows are in a part
   */
  async *stream(
    statement: string,
    isExpected: (name: string) => boolean,
    signal: AbortSignal,
    texts = 0,
  ): AsyncGenerator<QueriedSeries, void, undefined> {
    const request = this.#request(statement, { chunked: 'true', chunk_size: String(chunkRows(texts)) });
    const answer = await this.#transport.stream(request, this.#silenceMs, signal);
    if (answer.kind !== 'stream') {
      this.#accepted(answer);
      throw this.#unsupported('does not answer /query as InfluxDB does');
    }
    const slice = new TimeSlice();
    // Version 3 sends no line at all when it finds nothing.
    let isComplete = this.#settings.version === 3;
    for await (const { bytes } of boundedLines(answer.parts, MAX_ANSWER_BYTES)) {
      if (bytes === undefined) throw this.#failed(`answers with more than ${MAX_ANSWER_BYTES} bytes at once`);
      if (bytes.length === 0) continue;
      const json = this.#parsedChunk(bytes);
      yield* this.#seriesOf(json, isExpected);
      isComplete = isLastChunk(json);
      // What the connection brings at once can hold hundreds of small series.
      if (slice.isOver) await slice.yield();
    }
    if (!isComplete) throw this.#failed('ended its answer to the query early');
  }

  #request(statement: string, parameters: Readonly<Record<string, string>>): StoreRequest {
    if (!isExpressible(statement)) {
      throw this.#failed('cannot be asked about a name with NUL or a carriage return');
    }
    const form = new URLSearchParams({ ...queryTarget(this.#settings), ...parameters, q: statement });
    return {
      path: QUERY_PATH,
      body: form.toString(),
      contentType: FORM,
      accept: 'application/json',
    };
  }

  /** Returns the JSON of an answer with status 2xx. */
  #accepted(answer: StoreAnswer | NoAnswer): unknown {
    if (answer.kind === 'no-answer') throw this.#failed(`does not answer the query: ${answer.reason}`);
    if (answer.movedTo !== undefined) {
      throw this.#failed(
        `answered ${answer.status} to ${printable(answer.movedTo, MAX_ADDRESS_CHARACTERS)}: set sink.influx.url to it`,
      );
    }
    const message = storeMessage(answer);
    const denied = deniedRead(this.#settings, answer.status, message);
    if (denied !== undefined) throw this.#failed(denied);
    if (answer.status === 400 || answer.status === 404) {
      throw this.#unsupported(`answers /query with status ${answer.status} (${message})`);
    }
    if (answer.status < 200 || answer.status >= 300) {
      throw this.#failed(`refused the query (${answer.status}: ${message})`);
    }
    if (answer.isEncoded) throw this.#failed(`answers the query, but ${answer.body}`);
    if (answer.isWebPage) throw this.#unsupported(`answers /query with ${message}, so it is no InfluxDB`);
    return answer.json;
  }

  #seriesOf(json: unknown, isExpected: (name: string) => boolean): readonly QueriedSeries[] {
    const result = resultOf(json);
    if (result === undefined) throw this.#unsupported('does not answer /query as InfluxDB does');
    if (result.error !== undefined) {
      const denied = deniedRead(this.#settings, 200, result.error);
      if (denied !== undefined) throw this.#failed(denied);
      // What the store says of the statement itself quotes it, which is nothing for a client; the cause is logged.
      if (QUOTES_STATEMENT.test(result.error)) {
        throw this.#failed('could not answer the query; the log of the gateway says why', result.error);
      }
      throw this.#failed(`could not answer the query: ${printable(result.error, MAX_ERROR_CHARACTERS)}`);
    }
    // VictoriaMetrics answers every query with its list of databases.
    if (!result.series.every(({ name }) => isExpected(name))) {
      throw this.#unsupported('answers /query with something else than was asked: it has no InfluxQL');
    }
    return result.series;
  }

  /** Each line of a chunked answer is an answer of its own. */
  #parsedChunk(line: Buffer): unknown {
    try {
      return JSON.parse(line.toString('utf8')) as unknown;
    } catch {
      if (line[0] === OPENING_BRACE) throw this.#failed('broke off its answer to the query');
      throw this.#unsupported('does not answer /query as InfluxDB does');
    }
  }

  #failed(what: string, cause?: string): SluiceError {
    const sentence = `InfluxDB at ${this.#settings.url.origin} ${what}`;
    return new SluiceError('SINK_QUERY_FAILED', sentence, cause === undefined ? undefined : { cause });
  }

  #unsupported(what: string): SluiceError {
    return new SluiceError(
      'SINK_QUERY_UNSUPPORTED',
      `the store at ${this.#settings.url.origin} ${what}; points are written, but charts cannot be read from it`,
    );
  }
}

/** Every point has its place in an answer, however long its texts are. */
function chunkRows(texts: number): number {
  return Math.max(1, Math.min(MAX_CHUNK_ROWS, Math.floor(CHUNK_TEXT_BYTES / (texts * MAX_TEXT_BYTES))));
}

/**
 * InfluxDB 2 says the same for a bucket that the token may not read and for one that InfluxQL does not know: that there
 * is no database, or no default retention policy. Returns what is meant, or undefined for any other answer.
 */
export function deniedRead(
  { version, database }: Pick<InfluxSettings, 'version' | 'database'>,
  status: number,
  message: string,
): string | undefined {
  if (version !== 2) return undefined;
  const isUnknown = /database not found|retention policy not (set|found)|dbrp mapping not found/i.test(
    message,
  );
  if (!isUnknown && status !== 401 && status !== 403) return undefined;
  return (
    `does not let the gateway read (${message}): the token may not read bucket "${database}", ` +
    'or there is no mapping of a database to it; `sluice doctor` finds out which. Writing is not affected'
  );
}

/** Returns the series of the only statement in an answer to /query, or the store's error; undefined for any other JSON. */
function resultOf(json: unknown): { series: readonly QueriedSeries[]; error?: string } | undefined {
  const answer = json as { error?: unknown; results?: unknown } | null | undefined;
  if (typeof answer?.error === 'string') return { series: [], error: answer.error };
  if (!Array.isArray(answer?.results)) return undefined;
  const [first] = answer.results as readonly ({ error?: unknown; series?: unknown } | undefined)[];
  if (typeof first?.error === 'string') return { series: [], error: first.error };
  return { series: Array.isArray(first?.series) ? (first.series as QueriedSeries[]).map(withValues) : [] };
}

/** InfluxDB 1 and 2 mark a result that has more; also when a limit of the server has cut it. */
function isLastChunk(json: unknown): boolean {
  const [result] = (json as { results: readonly { partial?: unknown }[] }).results;
  return result?.partial !== true;
}

/** InfluxDB 1 leaves out the values of a list without entries. */
function withValues(series: QueriedSeries): QueriedSeries {
  return series.values === undefined ? { ...series, values: [] } : series;
}
