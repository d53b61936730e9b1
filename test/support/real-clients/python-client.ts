import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { findProgram } from '../../../harness/server-process.js';
import type { QoS } from '../../../src/broker/protocol/packets.js';
import { packageRoot } from '../../../src/lib/package-root.js';
import {
  type ClientMessage,
  Inbox,
  type RealClient,
  type RealClientOptions,
  type Transport,
} from './real-client.js';

/** A Python with a library for MQTT. */
export interface PythonLibrary {
  readonly python: string;
  /** In front of what Python has installed; undefined: only that. */
  readonly path: string | undefined;
  /** Beside this file. */
  readonly driver: 'paho_client.py' | 'aiomqtt_client.py' | 'gmqtt_client.py';
}

/** Where `npm run python-clients` puts what requirements.txt lists. */
const INSTALLED = join(packageRoot(), 'node_modules', '.cache', 'python-clients');
const PYTHON = findProgram('python3') ?? 'python3';
/** Debian installs paho for its own Python, which need not be the first one of the path. */
const DEBIAN_PYTHON = '/usr/bin/python3';

/** Debian's paho 1. Undefined: it is not installed, which fails with CI=true and else is printed. */
export function requirePaho1(): PythonLibrary | undefined {
  const python = [DEBIAN_PYTHON, PYTHON].find((each) => pahoVersion(each).startsWith('1.'));
  if (python !== undefined) return { python, path: undefined, driver: 'paho_client.py' };
  return missing('paho 1 (python3-paho-mqtt) is not installed: the tests that need it cannot run');
}

/** paho 2, aiomqtt and gmqtt of requirements.txt, each undefined when they are not installed: see `requirePaho1`. */
export function requireFromRequirements(driver: PythonLibrary['driver']): PythonLibrary | undefined {
  // The one that came last: an older installation is installed again.
  if (existsSync(join(INSTALLED, 'gmqtt'))) return { python: PYTHON, path: INSTALLED, driver };
  return missing(
    `${driver.replace('_client.py', '')} is not installed: run npm run python-clients; the tests that need it cannot run`,
  );
}

/** Empty where there is none. */
function pahoVersion(python: string): string {
  const script = 'import paho.mqtt; print(paho.mqtt.__version__)';
  return spawnSync(python, ['-c', script], { encoding: 'utf8' }).stdout ?? '';
}

function missing(sentence: string): undefined {
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`SKIPPED: ${sentence}`);
}

/** A library for Python, in a process of its own. */
export class PythonClient implements RealClient {
  readonly #library: PythonLibrary;
  readonly #transport: Transport;
  readonly #inbox = new Inbox();
  #process: ChildProcess | undefined;
  #answer: { resolve(answer: unknown): void; reject(error: Error): void } | undefined;

  constructor(library: PythonLibrary, transport: Transport = 'tcp') {
    this.#library = library;
    this.#transport = transport;
    onTestFinished(() => this.cut());
  }

  async connect(options: RealClientOptions): Promise<boolean | undefined> {
    this.#process ??= this.#start();
    const answer = (await this.#do('connect', {
      transport: this.#transport === 'ws' || this.#transport === 'wss' ? 'websockets' : 'tcp',
      isCleanSession: true,
      keepAliveSeconds: 60,
      ...options,
    })) as { isSessionPresent?: boolean; reason: string };
    if (!/^(0|Success)$/.test(answer.reason)) throw new Error(`refused: ${answer.reason}`);
    return answer.isSessionPresent;
  }

  async subscribe(filter: string, qos: QoS): Promise<number> {
    return (await this.#do('subscribe', { filter, qos })) as number;
  }

  async publish(message: ClientMessage): Promise<number | undefined> {
    const answer = (await this.#do('publish', message)) as { isPublished: boolean; reason: number | null };
    if (!answer.isPublished) throw new Error(`not acknowledged: ${message.topic}`);
    return answer.reason ?? undefined;
  }

  next(): Promise<ClientMessage> {
    return this.#inbox.next();
  }

  async disconnect(): Promise<void> {
    await this.#do('disconnect', {});
  }

  async cut(): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  #start(): ChildProcess {
    const { python, path, driver } = this.#library;
    const child = spawn(python, [join(import.meta.dirname, driver)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        PYTHONDONTWRITEBYTECODE: '1',
        ...(path === undefined ? {} : { PYTHONPATH: path }),
      },
    });
    child.stdin.on('error', () => undefined);
    child.once('exit', () => this.#answer?.reject(new Error(`${driver} has ended`)));
    createInterface({ input: child.stdout }).on('line', (line) => this.#take(line));
    return child;
  }

  #take(line: string): void {
    const read = JSON.parse(line) as { message?: ClientMessage; answer?: unknown; error?: string };
    if (read.message !== undefined) this.#inbox.add(read.message);
    else if (read.error !== undefined) this.#answer?.reject(new Error(read.error));
    else this.#answer?.resolve(read.answer);
  }

  #do(action: string, options: object): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#answer = { resolve, reject };
      this.#process?.stdin?.write(`${JSON.stringify({ do: action, options })}\n`);
    });
  }
}
