import { Consumer } from '../consumer/consumer.js';
import { reasonsFolder } from '../dead-letter/dead-letter-files.js';
import { SystemClock } from '../lib/clock.js';
import { LatencyHistogram } from '../lib/latency-histogram.js';
import { withinDeadline } from '../lib/lifecycle.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import type { StateTables } from '../lib/state-tables.js';
import { type BudgetUse, budgetUse } from '../rules/policies/budget-use.js';
import { cardinalityOf } from '../rules/policies/rule-policies.js';
import { dropTablesOfOtherRules } from '../rules/policies/rule-tables.js';
import { isUnavailable } from '../sink/sink.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import type { ConsumeAnswer, ConsumeOptions, ConsumeReport, ConsumeRequest } from './consume-protocol.js';
import { onSave, savingState, savingWindows } from './consumer-source.js';
import { FirstContact } from './first-contact.js';
import { type ConsumeParts, openConsumeParts } from './open-consume-parts.js';
import type { Mapping, MappingOptions } from './rules-in-force.js';
import type { Pipeline, PipelineHooks } from './worker/worker-protocol.js';

/** What the last spans may take of a stop. */
const LAST_SPANS_MS = 500;

/** What the source may take to close: with an unreachable lease table it gives its leases back by letting them expire. */
const SOURCE_CLOSE_MS = 1500;

/** Reading the parked files shows in /readyz when it takes longer. */
const SAY_AFTER_MS = 500;

const BUDGETS_EVERY_MS = 5_000;

const NO_LATENCY = new LatencyHistogram().snapshot();

/** Source, consumer and sink, wired: the half of the gateway behind the stream. */
export class ConsumePipeline implements Pipeline<ConsumeReport, ConsumeRequest, ConsumeAnswer> {
  readonly #parts: ConsumeParts;
  readonly #stopOpening = new AbortController();
  /** Looking at all measurements takes time, so it is not done for every report. */
  #budgets: { readonly atMs: number; readonly use: BudgetUse } | undefined;
  /** Why there is no consumer yet. */
  #blockedBy: string | undefined;

  private constructor(parts: ConsumeParts) {
    this.#parts = parts;
  }

  /**
   * Opens sink and dead letter, and what of the source is on this machine: nothing beyond it is asked. Rejects with what
   * makes one of them unusable, and leaves nothing open then.
   */
  static open(
    options: ConsumeOptions,
    durableEnd: DurableEnd,
    hooks: PipelineHooks,
  ): Promise<ConsumePipeline> {
    return openAllOrNone(
      async (opened) => new ConsumePipeline(await openConsumeParts(options, durableEnd, hooks, opened)),
    );
  }

  async run(): Promise<void> {
    const { source, sink, parked, windows, requests, trace } = this.#parts;
    const { deadLetter, reasons, replay } = parked;
    try {
      await this.#consume();
    } catch (thrown) {
      replay.abort();
      throw thrown;
    } finally {
      await replay.close();
      await windows?.close();
      await withinDeadline(source.close(), SOURCE_CLOSE_MS);
      await deadLetter.close();
      await reasons.close();
      await this.#parts.journal?.close();
      await requests.close();
      await trace?.stop(LAST_SPANS_MS);
      await sink.close();
    }
  }

  drain(): void {
    this.#stopOpening.abort();
    this.#parts.parked.replay.drain();
    this.#parts.source.stopFetching?.();
    this.#parts.reading.consumer?.drain();
  }

  abort(): void {
    this.#stopOpening.abort();
    this.#parts.parked.replay.abort();
    this.#parts.reading.consumer?.abort();
  }

  isUnavailable(): boolean {
    return isUnavailable(this.#parts.sink.status());
  }

  report(): ConsumeReport {
    const { source, sink, typed, parked, windows, rules } = this.#parts;
    const { deadLetter, reasons, replay } = parked;
    const progress = this.#parts.reading.consumer?.progress();
    const { recordsRead = 0, pointsMade = 0, busyMs = 0, oldestPendingNs } = progress ?? {};
    const { recordsInFlight = 0, pointsInFlight = 0 } = progress ?? {};
    const { latency = NO_LATENCY, writeTimes = NO_LATENCY } = progress ?? {};
    return {
      ledger: source.readerLedger(progress?.position),
      consumer: {
        recordsRead,
        pointsMade,
        latency,
        busyMs,
        recordsInFlight,
        pointsInFlight,
        writeTimes,
        oldestPendingNs,
        blockedBy: this.#blockedBy ?? progress?.blockedBy,
      },
      mappingWarnings: rules.mappingWarnings.total(),
      mappingWarningsByRule: rules.mappingWarnings.byRule(),
      budgets: this.#budgetUse(),
      deadLetterBytes: deadLetter.sizeBytes + reasons.sizeBytes,
      replay: replay.report(),
      typeConversions: typed.conversions(),
      sink: { ...sink.counters(), ...typed.counters(), kind: sink.kind, status: sink.status() },
      sinkContact: sink.contact(),
      kinesis: source.report?.(),
      ...(windows !== undefined && { windows: windows.report() }),
      ...(sink.queries !== undefined && { queries: sink.queries.counts() }),
    };
  }

  #budgetUse(): BudgetUse {
    const nowMs = performance.now();
    if (this.#budgets === undefined || nowMs - this.#budgets.atMs > BUDGETS_EVERY_MS) {
      const { states, rules } = this.#parts;
      const use = budgetUse(states.all().map(cardinalityOf), rules.current.budgets);
      this.#budgets = { atMs: nowMs, use };
    }
    return this.#budgets.use;
  }

