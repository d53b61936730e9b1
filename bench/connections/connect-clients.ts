import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ConnectAnswer, ConnectOutcome, ConnectRequest } from './connect-job.js';

export interface ConnectOptions {
  readonly port: number;
  /** Of all processes together. */
  readonly connections: number;
  /** Connections of each process that are under way at once. */
  readonly atOnce: number;
}

const KEEP_ALIVE_SECONDS = 60;

/**
 * ConnectClients are clients in one process or several. Of several each has a loopback address of its own: an address has only
 * about 28,000 ports for connections to one port, and its new connections a second are limited.
 */
export class ConnectClients {
  readonly #children: readonly ChildProcess[];

  constructor(processes: number) {
    this.#children = Array.from({ length: processes }, () =>
      fork(join(import.meta.dirname, 'connect-process.js')),
    );
  }

  /** Resolves when every client has its CONNACK and is held open; rejects when one could not connect. */
  async connect({ port, connections, atOnce }: ConnectOptions): Promise<ConnectOutcome> {
    const processes = this.#children.length;
    const answers = await Promise.all(
      this.#children.map((child, at) => {
        const share = Math.floor((connections + at) / processes);
        const job = {
          port,
          connections: share,
          clientIds: `client-${at}`,
          // Binding costs the client time: a single process goes without.
          ...(processes > 1 && { localAddress: `127.0.0.${at + 1}` }),
          atOnce,
          keepAliveSeconds: KEEP_ALIVE_SECONDS,
        };
        return ask(child, { kind: 'connect', job });
      }),
    );
    const outcomes = answers.map((answer) => {
      if (answer.kind === 'connected') return answer.outcome;
      throw new Error(`the clients failed: ${answer.kind === 'failure' ? answer.text : answer.kind}`);
    });
    const outcome = joined(outcomes);
    if (outcome.connected !== connections) {
      throw new Error(`${outcome.connected} of ${connections} clients are connected`);
    }
    return outcome;
  }

  /** Closes the connections; the processes stay for the next ones. */
  async disconnect(): Promise<void> {
    await Promise.all(this.#children.map((child) => ask(child, { kind: 'close' })));
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    }
  }
}

function joined(outcomes: readonly ConnectOutcome[]): ConnectOutcome {
  const failures: Record<string, number> = {};
  for (const outcome of outcomes) {
    for (const [reason, count] of Object.entries(outcome.failures)) {
      failures[reason] = (failures[reason] ?? 0) + count;
    }
  }
  return {
    connected: outcomes.reduce((sum, { connected }) => sum + connected, 0),
    durationMs: Math.max(...outcomes.map(({ durationMs }) => durationMs)),
    latenciesMs: outcomes.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b),
    failures,
    retries: outcomes.reduce((sum, { retries }) => sum + retries, 0),
  };
}

function ask(child: ChildProcess, request: ConnectRequest): Promise<ConnectAnswer> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the clients ended before their answer'));
    child.once('exit', ended);
    child.once('message', (answer: ConnectAnswer) => {
      child.off('exit', ended);
      resolve(answer);
    });
    child.send(request);
  });
}
