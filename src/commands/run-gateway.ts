import { setFlagsFromString } from 'node:v8';
import { type LoadedConfig, openConfig } from '../config/load-config.js';
import { logConfigWarnings } from '../gateway/config-warnings.js';
import type { Ended } from '../gateway/fatal-failure.js';
import { Gateway } from '../gateway/gateway.js';
import { gatewayOptions, type Role } from '../gateway/gateway-options.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { bracketed } from '../lib/host-guard.js';
import { endWithoutThreads } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { VERSION } from '../lib/package-root.js';
import type { StopSignals } from '../lib/stop-signals.js';
import type { ReloadSignal } from './reload-signal.js';

/**
 * Packets that wait for the disk outlive the young generation, and V8 lets a small heap grow several times with such
 * garbage before it collects. A collection after 50 % growth keeps the peak at 215 instead of 275 MB for a little CPU
 * (measured with `npm run bench -- e2e-influx`; docs/benchmarks.md).
 */
const HEAP_GROWTH_PERCENT = 50;

export interface RunningGateway {
  readonly gateway: Gateway;
  /** One `mqtt://…` or `ws://…` per listener; empty with `--role consume`. */
  readonly mqttUrls: readonly string[];
  readonly httpUrl?: string;
}

export interface RunOptions {
  readonly logger: Logger;
  readonly role: Role;
  readonly stop: StopSignals;
  readonly reload: ReloadSignal;
}

/**
 * Runs the gateway until a signal. It calls `onReady` once packets are accepted and `onStopping` before it stops; neither
 * when the signal comes during the start. Resolves with the exit code; rejects when the gateway cannot start.
 */
export async function runGateway(
  loaded: LoadedConfig,
  { logger, role, stop, reload }: RunOptions,
  onReady: (running: RunningGateway) => void | Promise<void>,
  onStopping: () => Promise<void> = async () => undefined,
): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  const options = gatewayOptions(loaded.config, role);
  logConfigWarnings(loaded, logger);
  let abandon: () => Promise<Ended> = async () => 'done';
  stop.onSecond(async () => {
    logger.warn({ code: 'STOPPED_AT_ONCE' }, 'second signal: ending at once');
    if ((await abandon()) === 'late') endWithoutThreads('SIGKILL');
  });
  // Windows does not have this signal.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => logger.level.toggleDebug());
  const starting = Gateway.start(options, {
    logger,
    version: VERSION,
    // The file by its name: one that is being replaced must not count as none.
    config: { started: loaded, read: () => openConfig(loaded.file) },
    stop: stop.signal,
    onAbandonable: (how) => {
      abandon = how;
    },
    onFailure: (failure: SluiceError, ended: Ended) => {
      logger.fatal(
        { code: failure.code, reason: failure.message },
        'the gateway stops, because it cannot continue safely',
      );
      if (ended === 'late') endWithoutThreads('SIGKILL');
      process.exit(1);
    },
  });
  const gateway = await Promise.race([starting, lateAfter(stop.signal, options.stopDeadlineMs)]);
  if (gateway === 'late') return endLate(logger, true);
  if (gateway === undefined) {
    logger.info({ signal: await stop.first }, 'stopped before the start was complete; nothing was received');
    return 0;
  }
  const mqttUrls = gateway.listeners.map(
    ({ protocol, host, port }) => `${protocol}://${bracketed(host)}:${port}`,
  );
  const isReady = !stop.signal.aborted;
  reload.onSignal(() => gateway.reload());
  if (isReady) await onReady({ gateway, mqttUrls, httpUrl: gateway.httpUrl });

  const signal = await stop.first;
  logger.info(
    { signal },
    'stopping: accepted packets are stored and acknowledged, stored records are written',
  );
  if (isReady) await onStopping();
  const { isLate, isHanging, hasFailed } = await gateway.stop();
  if (hasFailed) return 1;
  const { received, written, parked, filtered, buffered, lost, balanced } = gateway.status.ledger();
  logger.info({ received, written, parked, filtered, buffered, lost, balanced }, 'stopped');
  return isLate ? endLate(logger, isHanging) : 0;
}

/** Resolves `ms` after `signal` has aborted; never without it. */
function lateAfter(signal: AbortSignal, ms: number): Promise<'late'> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => void setTimeout(resolve, ms, 'late').unref(), { once: true });
  });
}

/** Returns the exit code of a process that has not closed everything in time, or ends it at once if it has to. */
function endLate(logger: Logger, isHanging: boolean): number {
  logger.warn(
    { code: 'STOP_INCOMPLETE' },
    'not everything could be closed before the deadline of a stop: the process ends now',
  );
  if (isHanging) endWithoutThreads('SIGTERM');
  return 0;
}

/** Logs why the start failed, in one line, and returns the exit code. */
export function reportStartFailure(logger: Logger, thrown: unknown): number {
  if (!(thrown instanceof SluiceError)) throw thrown;
  logger.fatal({ code: thrown.code }, errorText(thrown));
  return thrown.exitCode;
}
