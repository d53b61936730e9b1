import { encode } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { StateTables } from '../../src/lib/state-tables.js';
import { encodeSparkplug, type TestPayload } from '../formats/sparkplug/encode-sparkplug.js';
import { outcomeIn, ruleSetOf } from './rule-outcome.js';

const AT = 1_772_985_600_120;

const SPARKPLUG = ruleSetOf(`
rules:
  # Births must be decoded, so the condition asks for the payload: one for the topic alone would be decided before it.
  - name: sparkplug
    topic: spBv1.0/+group/+type/+node/#
    where: 'payload.type in ["NBIRTH", "DBIRTH", "NDATA", "DDATA"]'
    each: { path: payload.metrics, as: metric, where: '!has(metric.unsupported) && !has(metric.isTransient)' }
    measurement: plant
    time: { path: metric.timestamp, unit: ms }
    tags: { group: payload.group, node: payload.node, device: payload.device }
    fields: { "{metric.name}": metric.value }
`);

describe('Sparkplug B by a rule', () => {
  const birth: TestPayload = {
    timestamp: AT,
    seq: 0,
    metrics: [
      { name: 'bdSeq', datatype: 8, long: 7n, isTransient: true },
      { name: 'Tank/Level', alias: 11, timestamp: AT - 140, datatype: 10, double: 2.41 },
      { name: 'starts', alias: 12, datatype: 4, long: 9_007_199_254_740_993n },
      { name: 'image', alias: 13, datatype: 17, bytes: Buffer.from('x') },
    ],
  };
  const deviceBirth: TestPayload = {
    timestamp: AT + 10,
    seq: 1,
    metrics: [
      { name: 'temp', alias: 20, datatype: 1, int: 0xfb },
      { name: 'mode', alias: 21, datatype: 12, string: 'auto' },
      { name: 'open', alias: 22, datatype: 11, boolean: true },
    ],
  };
  const data = (seq: number, int: number): TestPayload => ({
    timestamp: AT + 1_000,
    seq,
    metrics: [
      { alias: 20, timestamp: AT + 900, int },
      { alias: 22, isNull: true },
    ],
  });
  const send = (state: StateTables, topic: string, payload: TestPayload) =>
    outcomeIn(SPARKPLUG, encodeSparkplug(payload), { topic: `spBv1.0/site/${topic}` }, { state });

  it('writes births and data, also after a restart with the state that was saved', () => {
    const state = new StateTables();
    expect(send(state, 'NBIRTH/edge', birth).lines).toEqual([
      'plant,group=site,node=edge Tank/Level=2.41 1772985599980000000',
      'plant,group=site,node=edge starts=9007199254740993i 1772985600120000000',
    ]);
    expect(send(state, 'DBIRTH/edge/oven', deviceBirth).lines).toEqual([
      'plant,device=oven,group=site,node=edge temp=-5i,mode="auto",open=T 1772985600130000000',
    ]);
    expect(send(state, 'DDATA/edge/oven', data(2, 0xfa))).toEqual({
      lines: ['plant,device=oven,group=site,node=edge temp=-6i 1772985601020000000'],
      outcome: 'written',
      notes: expect.objectContaining({ 'element-skipped': 1 }) as object,
    });
    const restarted = new StateTables();
    restarted.restore(JSON.parse(JSON.stringify(state.takeAll())));
    const after = send(restarted, 'DDATA/edge/oven', data(5, 0x7f));
    expect(after.lines).toEqual(['plant,device=oven,group=site,node=edge temp=127i 1772985601020000000']);
    expect(after.notes).toMatchObject({ 'sparkplug-sequence-gap': 1 });
  });

  it('parks data before the birth as a whole, and a replay in an overlay reads it with the newest birth', () => {
    const state = new StateTables();
    const early = send(state, 'DDATA/edge/oven', data(2, 1));
    expect(early).toMatchObject({ lines: [], outcome: 'parked as sparkplug-no-birth' });
    send(state, 'DBIRTH/edge/oven', deviceBirth);
    state.takeChanges();
    const replayed = send(state.overlay(), 'DDATA/edge/oven', data(2, 1));
    expect(replayed.lines).toHaveLength(1);
    expect(state.takeChanges()).toEqual([]);
  });

  it('filters deaths, commands and the state of hosts', () => {
    const state = new StateTables();
    for (const topic of ['NDEATH/edge', 'NCMD/edge', 'DCMD/edge/oven']) {
      expect(send(state, topic, { metrics: [{ name: 'bdSeq', datatype: 8, long: 1n }] }).outcome).toBe(
        'filtered by sparkplug',
      );
    }
  });
});

