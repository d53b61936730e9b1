import { resolve } from 'node:path';
import type { Access } from '../access/access.js';
import { Bridge } from '../bridge/bridge.js';
import type { ReceiveTimes } from '../bridge/receive-times.js';
import type { GatewayDescription } from '../control/command-protocol.js';
import { serveCommands } from '../control/serve-commands.js';
import type { DirectoryLock } from '../data-directory/directory-lock.js';
import { createHttpRefusalCounts, type HttpRefusalCounts } from '../http/http-refusals.js';
import { type HttpServer, startHttpServer } from '../http/http-server.js';
import { type Clock, SystemClock } from '../lib/clock.js';
import { DollarTopics } from '../lib/dollar-topics.js';
import type { SluiceError } from '../lib/errors.js';
import { onFileShortage } from '../lib/files.js';
import { throwIfStopped } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { openAllOrNone } from '../lib/open-all-or-none.js';
import type { TlsContext } from '../lib/tls/tls-context.js';
import type { Warn } from '../lib/warnings.js';
import type { Annotation } from '../metrics/annotations.js';
import type { MappingOptions } from '../pipeline/rules-in-force.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import { DurableEndWriter, newDurableMemory } from '../stream/log/durable-end.js';
import { changeStoredField } from './change-stored-field.js';
import { ClockWatch } from './clock-watch.js';
import { queryConsumer, queryProgress } from './consumer-queries.js';
import { listWindows, rebuildWindows } from './consumer-windows.js';
import { DebugLines } from './debug-lines.js';
import { DiskReserve } from './disk-reserve.js';
import type { Ended, FatalFailure } from './fatal-failure.js';
import { followConsumer } from './follow-consumer.js';
import { GatewayAccess } from './gateway-access.js';
import { GatewayArrivals } from './gateway-arrivals.js';
import { GatewayBroker } from './gateway-broker.js';
import { GatewayDirectory } from './gateway-directory.js';
import { GatewayLog } from './gateway-log.js';
import { GatewayMetrics } from './gateway-metrics.js';
import type { GatewayOptions } from './gateway-options.js';
import { GatewayReload, type ReloadDeps } from './gateway-reload.js';
import { GatewayStatus } from './gateway-status.js';
import { GatewaySubscribers } from './gateway-subscribers.js';
import { GatewayTls } from './gateway-tls.js';
import { GatewayWorkers } from './gateway-workers.js';
import { openFileLimits } from './open-file-limits.js';
import { openReceiveTimes } from './open-receive-times.js';

export interface GatewayDeps {
  readonly logger: Logger;
  readonly version: string;
  /** The configuration of the options, and how it is read again. */
  readonly config: Pick<ReloadDeps, 'started' | 'read'>;
  /**
   * Called when going on would be a guess. Nothing is received or answered any more, and the process must end. What was
   * acknowledged is on disk; what was not is still with its sender.
   */
  readonly onFailure: (failure: SluiceError, ended: Ended) => void;
  /** Ends the start as soon as it aborts. */
  readonly stop?: AbortSignal;
  /** Called once there is something to abandon: see `abandon`. */
  readonly onAbandonable?: (abandon: () => Promise<Ended>) => void;
}

export interface GatewayParts {
  readonly failure: FatalFailure;
  readonly directory: GatewayDirectory;
  readonly options: GatewayOptions;
  readonly reserve: DiskReserve;
  readonly metrics: GatewayMetrics;
  /** Absent with `--role consume`. */
  readonly log: GatewayLog | undefined;
  /** Absent with `--role consume`. */
  readonly subscribers: GatewaySubscribers | undefined;
  readonly access: GatewayAccess;
  readonly tls: GatewayTls;
  readonly workers: GatewayWorkers;
  readonly arrivals: GatewayArrivals;
  readonly status: GatewayStatus;
  readonly reload: GatewayReload;
  /** Absent unless configured. */
  readonly http: HttpServer | undefined;
  /** Never started with `--role consume`. */
  readonly broker: GatewayBroker;
  readonly clockWatch: ClockWatch;
}

/**
 * Opens all stages, wired in path order: only this file knows every one of them. Each is closed again when a later one cannot
 * be opened.
 */
