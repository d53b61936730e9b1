import { ArrivalWatch } from '../consumer/arrival-watch.js';
import type { Consumer } from '../consumer/consumer.js';
import { TypedWriter } from '../consumer/typed-writer.js';
import { UnreadableTopics } from '../consumer/unreadable-topics.js';
import type { ParkedRecord } from '../dead-letter/parked-record.js';
import { PartitionStates } from '../ledger/partition-states.js';
import { StateJournal } from '../ledger/state-journal.js';
import { SystemClock } from '../lib/clock.js';
import { LimitedWarning } from '../lib/limited-warning.js';
import type { Opened } from '../lib/open-all-or-none.js';
import { senderOf } from '../lib/sender.js';
import { SerialQueue } from '../lib/serial-queue.js';
import { TraceExport } from '../metrics/otlp/trace-export.js';
import type { SeriesStores } from '../reading/ask-segment.js';
import { SeriesReader } from '../reading/series-reader.js';
import { createSink } from '../sink/create-sink.js';
import { newLineText } from '../sink/influx/line.js';
import type { Point } from '../sink/point.js';
import type { Sink } from '../sink/sink.js';
import type { StoreReader } from '../sink/store-reader.js';
import type { DurableEnd } from '../stream/log/durable-end.js';
import { createExplainWindows } from '../windows/explain-windows.js';
import { floorToMs } from '../windows/window-spans.js';
import type { WindowsStage } from '../windows/windows-stage.js';
import type { ConsumeOptions } from './consume-protocol.js';
import { ConsumeRequests } from './consume-requests.js';
import type { ConsumerSource } from './consumer-source.js';
import { Followers } from './followers.js';
import { LogSource } from './log-source.js';
import { type DeadLetterParts, openDeadLetter } from './open-dead-letter.js';
import { formerRows, openWindows } from './open-windows.js';
import { RulesInForce } from './rules-in-force.js';
import { SerialSink } from './serial-sink.js';
import { StoreDevices } from './store-devices.js';
import type { PipelineHooks } from './worker/worker-protocol.js';

export interface ConsumeParts {
  readonly options: ConsumeOptions;
  readonly hooks: PipelineHooks;
  readonly source: ConsumerSource;
  readonly sink: Sink;
  readonly typed: TypedWriter;
  /** The `write` of `typed`, which consumer, replays and self-metrics share. */
  readonly writes: Pick<Sink, 'write'>;
  readonly rules: RulesInForce;
  readonly states: PartitionStates;
  /** Absent where the state is not kept. */
  readonly journal: StateJournal | undefined;
  readonly followers: Followers;
  readonly arrivals: ArrivalWatch;
  readonly parked: DeadLetterParts;
  /** Absent: none are configured. */
  readonly windows: WindowsStage | undefined;
  /** The topics whose messages are parked now. */
  readonly unreadable: UnreadableTopics;
  /** The consumer, once the source is open. */
  readonly reading: { consumer?: Consumer };
  readonly requests: ConsumeRequests;
  /** Absent: no record is followed. */
  readonly trace?: TraceExport;
}

/**
 * Opens sink and dead letter, and what of the source is on this machine: nothing beyond it is asked. Rejects with what
 * makes one of them unusable; `opened` gets what has to be closed then.
 */
