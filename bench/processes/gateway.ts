import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { GatewayProcess, type GatewayProcessOptions, isBalanced } from '../../harness/gateway-process.js';
import { findProgram } from '../../harness/server-process.js';

const POLL_MS = 20;
const STALL_MS = 30_000;

/** Starts the real program on free ports with a data directory of its own below `directory`. */
export async function startGateway(
  directory: string,
  config: string,
  {
    accessFile,
    tls,
    maxConnections,
    ...more
  }: Pick<GatewayProcessOptions, 'stream' | 'args' | 'env' | 'launcher'> & {
    readonly accessFile?: string;
    /** Absent: as it comes. */
    readonly maxConnections?: number;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<RunningGateway> {
  const folder = mkdtempSync(join(directory, 'sluice-bench-gateway-'));
  const setpriv = findProgram('setpriv');
  const access = accessFile === undefined ? '' : `, access: ${JSON.stringify(accessFile)}`;
  const most = maxConnections === undefined ? '' : `, maxConnections: ${maxConnections}`;
  const protocol =
    tls === undefined ? 'mqtt' : `mqtts, tls: ${JSON.stringify({ cert: tls.cert, key: tls.key })}`;
  const gateway = new GatewayProcess({
    ...more,
    directory: folder,
    config: `broker: { listeners: [{ protocol: ${protocol}, host: 127.0.0.1, port: 0 }]${access}${most} }
http: { host: 127.0.0.1, port: 0 }
${config}`,
    // However the bench ends, the gateway must not go on beside the next one.
    ...(setpriv === undefined ? {} : { wrapper: [setpriv, '--pdeathsig', 'KILL', '--'] }),
  });
  try {
    await gateway.start();
  } catch (thrown) {
    rmSync(folder, { recursive: true, force: true });
    throw thrown;
  }
  return new RunningGateway(gateway, folder);
}

export class RunningGateway {
  readonly process: GatewayProcess;
  readonly #folder: string;

  constructor(process: GatewayProcess, folder: string) {
    this.process = process;
    this.#folder = folder;
  }

  /** Waits until every record's outcome is decided; throws when that stands still, or the books do not balance. */
  async settled(): Promise<Fates> {
    let ledger = await this.process.ledger();
    let movedAtMs = performance.now();
    while (ledger.buffered > 0) {
      await sleep(POLL_MS);
      const next = await this.process.ledger();
      if (next.buffered !== ledger.buffered) movedAtMs = performance.now();
      else if (performance.now() - movedAtMs > STALL_MS) {
        throw new Error(
          `${next.buffered} records wait and nothing moves:\n${this.process.output.slice(-2000)}`,
        );
      }
      ledger = next;
    }
    if (!isBalanced(ledger)) throw new Error(`the books do not balance: ${JSON.stringify(ledger)}`);
    const { received, written, parked, filtered, lost } = ledger;
    return { received, written, parked, filtered, lost };
  }

  /** Stops it in order; its files stay. */
  async stop(): Promise<void> {
    const exitCode = await this.process.stop();
    if (exitCode !== 0)
      throw new Error(`the gateway ended with exit code ${exitCode}:\n${this.process.output}`);
  }

  /** Whatever state it is in: it and its files are gone afterwards. */
  async remove(): Promise<void> {
    await this.process.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The ledger once nothing is buffered. */
export interface Fates {
  readonly received: number;
  readonly written: number;
  readonly parked: number;
  readonly filtered: number;
  readonly lost: number;
}