export function openGateway(
  given: GatewayOptions,
  deps: GatewayDeps,
  failure: FatalFailure,
  stop: AbortSignal,
): Promise<GatewayParts> {
  return openAllOrNone(async (opened) => {
    const { role } = given;
    const { logger, version } = deps;
    const isIngesting = role !== 'consume';
    const clock = new SystemClock();
    const debug = new DebugLines(logger, clock);
    const broker = new GatewayBroker();
    const onFailure = (cause: SluiceError) => failure.report(cause);
    onFileShortage((fields, sentence) => logger.warn(fields, sentence));
    const files = openFileLimits(given, logger);
    const durableMemory = newDurableMemory();
    const durableEnd = new DurableEndWriter(durableMemory);

    throwIfStopped(stop);
    const directory = await GatewayDirectory.open(given, { version, logger });
    opened(() => directory.release());
    const { options, lock } = directory;
    throwIfStopped(stop);
    const reserve = await DiskReserve.open(options.directory.root, logger);
    opened(async () => reserve.close());

    // Annotations are kept from here on. `read` and `write` are called only after `metrics.start` below.
    const metrics = new GatewayMetrics(options.metrics, {
      role,
      version,
      clock,
      logger,
      read: () => status.samples(),
      write: (points) => status.writeSelfMetrics(points),
    });
    opened(() => metrics.stop(0));
    const annotate = (annotation: Annotation) => metrics.annotate(annotation);

    const subscribers = isIngesting
      ? await GatewaySubscribers.open(options, { clock, logger, onFailure })
      : undefined;
    opened(() => subscribers?.close());
    const { companions = [] } = subscribers ?? {};
    const beforeDetails = () => directory.raiseFormat();
    const log = isIngesting
      ? await GatewayLog.open(options, {
          durableEnd,
          companions,
          beforeDetails,
          logger,
          debug,
          annotate,
          onFailure,
        })
      : undefined;
    opened(async () => {
      await log?.close();
      await log?.trimmed();
    });
    if (log !== undefined) {
      directory.holdsLog(() => (failure.isReported ? undefined : log.writer.durableSequence));
    }
    throwIfStopped(stop);
    const warn: Warn = (fields, sentence) => logger.warn(fields, sentence);
    const receiveTimes = log && openReceiveTimes(options.directory, log.writer.recovered, clock, warn);
    const clockWatch = new ClockWatch({
      clock,
      warn,
      info: (fields, sentence) => logger.info(fields, sentence),
      lastReceivedAtNs: receiveTimes && (() => receiveTimes.lastNs),
    });
    clockWatch.start();
    opened(() => clockWatch.stop());

    const access = await GatewayAccess.open({ file: options.accessFile }, { clock, logger });
    opened(async () => access.close());
    access.onReplaced(() => void broker.accessReplaced());
    const tls = await GatewayTls.open(access, { clock, logger });
    opened(async () => tls.close());

    const workers = await GatewayWorkers.start({
      options,
      version,
      logger,
      debug,
      durableMemory,
      annotate,
      stored: () => log?.writer.durableSequence ?? 0,
      dropped: () => log?.dropped ?? 0,
      onFailure,
      stop,
      onCheckpoint: (reader, position) => log?.trim(reader, position),
    });
    opened(() => workers.abandon());
    failure.beforeReport(() => abandonGateway({ broker, workers }));
    deps.onAbandonable?.(() => abandonGateway({ broker, workers }));
    if (log !== undefined) {
      durableEnd.onMove(() => workers.logReader.wake());
      workers.logReader.wake();
    }
    throwIfStopped(stop);

    const httpRefusals = createHttpRefusalCounts();
    const { consume } = workers;
    const dollarTopics = new DollarTopics(topicsOf(options.consume));
    const reload = new GatewayReload({
      ...deps.config,
      replaceRules:
        consume &&
        (async (request) => {
          await consume.ask(request);
          dollarTopics.replace(topicsOf(request));
        }),
      reloadAccess: () => access.reload(),
      logger,
    });
    const arrivals = new GatewayArrivals(options, consume, clock);
    opened(async () => arrivals.stop());
    const status: GatewayStatus = new GatewayStatus({
      options,
      version,
      clock,
      logger,
      ingest: log && { log: log.writer, dropped: () => log.dropped, broker },
      workers,
      arrivals: arrivals.source,
      selfMetrics: () => metrics.counters(),
      signIns: () => access.signIns(),
      httpRefusals,
      isFailed: () => failure.isReported,
      clockWatch,
      access,
      tls,
      reload,
    });
    await status.startWatching();
    opened(() => status.stopWatching());
    takeCommands(lock, workers, { reload, logger }, () => describeGateway(options, deps.config.started.file));
    const http = await startHttp(options, status, {
      clock,
      logger,
      tls: options.http?.tls && (await tls.contexts.open(options.http.tls)),
      access: options.accessFile === undefined ? undefined : access.access,
      refusals: httpRefusals,
      maxConnections: files?.httpConnections,
    });
    opened(() => http?.close());
    throwIfStopped(stop);
    await directory.beginReceiving();
    const maxOpenConnections = files?.mqttConnections;
    const ofBroker = { ...options, broker: { ...options.broker, maxOpenConnections } };
    if (log !== undefined && receiveTimes !== undefined && subscribers !== undefined) {
      await startBroker(broker, log, ofBroker, {
        subscribers,
        access: access.access,
        tls,
        clock,
        receiveTimes,
        debug,
        logger,
        metrics,
        arrivals,
        dollarTopics,
      });
    }
    metrics.start();
    return {
      failure,
      options,
      directory,
      reserve,
      metrics,
      log,
      subscribers,
      access,
      tls,
      workers,
      arrivals,
      status,
      reload,
      http,
      broker,
      clockWatch,
    };
  });
}

