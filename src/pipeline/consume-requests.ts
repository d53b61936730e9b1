import type { ArrivalWatch } from '../consumer/arrival-watch.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { scanParked } from '../dead-letter/parked-scan.js';
import type { PartitionStates } from '../ledger/partition-states.js';
import { SystemClock } from '../lib/clock.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { LimitedWarning } from '../lib/limited-warning.js';
import type { Warn } from '../lib/warnings.js';
import type { SeriesReader } from '../reading/series-reader.js';
import type { ReplayService } from '../replay/replay-service.js';
import { tryParked } from '../replay/try-parked.js';
import { type ExplanationJson, explainRecord, explanationJson } from '../rules/explain-record.js';
import { newLineText } from '../sink/influx/line.js';
import type { Sink } from '../sink/sink.js';
import type { StoreQueries } from '../sink/store-query.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { WindowsStage } from '../windows/windows-stage.js';
import type { ConsumeAnswer, ConsumeOptions, SideRequest } from './consume-protocol.js';
import type { AfterMapping } from './follower.js';
import type { Followers } from './followers.js';
import type { RulesInForce } from './rules-in-force.js';
import { SelfMetricsStore } from './self-metrics-store.js';
import type { StoreDevices } from './store-devices.js';
import { UserQueries } from './user-queries.js';

/** With its cursor a record is found in the first slice. */
const EXPLAIN_LIMITS = { maxRecords: 1, maxBytes: 64 * 1024 * 1024, maxMs: 1_000 } as const;

export interface ConsumeRequestsParts {
  readonly rules: RulesInForce;
  readonly states: PartitionStates;
  readonly followers: Followers;
  readonly arrivals: ArrivalWatch;
  /** The sink, whose `write` calls are shared with the consumer. */
  readonly writes: Pick<Sink, 'write'>;
  readonly reader: StoreReader | undefined;
  /** What charts are read from; undefined where the store cannot be queried. */
  readonly series: SeriesReader | undefined;
  readonly devices: StoreDevices | undefined;
  readonly queries: StoreQueries | undefined;
  readonly changeField: Sink['changeField'];
  readonly afterMapping: AfterMapping;
  readonly replay: ReplayService;
  /** Absent: none are configured. */
  readonly windows: Pick<WindowsStage, 'report' | 'rebuild'> | undefined;
  readonly warn: Warn;
}

/** Answers what the main thread asks of the consuming pipeline: replays, explanations, followers, charts, its own metrics. */
export class ConsumeRequests {
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumeRequestsParts;
  readonly #userQueries: UserQueries;
  readonly #failedQueries: LimitedWarning<'SINK_QUERY_FAILED'>;
  /** Absent until the gateway writes its own metrics. */
  #selfMetricsStore: SelfMetricsStore | undefined;

  constructor(options: ConsumeOptions, parts: ConsumeRequestsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#failedQueries = new LimitedWarning(parts.warn, new SystemClock());
    this.#userQueries = new UserQueries(parts.queries);
  }

  async answer(request: SideRequest): Promise<ConsumeAnswer> {
    switch (request.kind) {
      case 'replay':
      case 'purge':
        return this.#parts.replay.start(request);
      case 'explain':
        return this.#explain(request.id, request.after);
      case 'try':
        return tryParked(this.#options.directory.deadLetter, request.places, (parked) =>
          this.#explanationOf(parked),
        );
      case 'follow':
        return this.#parts.followers.follow(request.filter, request.withPayloads);
      case 'follow-next':
        return this.#parts.followers.next(request.id);
      case 'follow-end':
        this.#parts.followers.end(request.id);
        return undefined;
      case 'arrivals':
        return this.#parts.arrivals.answer(request.question);
      case 'change-field':
        return this.#parts.changeField(request.change);
      case 'windows-list':
        return this.#windows().report();
      case 'windows-rebuild':
        return this.#windows().rebuild(request.request);
      case 'write-self-metrics':
        return this.#selfMetrics().write(request.points);
      case 'query':
      case 'query-end':
      case 'query-progress':
        return this.#logged(this.#userQueries.answer(request));
      case 'measurements':
        return this.#logged(existing(this.#parts.devices).measurements());
      case 'series':
        return this.#logged(existing(this.#parts.series).read(request.query));
      case 'latest':
        return this.#logged(existing(this.#parts.devices).page(request.query));
      case 'needs-look':
        return this.#logged(existing(this.#parts.devices).needsLook());
      case 'influxql':
        return this.#logged(existing(this.#parts.reader).influxql(request.request));
    }
  }

  /** The cause of a failed query is for the log: a client gets the sentence without it. */
  async #logged<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (thrown) {
      if (
        thrown instanceof SluiceError &&
        thrown.code === 'SINK_QUERY_FAILED' &&
        thrown.cause !== undefined
      ) {
        this.#failedQueries.log(
          thrown.code,
          { reason: errorText(thrown.cause) },
          'a query could not be answered by the store',
        );
      }
      throw thrown;
    }
  }

  /** Must be called before the sink is closed. */
  async close(): Promise<void> {
    this.#parts.followers.close();
    await this.#selfMetricsStore?.close();
  }

  async #explain(id: string, after?: string): Promise<ExplanationJson | undefined> {
    const { directory } = this.#options;
    const { found } = await scanParked(directory.deadLetter, { id }, EXPLAIN_LIMITS, after);
    const parked = found[0]?.parked;
    return parked && this.#explanationOf(parked);
  }

  #explanationOf(parked: ParkedRecord): ExplanationJson {
    const { ruleSet, payload } = this.#parts.rules.current;
    const options = { limits: payload, state: this.#parts.states.overlay(), ...this.#parts.afterMapping };
    return explanationJson(explainRecord(ruleSet, parked, newLineText(), options));
  }

  #windows(): Pick<WindowsStage, 'report' | 'rebuild'> {
    const { windows } = this.#parts;
    if (windows !== undefined) return windows;
    throw new SluiceError(
      'USAGE_INVALID',
      'this gateway computes no windows: the configuration that it was started with has no windows.aggregates',
    );
  }

  #selfMetrics(): SelfMetricsStore {
    const { writes, warn } = this.#parts;
    this.#selfMetricsStore ??= SelfMetricsStore.create(this.#options.sink, writes, warn);
    return this.#selfMetricsStore;
  }
}

function existing<T>(reader: T | undefined): T {
  if (reader !== undefined) return reader;
  throw new SluiceError('SINK_QUERY_UNSUPPORTED', 'this store cannot be queried by the gateway');
}
