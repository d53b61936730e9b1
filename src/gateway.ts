import { Bridge } from './bridge/bridge.js';
import { Broker } from './broker/broker.js';
import { SystemClock } from './clock.js';
import { readAllCheckpoints } from './books/checkpoint-store.js';
import { type DirectoryLock, lockDataDirectory, prepareDataDirectory } from './data-directory.js';
import { CONSUMER_READER } from './downstream-protocol.js';
import { DownstreamThread } from './downstream-thread.js';
import type { SluiceError } from './errors.js';
import type { GatewayOptions } from './gateway-options.js';
import { GatewayStatus } from './gateway-status.js';
import { withinDeadline } from './lifecycle.js';
import type { Logger } from './logger.js';
import { type HttpServer, startHttpServer } from './ops/http-server.js';
import { DurableEndWriter, newDurableMemory } from './stream/log/durable-end.js';
import { sequenceOfPosition } from './stream/log/log-reader.js';
import { LogWriter } from './stream/log/log-writer.js';

export interface GatewayDeps {
  readonly logger: Logger;
  readonly version: string;
  /**
   * Going on would be a guess: nothing is taken or answered any more, and the process must end. What was
   * acknowledged is on disk; what was not is still with its sender.
   */
  readonly onFailure: (failure: SluiceError) => void;
}

/** Names and topics in front of the payload: what a frame can hold beyond the largest packet. */
const FRAME_OVERHEAD_BYTES = 64 * 1024;

const ABANDON_DEADLINE_MS = 1000;

/** All stages, wired in path order. The only place that knows every one of them. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #deps: GatewayDeps;
  #lock: DirectoryLock | undefined;
  #log: LogWriter | undefined;
  #downstream: DownstreamThread | undefined;
  #broker: Broker | undefined;
  #http: HttpServer | undefined;
  #status: GatewayStatus | undefined;
  #isFailed = false;

  private constructor(options: GatewayOptions, deps: GatewayDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** From the sink backwards: nothing is taken before there is somewhere for it to go. Leaves nothing open when it rejects. */
  static async start(options: GatewayOptions, deps: GatewayDeps): Promise<Gateway> {
    const gateway = new Gateway(options, deps);
    try {
      await gateway.#start();
    } catch (thrown) {
      await gateway.stop();
      throw thrown;
    }
    return gateway;
  }

  get status(): GatewayStatus {
    return this.#status!;
  }

  get listeners(): Broker['listeners'] {
    return this.#broker?.listeners ?? [];
  }

  /** Where a person opens the live page; absent without HTTP. */
  get httpUrl(): string | undefined {
    return this.#http?.url;
  }

  async #start(): Promise<void> {
    const options = this.#options;
    const { logger } = this.#deps;
    const warn = (fields: Record<string, unknown>, sentence: string) => logger.warn(fields, sentence);
    const clock = new SystemClock();
    const maxBodyBytes = options.broker.maxPacketBytes + FRAME_OVERHEAD_BYTES;

    await prepareDataDirectory(options.directory);
    this.#lock = await lockDataDirectory(options.directory);

    const checkpoints = await readAllCheckpoints(options.directory.checkpoints);
    const readers = new Map([[CONSUMER_READER, 0]]);
    for (const [reader, { position }] of checkpoints) readers.set(reader, sequenceOfPosition(position));
    const durableMemory = newDurableMemory();
    const durableEnd = new DurableEndWriter(durableMemory);
    const log = await LogWriter.open(
      { ...options.log, directory: options.directory.log, maxBodyBytes },
      {
        durableEnd,
        readers,
        onFailure: (failure) => this.#failed(failure),
        onPressure: (pressure) => {
          const sentence = {
            blocked: 'the log is full: PUBACKs are withheld until the consumer has made room',
            unblocked: 'the log has room again',
            dropped: 'the log is full: its oldest records were dropped',
          }[pressure.kind];
          logger.warn({ code: 'LOG_PRESSURE', ...pressure }, sentence);
        },
      },
    );
    this.#log = log;
    this.#reportRecovery(log);

    this.#downstream = await DownstreamThread.start(
      { options: { ...options.downstream, directory: options.directory, maxBodyBytes }, durableMemory },
      {
        onCheckpoint: (position) => {
          log.trim(CONSUMER_READER, sequenceOfPosition(position)).catch((thrown: unknown) => {
            logger.warn(
              { code: 'LOG_TRIM_FAILED', reason: String(thrown) },
              'old segments could not be deleted',
            );
          });
        },
        warn,
        onStoreRecovered: () => {
          logger.info({ buffered: this.#status?.ledger().buffered }, 'the store takes points again');
        },
        onFailure: (failure) => this.#failed(failure),
      },
    );
    durableEnd.onMove(() => this.#downstream?.wake());
    this.#downstream.wake();

    this.#status = new GatewayStatus({
      options,
      version: this.#deps.version,
      clock,
      log,
      downstream: this.#downstream,
      broker: () => this.#broker,
      isFailed: () => this.#isFailed,
    });
    if (options.http !== undefined) {
      const mqtt = options.broker.listeners.find(({ protocol }) => protocol === 'mqtt');
      const mqttPort = mqtt === undefined || mqtt.port === 0 ? undefined : mqtt.port;
      this.#http = await startHttpServer({ ...options.http, view: this.#status, mqttPort, clock, logger });
    }
    const bridge = new Bridge(
      { maxInFlightBytes: options.maxInFlightBytes },
      { stream: log, clock, lastReceivedAtNs: log.recovered.lastReceivedAtNs },
    );
    this.#broker = await Broker.start(options.broker, { intake: bridge, warn });
  }

  /**
   * From the broker forwards, under one deadline: no new packets, the taken ones stored and answered, the
   * stored ones written as far as time allows. What is left stays in the log for the next start.
   */
  async stop(): Promise<void> {
    const { stopDeadlineMs } = this.#options;
    const startedMs = performance.now();
    const leftMs = () => Math.max(0, stopDeadlineMs - (performance.now() - startedMs));
    const broker = this.#broker;
    if (broker !== undefined) {
      await withinDeadline(broker.drain(), leftMs() / 2);
      this.#broker = undefined;
      await broker.close();
    }
    await this.#log?.close();
    await this.#downstream?.drain(leftMs());
    await this.#http?.close();
    await this.#lock?.release();
    this.#http = undefined;
    this.#lock = undefined;
  }

  #reportRecovery(log: LogWriter): void {
    const { segments, nextSequence, tornBytes, tornFile } = log.recovered;
    const { logger } = this.#deps;
    logger.info({ records: nextSequence, segments: segments.length }, 'the log is open');
    if (tornBytes > 0) {
      logger.warn(
        { code: 'LOG_TORN_TAIL', tornFile, tornBytes },
        'the log ended in an unfinished write, which was never acknowledged; it was cut off',
      );
    }
  }

  /**
   * At once: nobody is answered any more, and what is not settled stays in the log. The downstream thread is
   * asked to leave first, because ending the process under a native call of the store aborts it.
   */
  async abandon(): Promise<void> {
    this.#broker?.halt();
    if (this.#downstream !== undefined) await withinDeadline(this.#downstream.drain(0), ABANDON_DEADLINE_MS);
  }

  #failed(failure: SluiceError): void {
    if (this.#isFailed) return;
    this.#isFailed = true;
    void this.abandon().then(() => this.#deps.onFailure(failure));
  }
}