/** Ends at once: nobody is answered any more, and what is not processed stays in the log. */
export function abandonGateway({
  broker,
  workers,
}: Pick<GatewayParts, 'broker' | 'workers'>): Promise<Ended> {
  broker.halt();
  return workers.abandon();
}

/** Commands reach the gateway over the socket of the lock. */
function takeCommands(
  lock: DirectoryLock,
  { replaying, consume }: GatewayWorkers,
  { reload, logger }: { readonly reload: GatewayReload; readonly logger: Logger },
  describe: () => GatewayDescription,
): void {
  lock.onConnection((connection) =>
    serveCommands(connection, {
      audit: (entry) => logger.audit(entry),
      start: async (request) => (await replaying.ask(request)) as ReplayStatus,
      status: () => replaying.report.replay?.status,
      reload: () => reload.run(),
      describe,
      follow: (filter, withPayloads) => followConsumer(consume, filter, withPayloads),
      changeField: (change) => changeStoredField(consume, change),
      listWindows: () => listWindows(consume),
      rebuildWindows: (request) => rebuildWindows(consume, request),
      query: (query, signal) => queryConsumer(consume, query, signal),
      queryProgress: () => queryProgress(consume),
    }),
  );
}

async function startHttp(
  { http, broker, role }: GatewayOptions,
  view: GatewayStatus,
  parts: {
    readonly clock: Clock;
    readonly logger: Logger;
    /** Absent: http. */
    readonly tls: TlsContext | undefined;
    /** Absent: there are no users. */
    readonly access: Access | undefined;
    readonly refusals: HttpRefusalCounts;
    /** Fewer than usual where open files are scarce. */
    readonly maxConnections: number | undefined;
  },
): Promise<HttpServer | undefined> {
  if (http === undefined) return undefined;
  const mqtt = role === 'consume' ? undefined : broker.listeners.find(({ protocol }) => protocol === 'mqtt');
  const mqttPort = mqtt === undefined || mqtt.port === 0 ? undefined : mqtt.port;
  return startHttpServer({ ...http, ...parts, view, mqttPort });
}

async function startBroker(
  broker: GatewayBroker,
  { writer }: GatewayLog,
  { broker: options, maxInFlightBytes }: GatewayOptions,
  parts: {
    readonly subscribers: GatewaySubscribers;
    readonly access: Access;
    readonly tls: GatewayTls;
    readonly clock: Clock;
    readonly receiveTimes: ReceiveTimes;
    readonly debug: DebugLines;
    readonly logger: Logger;
    readonly metrics: GatewayMetrics;
    readonly arrivals: GatewayArrivals;
    readonly dollarTopics: DollarTopics;
  },
): Promise<void> {
  const { subscribers, access, tls, clock, receiveTimes, debug, logger, metrics, arrivals, dollarTopics } =
    parts;
  const bridge = new Bridge(
    { maxInFlightBytes },
    { stream: writer, clock, receiveTimes, trace: metrics.trace },
  );
  arrivals.connect(bridge);
  await broker.start(options, {
    intake: bridge,
    retained: subscribers.retained,
    deliveries: subscribers.deliveries,
    access,
    tls: tls.contexts,
    revocations: tls.revocations,
    warn: (fields, sentence) => logger.warn(fields, sentence),
    debug: (fields, sentence) => logger.debug(fields, sentence),
    clock,
    onClient: (change, client) => debug.client(change, client),
    isNamedLevel: (level) => dollarTopics.isNamed(level),
  });
}

function topicsOf({ rules }: Pick<MappingOptions, 'rules'>): readonly string[] {
  return rules.map(({ topic }) => topic);
}

/** Returns which gateway this process is, for commands that find it on a data directory. */
function describeGateway(
  { broker, http, role }: GatewayOptions,
  file: string | undefined,
): GatewayDescription {
  return {
    processId: process.pid,
    file: file && resolve(file),
    listeners: [...(role === 'consume' ? [] : broker.listeners), ...(http === undefined ? [] : [http])].map(
      ({ host, port }) => ({ host, port }),
    ),
  };
}
