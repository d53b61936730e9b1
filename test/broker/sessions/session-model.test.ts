import fc from 'fast-check';
import type mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import type { QoS, SubscriptionOptions } from '../../../src/broker/protocol/packets.js';
import { SessionDeliveries } from '../../../src/broker/sessions/session-deliveries.js';
import { nextTurns, startOf } from '../../support/deliveries-fixture.js';
import { FakeOutlet } from '../../support/fake-outlet.js';
import { MemoryJournal } from '../../support/memory-journal.js';

const TOPICS = ['a', 'a/b', 'a/c', 'b'];
const MATCHES: Readonly<Record<string, readonly string[]>> = {
  '#': TOPICS,
  'a/#': ['a', 'a/b', 'a/c'],
  'a/+': ['a/b', 'a/c'],
  'a/b': ['a/b'],
  b: ['b'],
};
const FILTERS = Object.keys(MATCHES);

type Step =
  | { readonly do: 'publish'; readonly topic: string; readonly qos: QoS }
  | { readonly do: 'subscribe'; readonly client: number; readonly filter: string; readonly qos: QoS }
  | { readonly do: 'unsubscribe'; readonly client: number; readonly filter: string }
  | { readonly do: 'answer'; readonly client: number; readonly count: number }
  | { readonly do: 'disconnect' | 'connect' | 'fill' | 'read'; readonly client: number }
  | { readonly do: 'commit' | 'crash' | 'restart' | 'compact' };

const client = fc.nat({ max: 2 });
const qos = fc.constantFrom<QoS>(0, 1, 2);
const filter = fc.constantFrom(...FILTERS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ do: fc.constant('publish' as const), topic: fc.constantFrom(...TOPICS), qos }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('subscribe' as const), client, filter, qos }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unsubscribe' as const), client, filter }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('answer' as const), client, count: fc.nat({ max: 5 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('disconnect', 'connect', 'fill', 'read'), client }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('commit', 'crash', 'restart', 'compact') }) },
);

/** What a client was promised. */
interface Promised {
  readonly sequence: number;
  readonly topic: string;
  readonly qos: 1 | 2;
  /** The commit that makes it certain; before it a crash may lose it, and its publisher has no PUBACK. */
  isCertain: boolean;
}

/** A client as the specification wants it: it answers when told to, and remembers the ids of QoS 2. */
class ModelClient {
  readonly name: string;
  readonly isClean: boolean;
  /** Undefined: it speaks MQTT 3.1.1. With MQTT 5 its subscriptions have identifiers. */
  readonly receiveMaximum: number | undefined;
  outlet: FakeOutlet | undefined;
  /** Packet ids of this connection that have no last answer: at most receiveMaximum [MQTT-3.3.4-9]. */
  readonly #open = new Set<number>();
  mostOpen = 0;
  /** Topics that came with the identifier of a filter that does not match them. */
  readonly wronglyIdentified: string[] = [];
  readonly subscriptions = new Map<string, QoS>();
  promised: Promised[] = [];
  /** Sequence numbers, each as often as it came. */
  received: { readonly sequence: number; readonly topic: string; readonly qos: QoS }[] = [];
  readonly #incoming = new Set<number>();
  #answers: (readonly ['puback' | 'pubrec' | 'pubcomp', number])[] = [];

  constructor(name: string, isClean: boolean, receiveMaximum?: number) {
    this.name = name;
    this.isClean = isClean;
    this.receiveMaximum = receiveMaximum;
  }

  connect(deliveries: SessionDeliveries): void {
    if (this.outlet !== undefined) return;
    const { receiveMaximum, name: clientId } = this;
    const outlet = new FakeOutlet(
      receiveMaximum === undefined ? { clientId } : { clientId, level: 5, receiveMaximum },
    );
    outlet.onPacket = (packet) => this.#take(packet);
    this.outlet = outlet;
    deliveries.attach(outlet, startOf(this.isClean));
    deliveries.begin(outlet);
  }

  disconnected(): void {
    this.outlet = undefined;
    this.#answers = [];
    this.#open.clear();
    if (!this.isClean) return;
    this.#incoming.clear();
    this.subscriptions.clear();
    this.promised = [];
  }

  answer(deliveries: SessionDeliveries, count: number): number {
    const { outlet } = this;
    if (outlet === undefined) return 0;
    const answers = this.#answers.splice(0, count);
    for (const [type, packetId] of answers) {
      if (type !== 'pubrec') this.#open.delete(packetId);
      deliveries[type](outlet, packetId);
    }
    return answers.length;
  }

  /** QoS 2 handshakes that have not come to their end. */
  get openHandshakes(): number {
    return this.#incoming.size;
  }

  #take(packet: mqttPacket.Packet): void {
    const packetId = packet.messageId ?? 0;
    if (packet.cmd === 'pubrel') {
      this.#incoming.delete(packetId);
      this.#answers.push(['pubcomp', packetId]);
    }
    if (packet.cmd !== 'publish') return;
    if (packet.qos > 0) this.#open.add(packetId);
    this.mostOpen = Math.max(this.mostOpen, this.#open.size);
    for (const identifier of identifiersOf(packet))
      if (!MATCHES[FILTERS[identifier - 1]!]!.includes(packet.topic))
        this.wronglyIdentified.push(packet.topic);
    if (packet.qos > 0) this.#answers.push([packet.qos === 1 ? 'puback' : 'pubrec', packetId]);
    if (packet.qos === 2) {
      if (this.#incoming.has(packetId)) return;
      this.#incoming.add(packetId);
    }
    const { topic, qos } = packet;
    this.received.push({ sequence: Number(packet.payload.toString()), topic, qos });
  }
}

class Model {
  readonly clients = [
    new ModelClient('d1', false),
    new ModelClient('d2', false, 3),
    new ModelClient('c', true),
  ];
  journal = new MemoryJournal();
  deliveries: SessionDeliveries;
  readonly published: string[] = [];