  async ask(request: ConsumeRequest): Promise<ConsumeAnswer> {
    if (request.kind !== 'replace-rules') return this.#parts.requests.answer(request);
    await this.#replaceRules(request);
    return undefined;
  }

  /** Replays that begin from now on use the new rules as well; one that runs goes on with those it began with. */
  async #replaceRules(options: MappingOptions): Promise<void> {
    const { rules, followers, typed } = this.#parts;
    const mapping = rules.compile(options);
    // A consumer that is not open yet has mapped nothing; it begins with the rules that are in force then.
    if (this.#parts.reading.consumer !== undefined) {
      await this.#parts.reading.consumer.swapRules(followers.watching(mapping), (states) =>
        dropUnused(states, mapping),
      );
    }
    rules.replace(mapping);
    typed.replacePolicy(options.types);
  }

  /** Waits until the parked files have been read. Usually that takes a moment, which is not worth a problem in /readyz. */
  async #inspected(): Promise<void> {
    const timer = setTimeout(() => {
      this.#blockedBy = 'the parked files are being read and compared with the ledger';
    }, SAY_AFTER_MS);
    try {
      await this.#parts.parked.replay.inspected();
    } finally {
      clearTimeout(timer);
      this.#blockedBy = undefined;
    }
  }

  async #consume(): Promise<void> {
    const { options, hooks, source, writes, rules, followers, arrivals, parked, windows, trace } =
      this.#parts;
    const { folder, deadLetter, reasons, senders, replay } = parked;
    const clock = new SystemClock();
    const first = new FirstContact(hooks.onContact);
    // Meanwhile the parked files are read; a failure of that is thrown below.
    replay.inspected().catch(() => undefined);
    const opened = await source.open(this.#stopOpening.signal, first).catch((thrown: unknown) => {
      first.cancel();
      throw thrown;
    });
    if (opened === undefined) {
      first.cancel();
      return;
    }
    // The report comes first, so that the stream that has just been reached is not taken for one that works again.
    hooks.onProgress();
    first.end();
    await this.#inspected();
    const { states, journal } = this.#parts;
    // Rules may have gone while the gateway was stopped.
    dropUnused(states.all(), rules.current);
    const stateSaving = journal === undefined ? opened.checkpoints : savingState(opened.checkpoints, journal);
    const saving = windows === undefined ? stateSaving : savingWindows(stateSaving, windows);
    // The first checkpoint is of the position that the source has now.
    windows?.processed({ position: opened.position, parts: [] });
    windows?.start();
    const consumer = new Consumer(options.consumer, {
      ...opened,
      states,
      journal,
      checkpoints: onSave(saving, ({ deadLetterEnd, reasonsEnd }) => {
        replay.noteSaved(folder, deadLetterEnd);
        if (reasonsEnd !== undefined) replay.noteSaved(reasonsFolder(folder), reasonsEnd);
      }),
      apply: followers.watching(rules.current),
      sink: writes,
      deadLetter,
      keeping: {
        ...options.keeping,
        deadLetter,
        reasons,
        senders,
        dropOldest: () => replay.dropOldest(folder),
        clock,
      },
      ledger: source.ledger,
      unreadable: this.#parts.unreadable,
      clock,
      trace,
      arrivals,
      ...(windows !== undefined && {
        onCompleted: (batch) => windows.processed(batch),
      }),
      ...hooks,
    });
    this.#parts.reading.consumer = consumer;
    replay.noteReader(consumer);
    // Asked to stop while opening: what the stream holds is for the next start.
    if (this.#stopOpening.signal.aborted) consumer.abort();
    await consumer.run();
  }
}

/** Drops what only rules remember that are not in force. */
function dropUnused(states: readonly StateTables[], { ruleSet }: Mapping): void {
  for (const state of states) dropTablesOfOtherRules(state, ruleSet.ownTables);
}
