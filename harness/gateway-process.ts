import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LedgerView } from '../src/http/gateway-view.js';
import { LAUNCHER } from './programs.js';

export interface GatewayProcessOptions {
  /** Holds the configuration file and the data. */
  readonly directory: string;
  /** YAML behind `stream`, which the harness writes. */
  readonly config: string;
  /** Further keys of `stream.log`. */
  readonly log?: string;
  /** Further keys of `stream`, one a line, as YAML. */
  readonly stream?: readonly string[];
  /** Further arguments of `sluice start`. */
  readonly args?: readonly string[];
  /** Instead of LAUNCHER. */
  readonly launcher?: string;
  /** Put before `node`: strace and the like. */
  readonly wrapper?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** The real program in a process of its own; killed and started again on the same directory. */
export class GatewayProcess {
  readonly #options: GatewayProcessOptions;
  readonly configFile: string;
  #child: ChildProcess | undefined;
  #output = '';
  mqttPort = 0;
  httpUrl = '';

  constructor(options: GatewayProcessOptions) {
    this.#options = options;
    this.configFile = join(options.directory, 'sluice.yaml');
    mkdirSync(options.directory, { recursive: true });
    const log = join(options.directory, 'data', 'log');
    const stream = [
      `log: { directory: ${JSON.stringify(log)}${options.log === undefined ? '' : `, ${options.log}`} }`,
      ...(options.stream ?? []),
    ];
    writeFileSync(this.configFile, `stream:\n  ${stream.join('\n  ')}\n${options.config}`);
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Everything the process has printed since its last start. */
  get output(): string {
    return this.#output;
  }

  get dataDirectory(): string {
    return join(this.#options.directory, 'data');
  }

  /** Resolves when it takes packets; rejects with its output when it ends before. */
  start(): Promise<void> {
    const [program, ...args] = [
      ...(this.#options.wrapper ?? []),
      process.execPath,
      this.#options.launcher ?? LAUNCHER,
      'start',
      '-c',
      this.configFile,
      ...(this.#options.args ?? []),
    ];
    const child = spawn(program!, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...this.#options.env },
    });
    this.#child = child;
    this.#output = '';
    return new Promise((resolve, reject) => {
      const read = (text: Buffer) => {
        this.#output += text.toString();
        if (this.#takeReadyLine()) resolve();
      };
      child.stdout!.on('data', read);
      child.stderr!.on('data', read);
      child.once('exit', (code, signal) => {
        reject(new Error(`the gateway ended before it was ready (${code ?? signal}):\n${this.#output}`));
      });
    });
  }

  /** As if by the power of the kernel; resolves when it is gone. */
  async kill(): Promise<void> {
    const gone = this.exited();
    this.#child!.kill('SIGKILL');
    await gone;
  }

  /** Asks it to stop; resolves with its exit code. */
  async stop(): Promise<number | null> {
    const gone = this.exited();
    this.#child!.kill('SIGTERM');
    return gone;
  }

  exited(): Promise<number | null> {
    const child = this.#child!;
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
    return new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** Ends it whatever state it is in. */
  async end(): Promise<void> {
    if (this.#child !== undefined) await this.kill();
  }

  async ledger(): Promise<LedgerView> {
    return (await fetch(`${this.httpUrl}/api/ledger`)).json() as Promise<LedgerView>;
  }

  /** Polls the ledger until `isReached`. */
  async ledgerWhen(isReached: (ledger: LedgerView) => boolean): Promise<LedgerView> {
    for (;;) {
      const ledger = await this.ledger();
      if (isReached(ledger)) return ledger;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #takeReadyLine(): boolean {
    for (const line of this.#output.split('\n')) {
      if (!line.includes('"msg":"ready"')) continue;
      const { mqtt, http } = JSON.parse(line) as { mqtt: string[]; http: string };
      this.mqttPort = Number(mqtt[0]?.split(':').at(-1) ?? 0);
      this.httpUrl = http;
      return true;
    }
    return false;
  }
}

/** The public promise: what the books must say at any moment. */
export function isBalanced(ledger: LedgerView): boolean {
  const { received, written, parked, filtered, buffered, lost, balanced } = ledger;
  return balanced && received === written + parked + filtered + buffered + lost;
}
