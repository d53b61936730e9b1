import { setFlagsFromString } from 'node:v8';
import type { SluiceConfig } from '../config/sluice-config.js';
import { Gateway } from '../gateway/gateway.js';
import { gatewayOptions, type Role } from '../gateway/gateway-options.js';
import { errorText, SluiceError } from '../lib/errors.js';
import { untilSignalled } from '../lib/lifecycle.js';
import type { Logger } from '../lib/logger.js';
import { VERSION } from '../lib/package-root.js';

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

/**
 * Runs the gateway until a signal. It calls `onReady` once packets are accepted and `onStopping` before it stops.
 * Resolves with the exit code; rejects when the gateway cannot start.
 */
export async function runGateway(
  config: SluiceConfig,
  logger: Logger,
  role: Role,
  onReady: (running: RunningGateway) => void | Promise<void>,
  onStopping: () => Promise<void> = async () => undefined,
): Promise<number> {
  setFlagsFromString(`--heap-growing-percent=${HEAP_GROWTH_PERCENT}`);
  let started: Gateway | undefined;
  // This listens before the start, so that a signal during the start stops the gateway as soon as possible.
  const signalled = untilSignalled(async () => {
    logger.warn({ code: 'STOPPED_AT_ONCE' }, 'second signal: ending at once');
    await started?.abandon();
  });
  // Windows does not have this signal.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => logger.level.toggleDebug());
  const gateway = await Gateway.start(gatewayOptions(config, role), {
    logger,
    version: VERSION,
    onFailure: (failure: SluiceError) => {
      logger.fatal(
        { code: failure.code, reason: failure.message },
        'the gateway stops, because it cannot continue safely',
      );
      process.exit(1);
    },
  });
  started = gateway;
  const mqttUrls = gateway.listeners.map(
    ({ protocol, host, port }) => `${protocol}://${bracketed(host)}:${port}`,
  );
  const { httpUrl } = gateway;
  await onReady({ gateway, mqttUrls, httpUrl });

  const signal = await signalled;
  logger.info(
    { signal },
    'stopping: accepted packets are stored and acknowledged, stored records are written',
  );
  await onStopping();
  await gateway.stop();
  const { received, written, parked, filtered, buffered, lost, balanced } = gateway.status.ledger();
  logger.info({ received, written, parked, filtered, buffered, lost, balanced }, 'stopped');
  return 0;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Logs why the start failed, in one line, and returns the exit code. */
export function reportStartFailure(logger: Logger, thrown: unknown): number {
  if (!(thrown instanceof SluiceError)) throw thrown;
  logger.fatal({ code: thrown.code }, errorText(thrown));
  return thrown.exitCode;
}
