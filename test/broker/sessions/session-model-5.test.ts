import fc from 'fast-check';
import type mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import {
  NO_SESSION_EXPIRY,
  type QoS,
  type SubscriptionOptions,
} from '../../../src/broker/protocol/packets.js';
import { SessionDeliveries } from '../../../src/broker/sessions/session-deliveries.js';
import { SESSION_DEFAULTS } from '../../../src/broker/sessions/session-options.js';
import { SetClock } from '../../support/clock.js';
import { nextTurns } from '../../support/deliveries-fixture.js';
import { FakeOutlet } from '../../support/fake-outlet.js';
import { MemoryJournal } from '../../support/memory-journal.js';

const TOPICS = ['a', 'a/b', 'b'];
const MATCHES: Readonly<Record<string, readonly string[]>> = {
  '#': TOPICS,
  'a/#': ['a', 'a/b'],
  'a/+': ['a/b'],
  'a/b': ['a/b'],
  b: ['b'],
};
/** Between the small and the large payloads. */
const PACKET_LIMIT = 120;
const LARGE = 200;

type Step =
  | {
      readonly do: 'publish';
      readonly topic: string;
      readonly qos: QoS;
      readonly client: number;
      readonly isRetained: boolean;
      readonly isLarge: boolean;
      readonly expirySeconds: number | undefined;
    }
  | {
      readonly do: 'subscribe';
      readonly client: number;
      readonly filter: string;
      readonly qos: QoS;
      readonly options: SubscriptionOptions;
    }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly filter: string }
  | { readonly do: 'answer'; readonly client: number; readonly count: number }
  | {
      readonly do: 'connect';
      readonly client: number;
      readonly isCleanStart: boolean;
      readonly expirySeconds: number;
      readonly receiveMaximum: number;
      readonly isLimited: boolean;
    }
  | { readonly do: 'disconnect'; readonly client: number; readonly expirySeconds: number | undefined }
  | { readonly do: 'refuse' | 'fill' | 'read'; readonly client: number }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'commit' | 'crash' | 'restart' | 'compact' };

