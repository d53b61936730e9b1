import { listParked } from '../dead-letter/dead-letter-reader.js';
import { SluiceError } from '../lib/errors.js';
import type { Warn } from '../lib/warnings.js';
import type { ReplayService } from '../replay/replay-service.js';
import { type ExplanationJson, explainRecord, explanationJson } from '../rules/explain-record.js';
import type { RuleSet } from '../rules/rule-set.js';
import { newLineText } from '../sink/influx/line.js';
import { LatestPages } from '../sink/latest-pages.js';
import type { Sink } from '../sink/sink.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { ConsumeAnswer, ConsumeOptions, ConsumeRequest } from './consume-protocol.js';
import { SelfMetricsStore } from './self-metrics-store.js';

export interface ConsumeRequestsParts {
  readonly ruleSet: RuleSet;
  /** The sink, whose `write` calls are shared with the consumer. */
  readonly writes: Pick<Sink, 'write'>;
  readonly reader: StoreReader | undefined;
  readonly replay: ReplayService;
  readonly warn: Warn;
}

/** Answers what the main thread asks of the consuming pipeline: replays, explanations, charts, its own metrics. */
export class ConsumeRequests {
  readonly #options: ConsumeOptions;
  readonly #parts: ConsumeRequestsParts;
  readonly #latestPages: LatestPages | undefined;
  /** Absent until the gateway writes its own metrics. */
  #selfMetricsStore: SelfMetricsStore | undefined;

  constructor(options: ConsumeOptions, parts: ConsumeRequestsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#latestPages = parts.reader && new LatestPages(parts.reader);
  }

  async answer(request: ConsumeRequest): Promise<ConsumeAnswer> {
    switch (request.kind) {
      case 'replay':
      case 'purge':
        return this.#parts.replay.start(request);
      case 'explain':
        return this.#explain(request.id);
      case 'write-self-metrics':
        return this.#selfMetrics().write(request.points);
      case 'measurements':
        return existing(this.#parts.reader).measurements();
      case 'series':
        return existing(this.#parts.reader).series(request.query);
      case 'latest':
        return existing(this.#latestPages).page(request.query);
    }
  }

  /** Must be called before the sink is closed. */
  async close(): Promise<void> {
    await this.#selfMetricsStore?.close();
  }

  async #explain(id: string): Promise<ExplanationJson | undefined> {
    const { directory, payload } = this.#options;
    const [parked] = await listParked(directory.deadLetter, 1, { id });
    return parked && explanationJson(explainRecord(this.#parts.ruleSet, parked, newLineText(), payload));
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