  constructor() {
    this.journal.isFast = false;
    this.deliveries = this.#open();
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'publish':
        this.#publish(step.topic, step.qos);
        return;
      case 'subscribe': {
        const { outlet, subscriptions } = this.clients[step.client]!;
        if (outlet === undefined) return;
        const { filter, qos } = step;
        const options = outlet.level === 5 ? { options: optionsOf(filter) } : {};
        this.deliveries.subscribe(outlet, { packetId: 1, subscriptions: [{ filter, qos, ...options }] });
        subscriptions.set(filter, qos);
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
      case 'disconnect': {
        const one = this.clients[step.client]!;
        if (one.outlet !== undefined) this.deliveries.detach(one.outlet);
        one.disconnected();
        return;
      }
      case 'connect':
        this.clients[step.client]!.connect(this.deliveries);
        return;
      case 'fill':
      case 'read': {
        const { outlet } = this.clients[step.client]!;
        if (outlet === undefined) return;
        outlet.isFull = step.do === 'fill';
        if (!outlet.isFull) this.deliveries.writable(outlet);
        return;
      }
      case 'commit':
        await this.commit();
        return;
      case 'compact':
        this.journal.compact(this.deliveries.snapshot());
        await this.commit();
        return;
      case 'restart':
        for (const one of this.clients) if (one.outlet !== undefined) this.deliveries.detach(one.outlet);
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
      if (one.outlet !== undefined) one.outlet.isFull = false;
      one.connect(this.deliveries);
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
    for (const one of this.clients) for (const promised of one.promised) promised.isCertain = true;
  }

  #publish(topic: string, publishedQos: QoS): void {
    const sequence = this.published.push(topic) - 1;
    for (const one of this.clients) {
      let qos = -1;
      for (const [filter, granted] of one.subscriptions)
        if (MATCHES[filter]!.includes(topic)) qos = Math.max(qos, Math.min(granted, publishedQos));
      if (qos > 0) one.promised.push({ sequence, topic, qos: qos as 1 | 2, isCertain: one.isClean });
    }
    const payload = Buffer.from(`${sequence}`);
    this.deliveries.publish({ topic, payload, qos: publishedQos, isRetained: false, publisher: undefined });
    // The view is only valid during the call.
    payload.fill('x');
  }

  #open(): SessionDeliveries {
    const deliveries = new SessionDeliveries({}, { warn: () => undefined });
    for (const entry of this.journal.durable) deliveries.restore(entry);
    deliveries.open(this.journal);
    return deliveries;
  }

  #reopen(): void {
    this.deliveries.close();
    for (const one of this.clients) {
      one.disconnected();
      one.promised = one.promised.filter(({ isCertain }) => isCertain);
    }
    this.journal = new MemoryJournal(this.journal.durable);
    this.journal.isFast = false;
    this.deliveries = this.#open();
  }
}

function optionsOf(filter: string): SubscriptionOptions {
  const identifier = FILTERS.indexOf(filter) + 1;
  return { isNoLocal: false, isRetainAsPublished: true, retainHandling: 1, identifier };
}

function identifiersOf({ properties }: mqttPacket.IPublishPacket): readonly number[] {
  const identifiers = properties?.subscriptionIdentifier;
  return identifiers === undefined ? [] : [identifiers].flat();
}

function check({ clients, published }: Model): void {
  for (const { received, promised, name, openHandshakes, ...more } of clients) {
    expect(openHandshakes, name).toBe(0);
    expect(more.mostOpen, name).toBeLessThanOrEqual(more.receiveMaximum ?? 100);
    expect(more.wronglyIdentified, name).toEqual([]);
    for (const { sequence, topic } of received) expect(published[sequence], name).toBe(topic);
    const sequences = new Set(received.map(({ sequence }) => sequence));
    const missed = promised.filter(({ sequence }) => !sequences.has(sequence));
    expect(missed, `missed by ${name}`).toEqual([]);
    const twice = received.filter(
      ({ sequence, qos }, i) => qos === 2 && received.findIndex((other) => other.sequence === sequence) !== i,
    );
    expect(twice, `twice to ${name} at QoS 2`).toEqual([]);
    const last = new Map<string, number>();
    const seen = new Set<number>();
    for (const { sequence, topic, qos } of received) {
      if (seen.has(sequence)) continue;
      seen.add(sequence);
      const order = `${topic} at QoS ${qos}`;
      expect(sequence, `${order} to ${name}`).toBeGreaterThan(last.get(order) ?? -1);
      last.set(order, sequence);
    }
  }
}

describe('sessions beside a model', () => {
  it('deliver what was promised, in order, once at QoS 2, and nothing else, also across crashes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 80 }), async (steps) => {
        const model = new Model();
        for (const one of model.clients) one.connect(model.deliveries);
        await model.commit();
        for (const one of steps) await model.run(one);
        await model.finish();
        check(model);
      }),
      { numRuns: Number(process.env.SLUICE_MODEL_RUNS ?? 200) },
    );
  });
});
