import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { runProgram } from '../../../harness/programs.js';
import type { QoS } from '../../../src/broker/protocol/packets.js';
import {
  type ClientMessage,
  type ClientProperties,
  Inbox,
  type RealClient,
  type RealClientOptions,
} from './real-client.js';

/** What mosquitto_sub prints with `-F %j`. */
interface PrintedMessage {
  readonly topic: string;
  readonly payload: string | null;
  readonly qos: QoS;
  readonly retain: number;
  readonly properties?: {
    readonly 'content-type'?: string;
    readonly 'user-properties'?: Readonly<Record<string, string>>;
  };
}

/** What mosquitto_pub prints of PUBACK and PUBREC instead of their numbers. */
const REASONS: Readonly<Record<string, number>> = {
  'Not authorized': 0x87,
  'Topic name invalid': 0x90,
  'Quota exceeded': 0x97,
};

/** mosquitto_sub, which holds the session and the will; each message is published by a mosquitto_pub of its own. */
export class MosquittoClient implements RealClient {
  readonly #inbox = new Inbox();
  readonly #wrapper: readonly string[];
  readonly #host: string;
  #options: RealClientOptions | undefined;
  #subscription: { readonly filter: string; readonly qos: QoS } | undefined;
  #process: ChildProcess | undefined;

  /** `wrapper`: the words in front of each command. */
  constructor({ host = '127.0.0.1', wrapper = [] }: { host?: string; wrapper?: readonly string[] } = {}) {
    this.#host = host;
    this.#wrapper = wrapper;
    onTestFinished(() => this.cut());
  }

  async connect(options: RealClientOptions): Promise<undefined> {
    this.#options = options;
    // mosquitto_sub cannot connect without a subscription: it comes back with the one it had.
    if (options.isCleanSession === false && this.#subscription !== undefined) {
      await this.subscribe(this.#subscription.filter, this.#subscription.qos);
    }
  }

  async subscribe(filter: string, qos: QoS): Promise<number> {
    await this.#end('SIGTERM');
    this.#subscription = { filter, qos };
    const { clientId, isCleanSession = true } = this.#known;
    const args = [
      ...['-d', '-F', '%j', '-i', clientId, '-t', filter, '-q', String(qos)],
      ...(isCleanSession ? [] : ['-c']),
      ...this.#subscriberProperties,
      ...this.#will,
    ];
    // Into a pipe it would print its SUBACK only when a message comes.
    const [program, ...rest] = [
      ...this.#wrapper,
      'stdbuf',
      '-oL',
      'mosquitto_sub',
      ...this.#address,
      ...args,
    ];
    const child = spawn(program!, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    return new Promise((resolve, reject) => {
      let printed = '';
      child.stderr.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      child.once('exit', () => reject(new Error(`mosquitto_sub has ended: ${printed}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        printed += `${line}\n`;
        const granted = /^Subscribed \(mid: \d+\): (\d+)/.exec(line)?.[1];
        if (granted !== undefined) resolve(Number(granted));
        // Its signal handler prints too: a SIGTERM that finds it printing a message prints that message twice.
        const isEnding = this.#process !== child;
        if (line.startsWith('{') && !isEnding) this.#take(JSON.parse(line) as PrintedMessage);
      });
    });
  }

  async publish({ topic, payload, qos, isRetained, properties }: ClientMessage): Promise<number | undefined> {
    const [program, ...args] = [
      ...[...this.#wrapper, 'mosquitto_pub', ...this.#address, '-i', `${this.#known.clientId}-publish`],
      ...[
        '-t',
        topic,
        '-q',
        String(qos),
        ...(isRetained ? ['-r'] : []),
        ...propertyWords('PUBLISH', properties),
      ],
      ...(payload === '' ? ['-n'] : ['-s']),
    ];
    const { code, stderr } = await runProgram(program!, args, { input: Buffer.from(payload, 'latin1') });
    if (code !== 0) throw new Error(`mosquitto_pub: ${stderr}`);
    if (this.#known.version !== 5 || qos === 0) return undefined;
    const refused = /^Warning: Publish \d+ failed: (.*?)\.?$/m.exec(stderr)?.[1];
    return refused === undefined ? 0 : (REASONS[refused] ?? 0x80);
  }

  next(): Promise<ClientMessage> {
    return this.#inbox.next();
  }

  disconnect(): Promise<void> {
    return this.#end('SIGTERM');
  }

  cut(): Promise<void> {
    return this.#end('SIGKILL');
  }

  #take({ topic, payload, qos, retain, properties }: PrintedMessage): void {
    const contentType = properties?.['content-type'];
    const userProperties = properties?.['user-properties'];
    this.#inbox.add({
      topic,
      payload: payload ?? '',
      qos,
      isRetained: retain === 1,
      ...((contentType ?? userProperties) !== undefined && { properties: { contentType, userProperties } }),
    });
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    this.#process = undefined;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await gone;
  }

  get #known(): RealClientOptions {
    if (this.#options === undefined) throw new Error('not connected');
    return this.#options;
  }

  get #address(): string[] {
    const { port, keepAliveSeconds = 60, userName, password, version, caFile } = this.#known;
    return [
      ...['-h', this.#host, '-p', String(port), '-k', String(keepAliveSeconds)],
      ...(version === 5 ? ['-V', '5'] : []),
      ...(caFile === undefined ? [] : ['--cafile', caFile]),
      ...(userName === undefined ? [] : ['-u', userName, '-P', password ?? '']),
    ];
  }

  get #subscriberProperties(): string[] {
    const { sessionExpirySeconds, receiveMaximum } = this.#known;
    return [
      ...(sessionExpirySeconds === undefined ? [] : ['-x', String(sessionExpirySeconds)]),
      ...(receiveMaximum === undefined ? [] : ['-D', 'CONNECT', 'receive-maximum', String(receiveMaximum)]),
    ];
  }

  get #will(): string[] {
    const { will } = this.#known;
    if (will === undefined) return [];
    const { delaySeconds, properties } = will;
    return [
      ...['--will-topic', will.topic, '--will-payload', will.payload, '--will-qos', String(will.qos)],
      ...(will.isRetained ? ['--will-retain'] : []),
      ...(delaySeconds === undefined ? [] : ['-D', 'WILL', 'will-delay-interval', String(delaySeconds)]),
      ...propertyWords('WILL', properties),
    ];
  }
}

function propertyWords(packet: 'PUBLISH' | 'WILL', properties: ClientProperties | undefined): string[] {
  const { contentType, userProperties = {} } = properties ?? {};
  return [
    ...(contentType === undefined ? [] : ['-D', packet, 'content-type', contentType]),
    ...Object.entries(userProperties).flatMap(([name, value]) => [
      '-D',
      packet,
      'user-property',
      name,
      value,
    ]),
  ];
}
