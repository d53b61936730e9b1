import { setFlagsFromString } from 'node:v8';
import type { SluiceConfig } from '../config/sluice-config.js';
import { errorText, SluiceError } from '../errors.js';
import { Gateway } from '../gateway.js';
import { gatewayOptions, type Role } from '../gateway-options.js';
import { untilSignalled } from '../lifecycle.js';
import type { Logger } from '../logger.js';
import { VERSION } from '../version.js';

/**
 * Packets that wait for the disk outlive the young generation, and V8 lets such garbage multiply a small heap
 * before it collects it. Collecting at half as much again keeps the peak at 215 instead of 275 MB for some more
 * CPU (`npm run bench -- e2e-influx`, with and without; docs/benchmarks.md).
 */
const HEAP_GROWTH_PERCENT = 50;

export interface RunningGateway {
  readonly gateway: Gateway;
  /** `mqtt://…` and `ws://…`, one a listener; none with `--role consume`. */
  readonly mqttUrls: readonly string[];
  readonly httpUrl?: string;
}

/**
 * Runs the gateway until a signal. `onReady` is called when it takes packets, `onStopping` before it stops.
 * Resolves with the exit code; rejects when it could not start.
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
  // Asked for before the start: a signal while starting stops it as soon as it can.
  const signalled = untilSignalled(async () => {
    logger.warn({ code: 'STOPPED_AT_ONCE' }, 'second signal: ending at once');
    await started?.abandon();
  });
  // Windows has no such signal.
  if (process.platform !== 'win32') process.on('SIGUSR2', () => logger.level.toggleDebug());
  const gateway = await Gateway.start(gatewayOptions(config, role), {
    logger,
    version: VERSION,
    onFailure: (failure: SluiceError) => {
      logger.fatal(
        { code: failure.code, reason: failure.message },
        'the gateway stops: going on would be a guess',
      );
      process.exit(1);
    },
  });
  started = gateway;
  const mqttUrls = gateway.listeners.map(
    ({ protocol, host, port }) => `${protocol}://${bracketed(host)}:${port}`,
  );
  const { httpUrl } = gateway;
  await onReady({ gateway, mqttUrls, ...(httpUrl === undefined ? {} : { httpUrl }) });

  const signal = await signalled;
  logger.info({ signal }, 'stopping: taken packets are stored and answered, stored records written');
  await onStopping();
  await gateway.stop();
  const { received, written, parked, filtered, buffered, lost, balanced } = gateway.status.ledger();
  logger.info({ received, written, parked, filtered, buffered, lost, balanced }, 'stopped');
  return 0;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** For a start that failed: one line a person can act on. */
export function reportStartFailure(logger: Logger, thrown: unknown): number {
  if (!(thrown instanceof SluiceError)) throw thrown;
  logger.fatal({ code: thrown.code }, errorText(thrown));
  return thrown.exitCode;
}
