import { Bridge } from './bridge/bridge.js';
import { Broker, type BrokerCounters } from './broker/broker.js';
import { SystemClock } from './clock.js';
import { serveControl } from './control/serve-control.js';
import { type DirectoryLock, lockDataDirectory, prepareDataDirectory } from './data-directory.js';
import type { SettlingStatus } from './dead-letter/settling-status.js';
import type { SluiceError } from './errors.js';
import { DebugLines } from './gateway-debug.js';
import { GatewayMetrics } from './gateway-metrics.js';
import type { GatewayOptions } from './gateway-options.js';
import { GatewayStatus } from './gateway-status.js';
import { GatewayThreads } from './gateway-threads.js';
import { withinDeadline } from './lifecycle.js';
import type { Logger } from './logger.js';
import { type HttpServer, startHttpServer } from './ops/http-server.js';
import { DurableEndWriter, newDurableMemory } from './stream/log/durable-end.js';
import { sequenceOfPosition } from './stream/log/log-reader.js';
import { LogWriter } from './stream/log/log-writer.js';
import type { Position } from './stream/stream.js';
import { CONSUMER_READER, FORWARDER_READER, type LogReaderName, logStart } from './threads/log-start.js';

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

const LOG_PRESSURES = {
  blocked: { code: 'LOG_BLOCKED', mark: 'log-blocked' },
  unblocked: { code: 'LOG_UNBLOCKED', mark: 'log-unblocked' },
  dropped: { code: 'LOG_RECORDS_DROPPED', mark: 'records-dropped' },
} as const;

/** What the last metrics may take of the deadline: records come first. */
const LAST_METRICS_MS = 1000;

