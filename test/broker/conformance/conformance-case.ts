import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectFields, connect, subscribe } from './bytes-of-packets.js';
import type { Level } from './level.js';
import type { ReceivedPacket } from './received-packets.js';
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

/** The clauses that a case shows, as `3.3.1-5 3.3.1-9`, in the standard of each level that it is run at. */
export type Shows = Readonly<Partial<Record<Level, string>>>;

/** One sequence of packets. It is run at each level whose clauses it names. */
export interface ConformanceCase {
  /** What is expected, in words that fit both levels. */
  readonly title: string;
  readonly shows: Shows;
  /** Time has to pass in it, so that it is run beside others of its kind. */
  readonly waits?: boolean;
  run(context: CaseContext): Promise<void>;
}

/** Where cases differ by nothing but a packet. */
export type PacketOfCase<P> = readonly [what: string, shows: Shows, packet: P];

/** Lets time pass that a case is about: an expiry, or a delay. */
export function pass(seconds: number): Promise<void> {
  return sleep(seconds * 1000);
}

/** The numbers of the clauses that a case shows at a level; empty when it is not run there. */
export function clausesOf({ shows }: ConformanceCase, level: Level): string[] {
  return (shows[level] ?? '').split(' ').flatMap((clause) => (clause === '' ? [] : [`MQTT-${clause}`]));
}

/** The lines of a CONNACK with one of these codes. */
export function connacks(codes: readonly number[]): string[] {
  return codes.map((code) => `CONNACK present=0 code=${code < 0x80 ? code : `0x${code.toString(16)}`}`);
}

/** The value of a property that comes once; undefined when it is absent. */
export function propertyOf({ properties }: ReceivedPacket, name: string): string | undefined {
  return properties.find((property) => property.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The name of a case in a run. */
export function titleOf(one: ConformanceCase, level: Level): string {
  return [...clausesOf(one, level).map((clause) => `[${clause}]`), one.title].join(' ');
}

export const ALICE = { userName: 'alice', password: 'secret' } as const;
export const BOB = { userName: 'bob', password: 'secret' } as const;

let contexts = 0;

/** What a case works with: connections that end with it, and names that no other case has. */
export class CaseContext {
  readonly broker: BrokerUnderTest;
  readonly level: Level;
  readonly #number: number;
  readonly #peers: ScriptedPeer[] = [];

  constructor(broker: BrokerUnderTest, level: Level) {
    this.broker = broker;
    this.level = level;
    contexts += 1;
    this.#number = contexts;
  }

  /** A name of this case alone, for client ids and topics. */
  name(name: string): string {
    return `c${this.#number}${name}`;
  }

  /** A connection on which nothing was sent. */
  open(port = this.broker.port, level = this.level): ScriptedPeer {
    return this.add(ScriptedPeer.overTcp(port, level));
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
    await this.accepted(peer, fields, isPresent);
    return peer;
  }

  /** Connects; returns the CONNACK. */
  accepted(peer: ScriptedPeer, fields: ConnectFields = {}, isPresent = false): Promise<ReceivedPacket> {
    peer.send(connect(fields));
    return peer.expect(`CONNACK present=${isPresent ? 1 : 0} code=0`);
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
