import { Bridge } from '../../src/bridge/bridge.js';
import { DebugLines } from '../../src/gateway/debug-lines.js';
import { DiskReserve } from '../../src/gateway/disk-reserve.js';
import { GatewayDirectory } from '../../src/gateway/gateway-directory.js';
import { ledgerView } from '../../src/gateway/gateway-ledger.js';
import { GatewayLog } from '../../src/gateway/gateway-log.js';
import type { GatewayOptions } from '../../src/gateway/gateway-options.js';
import { openReceiveTimes } from '../../src/gateway/open-receive-times.js';
import { SystemClock } from '../../src/lib/clock.js';
import { createLogger } from '../../src/lib/logger.js';
import { openAllOrNone } from '../../src/lib/open-all-or-none.js';
import { ConsumePipeline } from '../../src/pipeline/consume-pipeline.js';
import type { ConsumeAnswer, ConsumeRequest } from '../../src/pipeline/consume-protocol.js';
import { DurableEndReader, DurableEndWriter, newDurableMemory } from '../../src/stream/log/durable-end.js';
import type { FailingDisk } from './failing-disk.js';

interface Parts {
  readonly directory: GatewayDirectory;
  readonly reserve: DiskReserve;
  readonly log: GatewayLog;
  readonly pipeline: ConsumePipeline;
  readonly bridge: Bridge;
}

/**
 * Everything of a gateway between the PUBACK gate and the store, put together as gateway.ts does it, in one thread: no
 * sockets but the lock, and no worker.
 */
export class GatewayInProcess {
  readonly #parts: Parts;
  readonly #failures: unknown[];
  readonly #running: Promise<void>;
  /** What the log lines said, one JSON object each. */
  readonly lines: string[];

  private constructor(parts: Parts, failures: unknown[], lines: string[]) {
    this.#parts = parts;
    this.#failures = failures;
    this.lines = lines;
    this.#running = parts.pipeline.run().catch((thrown: unknown) => {
      failures.push(thrown);
    });
  }

  static start(given: GatewayOptions): Promise<GatewayInProcess> {
    return openAllOrNone(async (opened) => {
      const lines: string[] = [];
      const logger = createLogger({
        level: 'info',
        format: 'json',
        destination: { write: (line) => void lines.push(line) },
      });
      const warn = logger.warn.bind(logger);
      const clock = new SystemClock();
      const failures: unknown[] = [];
      const memory = newDurableMemory();
      const durableEnd = new DurableEndWriter(memory);
      const directory = await GatewayDirectory.open(given, { version: '9.9.9', logger });
      opened(() => directory.release());
      const { options } = directory;
      const reserve = await DiskReserve.open(options.directory.root, logger);
      opened(() => reserve.close());
      const log = await GatewayLog.open(options, {
        durableEnd,
        logger,
        debug: new DebugLines(logger, clock),
        annotate: () => undefined,
        onFailure: (failure) => failures.push(failure),
      });
      opened(() => log.close());
      directory.holdsLog(() => (failures.length > 0 ? undefined : log.writer.durableSequence));
      const receiveTimes = openReceiveTimes(options.directory, log.writer.recovered, clock, warn);
      const reading = new DurableEndReader(memory);
      const { directory: paths, maxBodyBytes } = options;
      const pipeline = await ConsumePipeline.open(
        { ...options.consume, directory: paths, maxBodyBytes },
        reading,
        {
          onProgress: () => undefined,
          onContact: () => undefined,
          onCheckpoint: (position) => log.trim('consumer', position),
          warn,
        },
      );
      opened(() => {
        pipeline.abort();
        return pipeline.run();
      });
      durableEnd.onMove(() => reading.woken());
      await directory.beginReceiving();
      const bridge = new Bridge(
        { maxInFlightBytes: options.maxInFlightBytes },
        { stream: log.writer, clock, receiveTimes },
      );
      return new GatewayInProcess({ directory, reserve, log, pipeline, bridge }, failures, lines);
    });
  }

  /** The first failure after which the process ends. */
  get failure(): unknown {
    return this.#failures[0];
  }

  /** Receives a packet; `acknowledged` is called with a PUBACK. */
  publish(topic: string, payload: string, acknowledged: () => void): void {
    this.#parts.bridge.accept(
      { topic, clientId: 'device', user: '', qos: 1, payload: Buffer.from(payload) },
      acknowledged,
    );
  }

  ask(request: ConsumeRequest): Promise<ConsumeAnswer> {
    return this.#parts.pipeline.ask(request);
  }

  report() {
    return this.#parts.pipeline.report();
  }

  ledger() {
    const { log, pipeline } = this.#parts;
    return ledgerView(log.writer.durableSequence, undefined, pipeline.report(), log.dropped);
  }

  /** As Gateway.stop. */
  async stop(): Promise<void> {
    const { log, pipeline, reserve, directory } = this.#parts;
    await log.close();
    pipeline.drain();
    await this.#running;
    await log.trimmed();
    reserve.close();
    if (this.failure === undefined) await directory.release();
  }

  /** As a process that has failed, or was killed: nothing is written any more. */
  async kill(disk: FailingDisk): Promise<void> {
    const { log, pipeline, reserve, directory } = this.#parts;
    pipeline.abort();
    await disk.kill();
    reserve.close();
    await Promise.allSettled([log.close(), log.trimmed(), this.#running]);
    await directory.lock.release();
    disk.revive();
  }
}
