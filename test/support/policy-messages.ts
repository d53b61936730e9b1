import { encodeSparkplug } from '../formats/sparkplug/encode-sparkplug.js';
import type { ClientMessage } from './publish-messages.js';

/** Rules that meet every policy which decides by earlier messages. All points have the time of the device. */
export const POLICY_RULES = `
rules:
  - name: meters
    topic: meters/+meter
    measurement: power
    time: { path: payload.t, unit: s }
    tags: { meter: topic.meter }
    fields: { w: { path: payload.w, type: float } }
    policies: { collision: spread, gaps: { counter: payload.n, by: [topic.meter] } }
  - name: doors
    topic: doors/+door
    where: payload.n >= 0
    measurement: openings
    time: { path: payload.t, unit: ms }
    tags: { door: topic.door }
    fields: { n: { path: payload.n, type: int } }
    policies: { duplicates: { key: [topic.door, payload.id], within: 2h, maxKeys: 400 } }
  - name: parking
    topic: boots/park
    measurement: boots_park
    time: { path: payload.t, unit: ms }
    tags: { boot: payload.boot, client: clientId }
    fields: { v: payload.v }
    policies: { cardinality: { series: 150, clientShare: 40 } }
  - name: demoting
    topic: boots/demote
    measurement: boots_demote
    time: { path: payload.t, unit: ms }
    tags: { boot: payload.boot }
    fields: { v: payload.v }
    policies: { collision: spread, cardinality: { tagValues: 120, otherwise: demote } }
  - name: inventing
    topic: names/omit
    measurement: names_omit
    time: { path: payload.t, unit: ms }
    tags: { client: clientId }
    autoFields: { from: payload.f }
    policies: { cardinality: { fields: 80, newFields: 40, clientShare: 90, otherwise: omit } }
  - name: inventing-too
    topic: names/park
    measurement: names_park
    time: { path: payload.t, unit: ms }
    tags: { client: clientId }
    autoFields: { from: payload.f }
    policies: { cardinality: { fields: 100, clientShare: 40 } }
  - name: states
    topic: states/+device
    measurement: states
    time: { path: payload.t, unit: ms }
    tags: { device: topic.device }
    fields: { v: payload.v }
    whenEmpty: filter
  - name: plant
    topic: spBv1.0/plant/+type/#node
    where: payload.type in ["NBIRTH", "NDATA"]
    each: { path: payload.metrics, as: metric }
    measurement: plant
    time: { path: metric.timestamp, unit: ms }
    tags: { node: payload.node }
    fields: { "{metric.name}": metric.value }
`;

const CLIENTS = 4;

/** The messages of some clients that meet the rules, the same for the same seed; `rounds` says how many. */
export function policyMessages(seed: number, rounds: number, baseMs: number): ClientMessage[] {
  const random = seeded(seed);
  const upTo = (limit: number) => Math.floor(random() * limit);
  const counters = new Map<string, number>();
  const messages: ClientMessage[] = [];
  const send = (client: string, topic: string, value: object) =>
    messages.push({ client, topic, payload: JSON.stringify(value) });
  for (let round = 0; round < rounds; round++) {
    const t = baseMs + round * 100;
    for (let index = 0; index < CLIENTS; index++) {
      const client = `client-${index}`;
      const n = (counters.get(client) ?? 0) + (upTo(20) === 0 ? 3 : 1);
      counters.set(client, n);
      const reading = { t: Math.floor(t / 1_000), w: upTo(5_000) / 4, n };
      send(client, `meters/m${index}`, reading);
      if (upTo(10) === 0) send(client, `meters/m${index}`, reading);
      // The id is often one of a short while ago, also over many batches; the values differ.
      send(client, `doors/d${index}`, { t: t + index, id: upTo(round + 20), n: upTo(100) - 5 });
      send(client, 'boots/park', { t: t + index, boot: `b${upTo(round + 5)}`, v: upTo(100) });
      send(client, 'boots/demote', { t: t + index, boot: `b${upTo(round + 5)}`, v: upTo(1_000_000) });
      const f = { common: upTo(100), [`f${index}_${upTo(round + 2)}`]: 1, [`f${upTo(round + 2)}`]: 2 };
      send(client, 'names/omit', { t: t + index, f });
      send(client, 'names/park', { t: t + index, f });
      send(client, `states/s${index}`, upTo(3) === 0 ? { t } : { t: t + index, v: upTo(100) });
      messages.push(sparkplugMessage(client, `n${index}`, round + index, t + index, upTo(1_000)));
    }
  }
  return messages;
}

const BIRTH_EVERY = 40;

/** Data before the first birth; at each birth the aliases of the two metrics change. */
function sparkplugMessage(client: string, node: string, n: number, t: number, value: number): ClientMessage {
  const births = Math.floor(n / BIRTH_EVERY);
  const [level, flow] = births % 2 === 0 ? [1, 2] : [2, 1];
  const isBirth = n > 0 && n % BIRTH_EVERY === 0;
  const metrics = isBirth
    ? [
        { name: 'bdSeq', datatype: 8, long: BigInt(births) },
        { name: 'level', alias: level, datatype: 10, double: value + 0.5 },
        { name: 'flow', alias: flow, datatype: 10, double: value + 0.25 },
      ]
    : [{ alias: n % 2 === 0 ? level : flow, double: value + 0.5 }];
  return {
    client,
    topic: `spBv1.0/plant/${isBirth ? 'NBIRTH' : 'NDATA'}/${node}`,
    payload: encodeSparkplug({ timestamp: t, seq: n & 0xff, metrics }),
  };
}

/** mulberry32: numbers from 0 to below 1, the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