export async function openConsumeParts(
  options: ConsumeOptions,
  durableEnd: DurableEnd,
  hooks: PipelineHooks,
  opened: Opened,
): Promise<ConsumeParts> {
  const clock = new SystemClock();
  const overBudget = new LimitedWarning<'CARDINALITY_EXCEEDED'>(hooks.warn, clock);
  const rules = new RulesInForce(options, ({ reason, sender, limit, ...over }) =>
    overBudget.log(
      'CARDINALITY_EXCEEDED',
      { ...over, ...senderOf(sender), limit },
      `a record is over a budget: ${reason}`,
    ),
  );
  const states = new PartitionStates();
  const source = await createSource(options, durableEnd, hooks);
  opened(() => source.close());
  const { stateFolder, stateEnd } = source;
  const journal =
    stateFolder === undefined
      ? undefined
      : await StateJournal.open(stateFolder, stateEnd, states, hooks.warn);
  opened(async () => journal?.close());
  const former = await formerRows(options);
  const sink = createSink(options.sink, clock, hooks.warn, (measurement) =>
    former.has(measurement) ? 0n : windows?.keepFromNs(measurement),
  );
  const { reader } = sink;
  const order = new SerialQueue();
  const reading: { consumer?: Consumer } = {};
  const windows = await openWindows(options, source, {
    sink,
    writes: new SerialSink(sink, order),
    isIdle: () => reading.consumer?.isIdle ?? false,
    clock,
    warn: hooks.warn,
  });
  opened(() => windows?.close());
  // Behind the windows, which know what is not to be deleted: retention runs when the store is opened.
  await sink.open();
  opened(() => sink.close());
  await noteStored(sink, windows);
  const typed = new TypedWriter(options.types, {
    sink: windows?.around(sink) ?? sink,
    reader,
    clock,
    warn: hooks.warn,
  });
  // Not waited for: the start does not depend on the store.
  void typed.askTypes();
  const afterMapping = {
    fitTypes: (point: Point) => typed.fit(point),
    explainWindows: options.windows && createExplainWindows(options.windows),
  };
  const followers = new Followers(clock, afterMapping);
  const arrivals = new ArrivalWatch({
    clock,
    text: {
      lineOf: storedLine(typed),
      unitOf: (rule, field) => rules.current.unitOf(rule, field),
    },
    isInOrder: options.kinesis === undefined,
  });
  const writes = new SerialSink(typed, order);
  const unreadable = new UnreadableTopics();
  const store = {
    rulesInForce: () => ({ apply: rules.current.applyAgain, state: states.overlay() }),
    onReplayed: (records: readonly ParkedRecord[]) => {
      for (const record of records) unreadable.written(record);
    },
    sink: {
      write: (points: readonly Point[], signal: AbortSignal) => writes.write(points, signal),
      status: () => sink.status(),
    },
  };
  const parked = await openDeadLetter(options, source, { store, clock, hooks }, opened);
  const stores = reader && seriesStores(sink, reader, windows);
  const devices =
    reader &&
    stores &&
    new StoreDevices({
      reader,
      stores,
      rules,
      unreadable,
      windows: options.windows,
      reserved: options.reservedMeasurements ?? [],
      oldestPendingNs: () => reading.consumer?.oldestPendingNs,
      clock,
    });
  const requests = new ConsumeRequests(options, {
    rules,
    states,
    followers,
    arrivals,
    writes,
    reader,
    series: stores && new SeriesReader(stores),
    devices,
    queries: sink.queries,
    afterMapping,
    changeField: async (change) => {
      const result = await sink.changeField(change);
      typed.forgetTypes();
      return result;
    },
    replay: parked.replay,
    windows,
    warn: hooks.warn,
  });
  const trace = options.traces && new TraceExport(options.traces, hooks.warn);
  return {
    options,
    hooks,
    source,
    sink,
    typed,
    writes,
    rules,
    states,
    journal,
    followers,
    arrivals,
    parked,
    windows,
    unreadable,
    reading,
    requests,
    ...(trace !== undefined && { trace }),
  };
}

/** A point as line protocol, with the types that the store has. */
function storedLine(typed: TypedWriter): (point: Point) => string {
  const lineOf = newLineText();
  return (point) => {
    const fitted = typed.fit(point);
    return lineOf(fitted.kind === 'point' ? fitted.point : point);
  };
}

/** The embedded store says at once whether it has points from before the first window. */
async function noteStored({ kind, reader }: Sink, windows: WindowsStage | undefined): Promise<void> {
  if (kind !== 'duckdb' || reader === undefined || windows === undefined) return;
  const stored = await reader.measurements();
  windows.noteStored(new Set(stored.map(({ name }) => name)));
}

function seriesStores(sink: Sink, points: StoreReader, windows: WindowsStage | undefined): SeriesStores {
  return {
    points,
    rowsIn: (to) => windows?.chartsIn(to),
    readable: (measurement) => windows?.readable(measurement) ?? [],
    pointsFromMs: (measurement) => {
      const oldestNs = sink.oldestKeptNs?.(measurement);
      return oldestNs === undefined ? undefined : floorToMs(oldestNs);
    },
  };
}

async function createSource(
  { directory, maxBodyBytes, kinesis }: ConsumeOptions,
  durableEnd: DurableEnd,
  hooks: PipelineHooks,
): Promise<ConsumerSource> {
  if (kinesis !== undefined) {
    // Imported only then: direct mode must not pay for what it does not use.
    const { KinesisSource } = await import('./kinesis-source.js');
    return KinesisSource.create(kinesis, directory, hooks);
  }
  return LogSource.create({ directory, maxBodyBytes }, durableEnd, hooks.warn);
}
