import { type ConnectFields, connect, subscribe } from './bytes-of-packets.js';
import { Deviation, ScriptedPeer } from './scripted-peer.js';

/** A broker that the cases are run against. */
export interface BrokerUnderTest {
  readonly name: 'sluice' | 'mosquitto';
  /** Takes everybody. */
  readonly port: number;
  readonly webSocketPort: number;
  /**
   * Takes only users with the password "secret": "alice" may publish to and subscribe `own/#`, "bob" everything, and
   * `$own/#`.
   */
  readonly securedPort: number;
}

/** One sequence of packets; the title names the clauses that it shows. */
export interface ConformanceCase {
  readonly title: string;
  run(context: CaseContext): Promise<void>;
}

export const ALICE = { userName: 'alice', password: 'secret' } as const;
export const BOB = { userName: 'bob', password: 'secret' } as const;

let contexts = 0;

/** What a case works with: connections that end with it, and names that no other case has. */
export class CaseContext {
  readonly broker: BrokerUnderTest;
  readonly #number: number;
  readonly #peers: ScriptedPeer[] = [];

  constructor(broker: BrokerUnderTest) {
    this.broker = broker;
    contexts += 1;
    this.#number = contexts;
  }

  /** A name of this case alone, for client ids and topics. */
  name(name: string): string {
    return `c${this.#number}${name}`;
  }

  /** A connection on which nothing was sent. */
  open(port = this.broker.port): ScriptedPeer {
    return this.add(ScriptedPeer.overTcp(port));
  }

  add(peer: ScriptedPeer): ScriptedPeer {
    this.#peers.push(peer);
    return peer;
  }

  /** A connection that was accepted. */
  async connected(
    fields: ConnectFields = {},
    isPresent = false,
    port = this.broker.port,
  ): Promise<ScriptedPeer> {
    const peer = this.open(port);
    peer.send(connect(fields));
    await peer.expect(`CONNACK present=${isPresent ? 1 : 0} code=0`);
    return peer;
  }

  /** A connection of the user who may use topics with `$`. */
  asBob(): Promise<ScriptedPeer> {
    return this.connected(BOB, false, this.broker.securedPort);
  }

  /** A client that has subscribed to these topic filters at QoS 2 and waits. */
  async watching(...filters: readonly string[]): Promise<ScriptedPeer> {
    const peer = await this.connected();
    peer.send(subscribe(1, ...filters.map((filter) => [filter, 2] as const)));
    await peer.expect(`SUBACK 1 [${filters.map(() => 2).join(' ')}]`);
    return peer;
  }

  equal(actual: unknown, expected: unknown, what: string): void {
    if (actual !== expected) throw new Deviation(`${what}: expected ${expected}, but got ${actual}`);
  }

  end(): void {
    for (const peer of this.#peers) peer.cut();
  }
}