const client = fc.nat({ max: 2 });
const qos = fc.constantFrom<QoS>(0, 1, 2);
const filter = fc.constantFrom(...Object.keys(MATCHES));
const only = <Text extends string>(text: Text) => fc.constant(text);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 14,
    arbitrary: fc.record({
      do: only('publish'),
      topic: fc.constantFrom(...TOPICS),
      qos,
      client,
      isRetained: fc.boolean(),
      isLarge: fc.boolean(),
      expirySeconds: fc.constantFrom(undefined, undefined, 3, 30),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: only('subscribe'),
      client,
      filter,
      qos,
      options: fc.record({
        isNoLocal: fc.boolean(),
        isRetainAsPublished: fc.boolean(),
        retainHandling: fc.constantFrom(0, 1, 2),
        identifier: fc.constantFrom(undefined, 1, 2, 268_435_455),
      }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: only('unsubscribe'), client, filter }) },
  { weight: 8, arbitrary: fc.record({ do: only('answer'), client, count: fc.nat({ max: 5 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: only('connect'),
      client,
      isCleanStart: fc.constantFrom(false, false, false, true),
      expirySeconds: fc.constantFrom(0, 20, 20, NO_SESSION_EXPIRY),
      receiveMaximum: fc.constantFrom(1, 3, 0xffff),
      isLimited: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: only('disconnect'),
      client,
      expirySeconds: fc.constantFrom(undefined, undefined, 0, 10, NO_SESSION_EXPIRY),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('refuse', 'fill', 'read'), client }) },
  { weight: 3, arbitrary: fc.record({ do: only('wait'), seconds: fc.nat({ max: 25 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit', 'crash', 'restart', 'compact') }) },
);

/** A message as one client has to get it. */
interface Expected {
  readonly sequence: number;
  readonly topic: string;
  readonly qos: QoS;
  readonly isRetained: boolean;
  readonly identifiers: readonly number[];
  readonly expiresAtMs: number | undefined;
  readonly isLarge: boolean;
  /** Before the commit a crash may lose it, and its publisher has no PUBACK. */
  isCertain: boolean;
}

type ConnectStep = Omit<Extract<Step, { do: 'connect' }>, 'do' | 'client'>;

const FIRST: ConnectStep = {
  isCleanStart: false,
  expirySeconds: NO_SESSION_EXPIRY,
  receiveMaximum: 3,
  isLimited: false,
};

/** A client as the specification wants it. What it sees and must not is kept in `faults`. */
class ModelClient {
  readonly name: string;
  outlet: FakeOutlet | undefined;
  readonly subscriptions = new Map<string, { readonly qos: QoS; readonly options: SubscriptionOptions }>();
  /** What it may be sent, by sequence number. */
  readonly expected = new Map<number, Expected>();
  readonly faults: string[] = [];
  readonly #clock: () => number;
  /** How long the session is kept; undefined: there is none. */
  #expirySeconds: number | undefined;
  /** While it is not connected. */
  #endsAtMs = 0;
  #hasHadLimit = false;
  readonly #seen = new Set<number>();
  readonly #lost = new Set<number>();
  /** By packet id, the QoS 2 messages whose handshake is open. */
  readonly #incoming = new Map<number, number>();
  /** Packet ids that count towards the receive maximum of this connection. */
  readonly #open = new Set<number>();
  #answers: (readonly ['puback' | 'pubrec' | 'pubcomp', number])[] = [];
  readonly #lastOf = new Map<string, number>();

  constructor(name: string, clock: () => number) {
    this.name = name;
    this.#clock = clock;
  }

  /** How long its session is kept. */
  get grantedSeconds(): number {
    return this.#expirySeconds ?? 0;
  }

  /** A crash may have lost a message. */
  mayBeLost(sequence: number): void {
    this.#lost.add(sequence);
  }

  connect(
    deliveries: SessionDeliveries,
    { isCleanStart, expirySeconds, receiveMaximum, isLimited }: ConnectStep,
  ): void {
    const outlet = new FakeOutlet({
      clientId: this.name,
      level: 5,
      receiveMaximum,
      ...(isLimited ? { maximumPacketBytes: PACKET_LIMIT } : {}),
    });
    outlet.onPacket = (packet) => this.#take(packet, outlet);
    this.outlet = outlet;
    if (isLimited) this.#hasHadLimit = true;
    const isKept = !isCleanStart && this.#expirySeconds !== undefined && this.#clock() < this.#endsAtMs;
    if (!isKept) this.#forget();
    const session = deliveries.attach(outlet, { isCleanStart, expirySeconds });
    expect(session, this.name).toEqual({
      isPresent: isKept,
      expirySeconds: Math.min(expirySeconds, SESSION_DEFAULTS.expiryMs / 1000),
    });
    this.#expirySeconds = session.expirySeconds;
    deliveries.begin(outlet);
  }

  disconnected(expirySeconds = this.#expirySeconds ?? 0): void {
    if (this.outlet === undefined) return;
    this.outlet = undefined;
    this.#answers = [];
    this.#open.clear();
    this.#endsAtMs = this.#clock() + expirySeconds * 1000;
    if (expirySeconds === 0) this.#expirySeconds = undefined;
  }

  /** What it gets of a message that `publisher` has published. */
  expectOf(
    message: Omit<Expected, 'qos' | 'identifiers'>,
    publishedQos: QoS,
    publisher: FakeOutlet | undefined,
  ): void {
    const isOwn = publisher !== undefined && publisher === this.outlet;
    const matching = [...this.subscriptions]
      .filter(
        ([filter, { options }]) => MATCHES[filter]!.includes(message.topic) && !(options.isNoLocal && isOwn),
      )
      .map(([, subscription]) => subscription);
    if (matching.length === 0) return;
    this.expected.set(message.sequence, {
      ...message,
      qos: Math.min(publishedQos, Math.max(...matching.map(({ qos }) => qos))) as QoS,
      isRetained: message.isRetained && matching.some(({ options }) => options.isRetainAsPublished),
      identifiers: matching.flatMap(({ options: { identifier } }) => identifier ?? []).sort(),
    });
  }

  answer(deliveries: SessionDeliveries, count: number, reasonCode = 0): number {
    const { outlet } = this;
    if (outlet === undefined) return 0;
    const answers = this.#answers.splice(0, count);
    for (const [type, packetId] of answers) {
      if (type !== 'pubrec' || reasonCode >= 0x80) this.#open.delete(packetId);
      if (type === 'pubrec' && reasonCode >= 0x80) this.#incoming.delete(packetId);
      if (type === 'pubrec') deliveries.pubrec(outlet, packetId, reasonCode);
      else deliveries[type](outlet, packetId);
    }
    return answers.length;
  }

  /** Lets the first message of QoS 2 end with a reason code. */
  refuse(deliveries: SessionDeliveries): void {
    if (this.#answers[0]?.[0] === 'pubrec') this.answer(deliveries, 1, 0x80);
  }

  /** At the end, when nothing more comes. */
  missed(): readonly Expected[] {
    return [...this.expected.values()].filter(
      ({ sequence, qos, expiresAtMs = Number.POSITIVE_INFINITY, isLarge }) =>
        qos > 0 &&
        !this.#seen.has(sequence) &&
        !this.#lost.has(sequence) &&
        expiresAtMs > this.#clock() &&
        !(isLarge && this.#hasHadLimit),
    );
  }

  /**
   * QoS 2 handshakes that have not come to their end. One of a message that the client had been sent, and does not take any more
   * when it comes back with a limit, has none: the broker is done with it [MQTT-3.1.2-25].
   */
  get openHandshakes(): number {
    const isDiscarded = (sequence: number) =>
      this.#hasHadLimit && this.expected.get(sequence)?.isLarge === true;
    return [...this.#incoming.values()].filter((sequence) => !isDiscarded(sequence)).length;
  }

  #forget(): void {
    this.#incoming.clear();
    this.subscriptions.clear();
    this.expected.clear();
  }

  #take(packet: mqttPacket.Packet, outlet: FakeOutlet): void {
    const packetId = packet.messageId ?? 0;
    if (packet.cmd === 'pubrel') {
      this.#incoming.delete(packetId);
      this.#answers.push(['pubcomp', packetId]);
    }
    if (packet.cmd !== 'publish') return;
    const sequence = Number.parseInt(packet.payload.toString(), 10);
    if (packet.qos > 0) {
      this.#answers.push([packet.qos === 1 ? 'puback' : 'pubrec', packetId]);
      this.#open.add(packetId);
      if (this.#open.size > outlet.receiveMaximum)
        this.#fault(sequence, `is number ${this.#open.size} in flight`);
    }
    if ((packet.length ?? 0) + 2 > (outlet.maximumPacketBytes ?? Number.POSITIVE_INFINITY)) {
      this.#fault(sequence, 'is too large');
    }
    const expected = this.expected.get(sequence);
    if (expected === undefined) {
      this.#fault(sequence, 'must not come');
      return;
    }
    this.#compare(packet, expected);
    if (packet.qos === 2) {
      if (this.#incoming.has(packetId)) {
        if (this.#incoming.get(packetId) !== sequence)
          this.#fault(sequence, 'has the packet id of another one');
        return;
      }
      this.#incoming.set(packetId, sequence);
    }
    if (this.#seen.has(sequence)) {
      // It may have been refused, or acknowledged and a crash has lost that.
      if (!packet.dup) this.#fault(sequence, 'comes twice and has no DUP');
      return;
    }
    this.#seen.add(sequence);
    const order = `${packet.topic} at QoS ${packet.qos}`;
    if (sequence < (this.#lastOf.get(order) ?? -1)) this.#fault(sequence, `comes too late: ${order}`);
    this.#lastOf.set(order, sequence);
  }

  #compare({ topic, qos, dup, retain, properties }: mqttPacket.IPublishPacket, expected: Expected): void {
    const { sequence, expiresAtMs } = expected;
    const identifiers = [properties?.subscriptionIdentifier ?? []].flat().sort();
    const seen = { topic, qos, isRetained: retain, identifiers };
    for (const [name, value] of Object.entries(seen)) {
      const wanted = expected[name as keyof typeof seen];
      if (JSON.stringify(value) !== JSON.stringify(wanted)) {
        this.#fault(sequence, `has ${name} ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`);
      }
    }
    if (properties?.contentType !== 'text/plain') this.#fault(sequence, 'has lost its content type');
    const leftSeconds = properties?.messageExpiryInterval;
    if (expiresAtMs === undefined) {
      if (leftSeconds !== undefined) this.#fault(sequence, 'has an expiry interval');
      return;
    }
    const leftMs = expiresAtMs - this.#clock();
    if (leftMs <= 0 && !dup) this.#fault(sequence, 'has expired');
    if (leftSeconds === undefined || Math.abs(leftSeconds * 1000 - Math.max(0, leftMs)) >= 1000) {
      this.#fault(sequence, `has an expiry interval of ${leftSeconds} s, ${leftMs} ms are left`);
    }
  }

  #fault(sequence: number, what: string): void {
    this.faults.push(`${this.name}: message ${sequence} ${what}`);
  }
}

class Model {
  readonly clock = new SetClock();
  readonly clients = ['c1', 'c2', 'c3'].map((name) => new ModelClient(name, () => this.nowMs));
  journal = new MemoryJournal();
  deliveries: SessionDeliveries;
  #published = 0;

  constructor() {
    this.journal.isFast = false;
    this.deliveries = this.#open();
  }

  get nowMs(): number {
    return Number(this.clock.wallNs / 1_000_000n);
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'publish':
        this.#publish(step);
        return;
      case 'subscribe': {
        const { outlet, subscriptions } = this.clients[step.client]!;
        if (outlet === undefined) return;
        const { filter, qos, options } = step;
        this.deliveries.subscribe(outlet, { packetId: 1, subscriptions: [{ filter, qos, options }] });
        subscriptions.set(filter, { qos, options });
        await this.commit();
        return;
      }
      case 'unsubscribe': {
        const { outlet, subscriptions } = this.clients[step.client]!;
        if (outlet === undefined) return;
        this.deliveries.unsubscribe(outlet, { packetId: 1, filters: [step.filter] });
        subscriptions.delete(step.filter);
        await this.commit();
        return;
      }
      case 'answer':
        this.clients[step.client]!.answer(this.deliveries, step.count);
        return;
      case 'refuse':
        this.clients[step.client]!.refuse(this.deliveries);
        return;
      case 'connect': {
        const one = this.clients[step.client]!;
        if (one.outlet !== undefined) return;
        one.connect(this.deliveries, step);
        await this.commit();
        return;
      }
      case 'disconnect': {
        const one = this.clients[step.client]!;
        this.#disconnect(one, one.grantedSeconds > 0 ? step.expirySeconds : undefined);
        await this.commit();
        return;
      }
      case 'fill':
      case 'read': {
        const { outlet } = this.clients[step.client]!;
        if (outlet === undefined) return;
        outlet.isFull = step.do === 'fill';
        if (!outlet.isFull) this.deliveries.writable(outlet);
        return;
      }
      case 'wait':
        // In this time the journal commits what nobody waits for, such as since when a client is absent.
        await this.commit();
        // Never exactly as long as something lasts.
        this.clock.wallNs += BigInt(step.seconds * 1000 + 1) * 1_000_000n;
        return;
      case 'commit':
        await this.commit();
        return;
      case 'compact':
        this.journal.compact(this.deliveries.snapshot());
        await this.commit();
        return;
      case 'restart':
        for (const one of this.clients) this.#disconnect(one, undefined);
        await this.commit();
        this.#reopen();
        return;
      case 'crash':
        this.#reopen();
        return;
    }
  }

  /** Everybody connects, reads and answers until nothing more comes. */
  async finish(): Promise<void> {
    for (const one of this.clients) {
      if (one.outlet === undefined) one.connect(this.deliveries, FIRST);
      else one.outlet.isFull = false;
      this.deliveries.writable(one.outlet!);
    }
    let answered = 1;
    while (answered > 0) {
      await this.commit();
      answered = 0;
      for (const one of this.clients) answered += one.answer(this.deliveries, 1000);
    }
    this.deliveries.close();
  }

  async commit(): Promise<void> {
    // What is appended asks for a commit in the next turn, and is told in the one after.
    for (let n = 0; n < 2; n += 1) {
      await nextTurns(1);
      this.journal.commit();
    }
    for (const { expected } of this.clients) for (const one of expected.values()) one.isCertain = true;
  }

  #publish({
    topic,
    qos,
    client,
    isRetained,
    isLarge,
    expirySeconds,
  }: Extract<Step, { do: 'publish' }>): void {
    const sequence = this.#published;
    this.#published += 1;
    const publisher = this.clients[client]?.outlet;
    const expiresAtMs = expirySeconds === undefined ? undefined : this.nowMs + expirySeconds * 1000;
    for (const one of this.clients) {
      one.expectOf({ sequence, topic, isRetained, expiresAtMs, isLarge, isCertain: false }, qos, publisher);
    }
    const payload = Buffer.from(`${sequence} ${'.'.repeat(isLarge ? LARGE : 0)}`);
    const expiry = expirySeconds === undefined ? {} : { expirySeconds };
    const properties = { contentType: 'text/plain', ...expiry };
    this.deliveries.publish({ topic, payload, qos, isRetained, properties, publisher });
    // The view is only valid during the call.
    payload.fill('x');
  }

  #disconnect(one: ModelClient, expirySeconds: number | undefined): void {
    if (one.outlet === undefined) return;
    const seconds = expirySeconds ?? one.grantedSeconds;
    this.deliveries.detach(one.outlet, { expirySeconds: seconds });
    one.disconnected(expirySeconds);
  }

  #open(): SessionDeliveries {
    const deliveries = new SessionDeliveries({}, { warn: () => undefined, clock: this.clock });
    for (const entry of this.journal.durable) deliveries.restore(entry);
    deliveries.open(this.journal);
    return deliveries;
  }

  #reopen(): void {
    this.deliveries.close();
    for (const one of this.clients) {
      one.disconnected();
      for (const { sequence, isCertain } of [...one.expected.values()]) {
        if (!isCertain) one.mayBeLost(sequence);
      }
    }
    this.journal = new MemoryJournal(this.journal.durable);
    this.journal.isFast = false;
    this.deliveries = this.#open();
  }
}

describe('sessions of MQTT 5 beside a model', () => {
  it('deliver what was promised, in its form and time, within the limits of the client, also across crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const model = new Model();
        for (const one of model.clients) one.connect(model.deliveries, FIRST);
        await model.commit();
        for (const one of steps) await model.run(one);
        await model.finish();
        for (const one of model.clients) {
          expect(one.faults).toEqual([]);
          expect(one.openHandshakes, one.name).toBe(0);
          expect(one.missed(), `missed by ${one.name}`).toEqual([]);
        }
      }),
      { numRuns: Number(process.env.SLUICE_MODEL_RUNS ?? 200) },
    );
  });
});