/** All stages, wired in path order. The only place that knows every one of them. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #deps: GatewayDeps;
  readonly #clock = new SystemClock();
  readonly #maxBodyBytes: number;
  readonly #durableMemory = newDurableMemory();
  readonly #durableEnd = new DurableEndWriter(this.#durableMemory);
  #logReaderName: LogReaderName = CONSUMER_READER;
  #lock: DirectoryLock | undefined;
  #log: LogWriter | undefined;
  #broker: Broker | undefined;
  #lastBrokerCounters: BrokerCounters | undefined;
  #http: HttpServer | undefined;
  #status: GatewayStatus | undefined;
  readonly #metrics: GatewayMetrics;
  readonly #debug: DebugLines;
  readonly #threads: GatewayThreads;
  #isFailed = false;

  private constructor(options: GatewayOptions, deps: GatewayDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#maxBodyBytes = options.broker.maxPacketBytes + FRAME_OVERHEAD_BYTES;
    this.#debug = new DebugLines(deps.logger, this.#clock);
    this.#metrics = new GatewayMetrics(options.metrics, {
      role: options.role,
      version: deps.version,
      clock: this.#clock,
      logger: deps.logger,
      read: () => this.#status!.readings(),
      write: async (points) => (await this.#threads.downstream!.ask({ kind: 'write-own', points })) as number,
    });
    this.#threads = new GatewayThreads({
      options,
      version: deps.version,
      logger: deps.logger,
      debug: this.#debug,
      durableMemory: this.#durableMemory,
      maxBodyBytes: this.#maxBodyBytes,
      mark: (mark) => this.#metrics.mark(mark),
      buffered: () => this.#status?.ledger().buffered,
      onFailure: (failure) => this.#failed(failure),
      onCheckpoint: (reader, position) => this.#trimLog(reader, position),
    });
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
    await prepareDataDirectory(options.directory);
    this.#lock = await lockDataDirectory(options.directory);
    const isIngesting = options.role !== 'consume';
    const isConsuming = options.role !== 'ingest';
    if (isIngesting) await this.#openLog();
    if (isConsuming) await this.#threads.startDownstream();
    if (isIngesting && options.forwarding !== undefined)
      await this.#threads.startForwarding(options.forwarding);
    this.#logReader?.wake();
    this.#status = this.#createStatus();
    this.#takeCommands(this.#lock);
    await this.#startHttp();
    if (isIngesting) await this.#startBroker();
    this.#metrics.start();
  }

  async #openLog(): Promise<void> {
    const { directory, log, forwarding } = this.#options;
    this.#logReaderName = forwarding === undefined ? CONSUMER_READER : FORWARDER_READER;
    const start = await logStart(directory.checkpoints, this.#logReaderName);
    this.#log = await LogWriter.open(
      { ...log, directory: directory.log, maxBodyBytes: this.#maxBodyBytes },
      {
        durableEnd: this.#durableEnd,
        readers: new Map([
          [this.#logReaderName, start === undefined ? 0 : sequenceOfPosition(start.position)],
        ]),
        onFailure: (failure) => this.#failed(failure),
        onSegment: (change) => this.#debug.segment(change),
        onPressure: (pressure) => {
          const { code, mark } = LOG_PRESSURES[pressure.kind];
          const sentence = {
            blocked: `the log is full: PUBACKs are withheld until the ${this.#logReaderName} has made room`,
            unblocked: 'the log has room again',
            dropped: 'the log is full: its oldest records were dropped',
          }[pressure.kind];
          this.#deps.logger.warn({ ...pressure, code }, sentence);
          this.#metrics.mark({ kind: mark, text: sentence });
        },
      },
    );
    this.#durableEnd.onMove(() => this.#logReader?.wake());
    this.#reportRecovery(this.#log);
  }

  /** The thread whose reader holds the log; the one that has to be woken when it moves. */
  get #logReader(): { wake(): void } | undefined {
    return this.#threads.forwarding ?? (this.#log === undefined ? undefined : this.#threads.downstream);
  }

  #trimLog(reader: LogReaderName, position: Position): void {
    // The consumer's place in Kinesis is no place in the log.
    if (this.#log === undefined || reader !== this.#logReaderName) return;
    this.#log.trim(reader, sequenceOfPosition(position)).catch((thrown: unknown) => {
      const fields = { code: 'LOG_TRIM_FAILED', reason: String(thrown) } as const;
      this.#deps.logger.warn(fields, 'old segments could not be deleted');
    });
  }

  #createStatus(): GatewayStatus {
    const log = this.#log;
    const { forwarding, downstream } = this.#threads;
    return new GatewayStatus({
      options: this.#options,
      version: this.#deps.version,
      clock: this.#clock,
      logger: this.#deps.logger,
      ...(log === undefined
        ? {}
        : { ingest: { log, broker: () => this.#broker, lastCounters: () => this.#lastBrokerCounters } }),
      ...(forwarding === undefined ? {} : { forwarding }),
      ...(downstream === undefined ? {} : { downstream }),
      ownMetrics: () => this.#metrics.counters(),
      isFailed: () => this.#isFailed,
    });
  }

  /** Replay and purge from the command line come over the socket of the lock. */
  #takeCommands(lock: DirectoryLock): void {
    const settling = this.#threads.downstream ?? this.#threads.forwarding!;
    lock.onConnection((connection) =>
      serveControl(connection, {
        start: async (request) => (await settling.ask(request)) as SettlingStatus,
        status: () => settling.report.settling?.status,
      }),
    );
  }

  async #startHttp(): Promise<void> {
    const { http, broker, role } = this.#options;
    if (http === undefined) return;
    const mqtt =
      role === 'consume' ? undefined : broker.listeners.find(({ protocol }) => protocol === 'mqtt');
    const mqttPort = mqtt === undefined || mqtt.port === 0 ? undefined : mqtt.port;
    this.#http = await startHttpServer({
      ...http,
      view: this.#status!,
      mqttPort,
      clock: this.#clock,
      logger: this.#deps.logger,
    });
  }

  async #startBroker(): Promise<void> {
    const { logger } = this.#deps;
    const log = this.#log!;
    const { trace } = this.#metrics;
    const bridge = new Bridge(
      { maxInFlightBytes: this.#options.maxInFlightBytes },
      {
        stream: log,
        clock: this.#clock,
        lastReceivedAtNs: log.recovered.lastReceivedAtNs,
        ...(trace === undefined ? {} : { trace }),
      },
    );
    this.#broker = await Broker.start(this.#options.broker, {
      intake: bridge,
      warn: (fields, sentence) => logger.warn(fields, sentence),
      debug: (fields, sentence) => logger.debug(fields, sentence),
      clock: this.#clock,
      onClient: (change, clientId) => this.#debug.client(change, clientId),
    });
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
      this.#lastBrokerCounters = { ...broker.counters(), connections: 0, observers: 0 };
      await broker.close();
    }
    await this.#log?.close();
    await this.#threads.drain('forwarding', leftMs() / 2);
    await this.#metrics.stop(Math.min(LAST_METRICS_MS, leftMs() / 2));
    await this.#threads.drain('downstream', leftMs());
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

  /** At once: nobody is answered any more, and what is not settled stays in the log. */
  async abandon(): Promise<void> {
    this.#broker?.halt();
    await this.#threads.abandon();
  }

  #failed(failure: SluiceError): void {
    if (this.#isFailed) return;
    this.#isFailed = true;
    void this.abandon().then(() => this.#deps.onFailure(failure));
  }
}