describe('binary formats by a rule', () => {
  it('reads SenML with the receive time as now, and its units as tags', () => {
    const rules = ruleSetOf(`
rules:
  - name: senml
    topic: senml/#
    format: senml
    each: { path: payload, as: record }
    measurement: senml
    time: { path: record.time, unit: ns }
    tags: { device: record.base, channel: record.label, unit: record.unit }
    fields:
      value: { path: record.value, type: float }
      text: { path: record.string, type: string }
      on: { path: record.boolean, type: boolean }
`);
    const pack = `[{"bn":"urn:dev:mac:02a1b3fffe04c7d9:","bt":1772985600,"bu":"Cel","n":"inlet","v":6.14e1},
      {"n":"inlet","t":-60,"v":61.1},{"n":"valve","u":"/","vb":true},{"n":"model","vs":"HX-20"}]`;
    expect(outcomeIn(rules, pack, { topic: 'senml/x' }).lines).toEqual([
      'senml,channel=inlet,device=urn:dev:mac:02a1b3fffe04c7d9:,unit=Cel value=61.4 1772985600000000000',
      'senml,channel=inlet,device=urn:dev:mac:02a1b3fffe04c7d9:,unit=Cel value=61.1 1772985540000000000',
      'senml,channel=valve,device=urn:dev:mac:02a1b3fffe04c7d9:,unit=/ on=T 1772985600000000000',
      'senml,channel=model,device=urn:dev:mac:02a1b3fffe04c7d9:,unit=Cel text="HX-20" 1772985600000000000',
    ]);
    expect(outcomeIn(rules, '[{"n":"a","t":-1,"v":1}]', { topic: 'senml/x' }).lines).toEqual([
      'senml,channel=a value=1 1773000311500000000',
    ]);
  });

  it('reads CBOR and MessagePack by the format of a topic, and counts a NaN that was tolerated', () => {
    const rules = ruleSetOf(`
consumer:
  formats:
    - { topic: "+/cbor", format: { type: cbor, lenient: nan } }
    - { topic: "+/msgpack", format: msgpack }
rules: [{ name: r, topic: "#", measurement: m, time: { path: payload.time }, fields: auto }]
`);
    // {"time": 1(1772985664.5), "t": 21.5 as half float, "n": 2^53 + 1, "x": NaN}
    const cbor = 'a46474696d65c1fb41da6b67502000006174f94d60616e1b00200000000000016178f97e00';
    expect(outcomeIn(rules, Buffer.from(cbor, 'hex'), { topic: 'a/cbor' })).toMatchObject({
      lines: ['m t=21.5,n=9007199254740992 1772985664500000000'],
      notes: { 'payload-repaired': 1, 'number-rounded': 1 },
    });
    const msgpack = Buffer.from(encode({ time: new Date(AT), t: 21.5, on: true }));
    expect(outcomeIn(rules, msgpack, { topic: 'a/msgpack' }).lines).toEqual([
      'm t=21.5,on=T 1772985600120000000',
    ]);
    expect(outcomeIn(rules, msgpack.subarray(0, 9), { topic: 'a/msgpack' }).outcome).toBe(
      'parked as payload-not-decodable',
    );
  });
});
