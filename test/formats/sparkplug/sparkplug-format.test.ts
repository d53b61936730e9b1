import { describe, expect, it } from 'vitest';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonObject } from '../../../src/formats/json/json-value.js';
import type { Decoded } from '../../../src/formats/payload-format.js';
import { createSparkplugFormat, sparkplugFormat } from '../../../src/formats/sparkplug/sparkplug-format.js';
import { StateTables } from '../../../src/lib/state-tables.js';
import { decodeMutations } from '../mutated-payloads.js';
import { encodeSparkplug, type TestMetric, type TestPayload } from './encode-sparkplug.js';

const AT = 1_772_985_600_120;

/** One consumer: its state goes from message to message. */
class Host {
  state = new StateTables();
  format = sparkplugFormat;

  send(topic: string, payload: TestPayload | Buffer, limits = DEFAULT_JSON_LIMITS): Decoded {
    const bytes = Buffer.isBuffer(payload) ? payload : encodeSparkplug(payload);
    return this.format.decode(bytes, { limits, topic, receivedAtNs: 1n, state: this.state });
  }

  value(topic: string, payload: TestPayload | Buffer): JsonObject {
    const result = this.send(topic, payload);
    if (!result.ok) throw new Error(`${result.code}: ${result.reason}`);
    return result.value as JsonObject;
  }

  refusal(topic: string, payload: TestPayload | Buffer, limits?: typeof DEFAULT_JSON_LIMITS): string {
    const result = this.send(topic, payload, limits);
    return result.ok ? 'decoded' : `${result.code}: ${result.reason}`;
  }
}

const TANK: TestPayload = {
  timestamp: AT,
  seq: 0,
  metrics: [
    { name: 'bdSeq', datatype: 8, long: 7n },
    { name: 'Tank/Level', alias: 11, timestamp: AT - 140, datatype: 10, double: 2.41 },
  ],
};

const int = (value: number | bigint) => ExactNumber.int(BigInt(value));

/** The value of one metric of a birth. */
function metricOf(metric: TestMetric): unknown {
  const { metrics } = new Host().value('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'm', ...metric }] });
  const [only] = metrics as JsonObject[];
  return only?.unsupported === true ? 'unsupported' : only?.value;
}

describe('Sparkplug B', () => {
  it('reads a birth and the data after it, which names its metrics by aliases', () => {
    const host = new Host();
    expect(host.value('spBv1.0/plant/NBIRTH/edge', TANK)).toEqual({
      type: 'NBIRTH',
      group: 'plant',
      node: 'edge',
      timestamp: AT,
      seq: 0,
      bdSeq: 7,
      metrics: [
        { name: 'bdSeq', timestamp: AT, datatype: 'UInt64', value: int(7) },
        { name: 'Tank/Level', alias: 11, timestamp: AT - 140, datatype: 'Double', value: 2.41 },
      ],
    });
    expect(
      host.value('spBv1.0/plant/NDATA/edge', {
        timestamp: AT + 3887,
        seq: 1,
        metrics: [
          { alias: 11, timestamp: AT + 3000, double: 2.39 },
          { alias: 11, double: 2.4, isHistorical: true, isTransient: true },
          { alias: 11, isNull: true },
        ],
      }),
    ).toEqual({
      type: 'NDATA',
      group: 'plant',
      node: 'edge',
      timestamp: AT + 3887,
      seq: 1,
      metrics: [
        { name: 'Tank/Level', alias: 11, timestamp: AT + 3000, datatype: 'Double', value: 2.39 },
        {
          name: 'Tank/Level',
          alias: 11,
          timestamp: AT + 3887,
          datatype: 'Double',
          value: 2.4,
          isHistorical: true,
          isTransient: true,
        },
        {
          name: 'Tank/Level',
          alias: 11,
          timestamp: AT + 3887,
          datatype: 'Double',
          value: null,
          isNull: true,
        },
      ],
    });
  });

  it.each<[string, TestMetric, unknown]>([
    ['Int8 in 8 bits', { datatype: 1, int: 0xff }, int(-1)],
    ['Int8 in 32 bits', { datatype: 1, int: 0xffffff80 }, int(-128)],
    ['Int16', { datatype: 2, int: 0xffff8000 }, int(-32_768)],
    ['Int16 above zero', { datatype: 2, int: 32_767 }, int(32_767)],
    ['Int32', { datatype: 3, int: 0xfffffffe }, int(-2)],
    ['Int32 in 64 bits', { datatype: 3, long: -3n }, int(-3)],
    ['Int64', { datatype: 4, long: -(2n ** 63n) }, int(-(2n ** 63n))],
    ['Int64 beyond 2^53', { datatype: 4, long: 9_007_199_254_740_993n }, int(9_007_199_254_740_993n)],
    ['UInt8', { datatype: 5, int: 255 }, int(255)],
    ['UInt16', { datatype: 6, int: 65_535 }, int(65_535)],
    ['UInt32', { datatype: 7, int: 0xffffffff }, int(0xffffffff)],
    ['UInt32 in 64 bits', { datatype: 7, long: 0xffffffffn }, int(0xffffffff)],
    ['UInt64', { datatype: 8, long: 2n ** 63n - 1n }, int(2n ** 63n - 1n)],
    ['UInt64 beyond int64', { datatype: 8, long: 2n ** 64n - 1n }, new ExactNumber('18446744073709551615')],
    ['Float', { datatype: 9, float: 2.5 }, 2.5],
    ['Double', { datatype: 10, double: -1.1 }, -1.1],
    ['Double beyond 2^53', { datatype: 10, double: 1e300 }, new ExactNumber('1e+300')],
    ['NaN', { datatype: 10, double: Number.NaN }, null],
    ['Boolean', { datatype: 11, boolean: false }, false],
    ['String', { datatype: 12, string: 'ü' }, 'ü'],
    ['DateTime', { datatype: 13, long: BigInt(AT) }, AT],
    ['Text', { datatype: 14, string: 'long' }, 'long'],
    ['UUID', { datatype: 15, string: 'a-b' }, 'a-b'],
    ['null', { datatype: 10, isNull: true }, null],
    ['nothing', { datatype: 10 }, null],
    ['a data set', { datatype: 16, dataset: true }, 'unsupported'],
    ['bytes', { datatype: 17, bytes: Buffer.from('ab') }, 'unsupported'],
    ['a file', { datatype: 18, bytes: Buffer.from('ab') }, 'unsupported'],
    ['a template', { datatype: 19, template: true }, 'unsupported'],
    ['an array', { datatype: 24, bytes: Buffer.alloc(8) }, 'unsupported'],
    ['a type of the future', { datatype: 99, bytes: Buffer.alloc(8) }, 'unsupported'],
    ['text instead of a number', { datatype: 10, string: '1' }, 'unsupported'],
    ['a double without a type', { double: 1.5 }, 1.5],
  ])('converts %s', (_what, metric, value) => {
    expect(metricOf(metric)).toEqual(value);
  });

  it('declares integers, and counts NaN', () => {
    const host = new Host();
    const born = host.send('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'a', datatype: 3, int: 1 }] });
    expect(born).toMatchObject({ ok: true, holdsExact: true });
    expect(JSON.stringify(born)).toContain('"declared":"int"');
    expect(
      host.send('spBv1.0/g/NDATA/n', { metrics: [{ name: 'b', datatype: 9, float: Number.NaN }] }),
    ).toMatchObject({ ok: true, repaired: ['nan'], value: { metrics: [{ value: null }] } });
  });

  it('lists properties, and what has no form for stores without its value', () => {
    const { metrics } = new Host().value('spBv1.0/g/DBIRTH/n/d', {
      metrics: [
        {
          name: 'm',
          datatype: 16,
          dataset: true,
          properties: [
            { key: 'Quality', type: 3, int: 192 },
            { key: 'engUnit', type: 12, string: 'Cel' },
            { key: 'low', type: 10, isNull: true },
            { key: 'set', type: 20 },
            { key: 'wrong', type: 3, string: 'x' },
          ],
        },
      ],
    });
    expect(metrics).toEqual([
      {
        name: 'm',
        datatype: 'DataSet',
        unsupported: true,
        properties: { Quality: int(192), engUnit: 'Cel', low: null, set: null },
      },
    ]);
  });

  it('parks data before its birth and with an unknown alias, and reads the same bytes after the birth', () => {
    const host = new Host();
    const data = { seq: 1, metrics: [{ alias: 11, double: 2.39 }] };
    expect(host.refusal('spBv1.0/plant/NDATA/edge', data)).toBe(
      'sparkplug-no-birth: metric 1: no birth explains the alias 11',
    );
    host.value('spBv1.0/plant/NBIRTH/edge', TANK);
    expect(host.value('spBv1.0/plant/NDATA/edge', data).metrics).toMatchObject([{ name: 'Tank/Level' }]);
    const mixed = { metrics: [...data.metrics, { alias: 12, double: 1 }] };
    expect(host.refusal('spBv1.0/plant/NDATA/edge', mixed)).toBe(
      'sparkplug-no-birth: metric 2: no birth explains the alias 12',
    );
    expect(host.refusal('spBv1.0/plant/NDATA/other', data)).toMatch(/^sparkplug-no-birth/);
    expect(host.refusal('spBv1.0/plant/NDATA/edge', { metrics: [{ name: 'x', int: 1 }] })).toBe(
      'sparkplug-no-birth: metric 1: no birth gives the data type of "x"',
    );
  });

  it('needs no birth for metrics that bring their name and type', () => {
    const metrics = [
      { name: 'a', datatype: 3, int: 1 },
      { name: 'b', double: 1.5 },
    ];
    expect(new Host().value('spBv1.0/g/DDATA/n/d', { metrics }).metrics).toEqual([
      { name: 'a', datatype: 'Int32', value: int(1) },
      { name: 'b', datatype: 'Double', value: 1.5 },
    ]);
  });

  it('knows the aliases of a device, and those of its node', () => {
    const host = new Host();
    host.value('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'of node', alias: 1, datatype: 3, int: 0 }] });
    host.value('spBv1.0/g/DBIRTH/n/d', { metrics: [{ name: 'of device', alias: 2, datatype: 1, int: 0 }] });
    const both = {
      metrics: [
        { alias: 2, int: 0xff },
        { alias: 1, int: 5 },
      ],
    };
    expect(host.value('spBv1.0/g/DDATA/n/d', both).metrics).toMatchObject([
      { name: 'of device', datatype: 'Int8', value: int(-1) },
      { name: 'of node', datatype: 'Int32', value: int(5) },
    ]);
    expect(host.refusal('spBv1.0/g/NDATA/n', both)).toMatch(/^sparkplug-no-birth: metric 1/);
    expect(host.refusal('spBv1.0/g/DDATA/n/e', both)).toMatch(/^sparkplug-no-birth: metric 1/);
  });

  it('forgets the devices of a node when the node is born again', () => {
    const host = new Host();
    const data = { metrics: [{ alias: 2, int: 1 }] };
    const birth = { metrics: [{ name: 'm', alias: 2, datatype: 3, int: 0 }] };
    host.value('spBv1.0/g/DBIRTH/n/d', birth);
    expect(host.value('spBv1.0/g/DDATA/n/d', data).metrics).toHaveLength(1);
    host.value('spBv1.0/g/NBIRTH/n', { metrics: [] });
    expect(host.refusal('spBv1.0/g/DDATA/n/d', data)).toMatch(/^sparkplug-no-birth/);
    host.value('spBv1.0/g/DBIRTH/n/d', birth);
    expect(host.value('spBv1.0/g/DDATA/n/d', data).metrics).toHaveLength(1);
    expect(host.state.table('sparkplug-births').size).toBe(2);
  });

  it('takes the newest birth of a node, also for the name of an alias', () => {
    const host = new Host();
    host.value('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'old', alias: 1, datatype: 3, int: 0 }] });
    host.value('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'new', alias: 1, datatype: 10, double: 0 }] });
    expect(host.value('spBv1.0/g/NDATA/n', { metrics: [{ alias: 1, double: 1 }] }).metrics).toMatchObject([
      { name: 'new', datatype: 'Double' },
    ]);
  });

  it('goes on after a restart with the state that was saved', () => {
    const before = new Host();
    before.value('spBv1.0/plant/NBIRTH/edge', TANK);
    before.value('spBv1.0/plant/DBIRTH/edge/d', {
      seq: 1,
      metrics: [{ name: 'd', alias: 9, datatype: 1, int: 0 }],
    });
    const after = new Host();
    after.state.restore(JSON.parse(JSON.stringify(before.state.takeAll())));
    expect(
      after.value('spBv1.0/plant/DDATA/edge/d', { seq: 3, metrics: [{ alias: 9, int: 0x80 }] }),
    ).toMatchObject({ seqGap: 1, metrics: [{ name: 'd', value: int(-128) }] });
    expect(after.state.takeChanges()).toEqual([['sparkplug-sequence', 'plant/edge', 3]]);
  });

  it('counts gaps in the sequence that a node and its devices share', () => {
    const host = new Host();
    const gapOf = (topic: string, seq: number) => {
      const result = host.send(`spBv1.0/g/${topic}`, { seq, metrics: [] });
      return result.ok ? [(result.value as JsonObject).seqGap, result.notes] : result.reason;
    };
    const none = [undefined, undefined];
    expect(gapOf('NDATA/n', 5)).toEqual(none);
    expect(gapOf('NBIRTH/n', 0)).toEqual(none);
    expect(gapOf('DBIRTH/n/d', 1)).toEqual(none);
    expect(gapOf('DDATA/n/d', 2)).toEqual(none);
    expect(gapOf('DDATA/n/d', 2)).toEqual(none);
    expect(gapOf('NDATA/n', 5)).toEqual([2, ['sparkplug-sequence-gap']]);
    expect(gapOf('NCMD/n', 77)).toEqual(none);
    expect(gapOf('DDEATH/n/d', 255)).toEqual([249, ['sparkplug-sequence-gap']]);
    expect(gapOf('NDATA/n', 0)).toEqual(none);
    host.refusal('spBv1.0/g/NDATA/n', { seq: 1, metrics: [{ alias: 99, int: 1 }] });
    expect(gapOf('NDATA/n', 2)).toEqual(none);
    expect(gapOf('NBIRTH/n', 0)).toEqual(none);
  });

  it('gives a death without metrics, and says which one is of an earlier session', () => {
    const host = new Host();
    const death = (bdSeq: bigint) => ({
      timestamp: AT,
      metrics: [{ name: 'bdSeq', datatype: 4, long: bdSeq }],
    });
    expect(host.value('spBv1.0/plant/NDEATH/edge', death(6n))).not.toHaveProperty('isOld');
    host.value('spBv1.0/plant/NBIRTH/edge', TANK);
    const common = { type: 'NDEATH', group: 'plant', node: 'edge', timestamp: AT, metrics: [] };
    expect(host.value('spBv1.0/plant/NDEATH/edge', death(6n))).toEqual({ ...common, bdSeq: 6, isOld: true });
    expect(host.value('spBv1.0/plant/NDEATH/edge', death(7n))).toEqual({ ...common, bdSeq: 7 });
    expect(host.value('spBv1.0/plant/DDEATH/edge/d', { timestamp: AT, seq: 1 })).toEqual({
      type: 'DDEATH',
      group: 'plant',
      node: 'edge',
      device: 'd',
      timestamp: AT,
      seq: 1,
      metrics: [],
    });
  });

  it('reads commands as far as births explain them, and the state of a host as JSON', () => {
    const host = new Host();
    expect(
      host.value('spBv1.0/g/NCMD/n', {
        metrics: [
          { name: 'Node Control/Rebirth', datatype: 11, boolean: true },
          { alias: 3, int: 1 },
        ],
      }).metrics,
    ).toEqual([
      { name: 'Node Control/Rebirth', datatype: 'Boolean', value: true },
      { alias: 3, datatype: 'Unknown', unsupported: true },
    ]);
    const state = Buffer.from('{"online":true,"timestamp":1772985600120}');
    expect(host.value('spBv1.0/STATE/scada', state)).toEqual({
      type: 'STATE',
      host: 'scada',
      state: { online: true, timestamp: AT },
      metrics: [],
    });
    expect(host.refusal('spBv1.0/STATE/scada', Buffer.from('ONLINE'))).toMatch(/^payload-not-json/);
  });

  it('takes topics with levels before them, and no others', () => {
    const host = new Host();
    expect(host.value('site/spBv1.0/g/NDATA/n', {})).toMatchObject({ group: 'g', node: 'n' });
    for (const topic of [
      'spBv1.0',
      'spBv1.0/g/NDATA',
      'spBv1.0/g/NDATA/n/d',
      'spBv1.0/g/DDATA/n',
      'spBv1.0/g/DDATA/n/d/x',
      'spBv1.0/g/OTHER/n',
      'spBv1.0/STATE/a/b',
      'plant/telemetry',
    ]) {
      expect(host.refusal(topic, {})).toBe(
        `payload-not-decodable: the topic "${topic}" is none of Sparkplug B`,
      );
    }
  });

  it('skips fields that it does not know', () => {
    const known = encodeSparkplug({ seq: 3, uuid: 'x' });
    // Field 50 as a varint, 51 with bytes, 52 as a group with a field inside, field 3 with the wire type of bytes.
    const unknown = Buffer.from('9003019a0302aaaaa3030801a4031a00', 'hex');
    expect(new Host().value('spBv1.0/g/NDATA/n', Buffer.concat([unknown, known]))).toMatchObject({ seq: 3 });
  });

  it.each([
    ['a length beyond the payload', '12ff01', 'index out of range'],
    ['a length of 4 GB', '12ffffffff0f', 'invalid length encoding'],
    ['an endless number', '08ffffffffffffffffffffff', 'invalid varint encoding'],
    ['a metric that is cut', `1204${'0a0561'}`, 'index out of range'],
    ['an end of a group without its begin', '0c', 'invalid wire type'],
    ['a field 0', '0001', 'a field has the number 0'],
    ['groups without an end', 'a303'.repeat(30_000), 'depth'],
  ])('rejects %s', (_what, hex, problem) => {
    const refusal = new Host().refusal('spBv1.0/g/NDATA/n', Buffer.from(hex, 'hex'));
    expect(refusal).toMatch(/^payload-not-decodable: the payload is not Sparkplug B: /);
    expect(refusal).toContain(problem);
  });

  it('rejects names and texts that are no text, and metrics without a name', () => {
    const host = new Host();
    const refusal = (metric: TestMetric) => host.refusal('spBv1.0/g/NBIRTH/n', { metrics: [metric] });
    expect(refusal({ name: 'a', datatype: 12, string: Buffer.from('c328', 'hex') })).toMatch(
      /^payload-not-utf8/,
    );
    expect(refusal({ datatype: 10, double: 1 })).toBe('payload-not-decodable: metric 1: it has no name');
    expect(refusal({ name: 'x'.repeat(1_025), datatype: 10 })).toMatch(/^payload-forbidden-key: metric 1: /);
    const properties = (...keys: string[]) => keys.map((key) => ({ key, type: 3, int: 1 }));
    expect(refusal({ name: 'a', properties: properties('__proto__') })).toMatch(/^payload-forbidden-key/);
    expect(refusal({ name: 'a', properties: properties('x'.repeat(257)) })).toMatch(/^payload-forbidden-key/);
    expect(refusal({ name: 'a', properties: properties('a', 'a') })).toMatch(/^payload-duplicate-key/);
    expect(host.state.takeAll()).toEqual([]);
  });

  it('bounds the metrics and properties of a message', () => {
    const limits = { ...DEFAULT_JSON_LIMITS, maxKeys: 2, maxPayloadBytes: 2_000 };
    const host = new Host();
    const many = (count: number) => ({ metrics: Array(count).fill({ name: 'a', datatype: 10 }) });
    expect(host.refusal('spBv1.0/g/NBIRTH/n', many(8), limits)).toBe('decoded');
    expect(host.refusal('spBv1.0/g/NBIRTH/n', many(9), limits)).toMatch(
      /^payload-too-many-keys: .*8 metrics/,
    );
    const properties = ['a', 'b', 'c'].map((key) => ({ key, type: 3, int: 1 }));
    expect(host.refusal('spBv1.0/g/NBIRTH/n', { metrics: [{ name: 'a', properties }] }, limits)).toMatch(
      /^payload-too-many-keys: .* properties/,
    );
    expect(host.refusal('spBv1.0/g/NBIRTH/n', Buffer.alloc(2_001), limits)).toMatch(/^payload-too-large/);
  });

  it('bounds the births: those of the nodes born least recently go, with their devices', () => {
    const host = new Host();
    host.format = createSparkplugFormat({ maxNodes: 10, maxDevicesPerNode: 3, maxSize: 1e6 });
    const birth = { metrics: [{ name: 'm', alias: 1, datatype: 10, double: 1 }] };
    const data = { metrics: [{ alias: 1, double: 2 }] };
    for (let node = 0; node < 10; node++) host.value(`spBv1.0/g/NBIRTH/n${node}`, birth);
    host.value('spBv1.0/g/DBIRTH/n0/d', birth);
    host.value('spBv1.0/g/NBIRTH/n1', birth);
    expect(host.send('spBv1.0/g/NBIRTH/n10', birth)).toMatchObject({ notes: ['sparkplug-birth-forgotten'] });
    expect(host.refusal('spBv1.0/g/DDATA/n0/d', data)).toMatch(/^sparkplug-no-birth/);
    expect(host.refusal('spBv1.0/g/NDATA/n2', data)).toMatch(/^sparkplug-no-birth/);
    for (const node of [1, 3, 9, 10]) expect(host.refusal(`spBv1.0/g/NDATA/n${node}`, data)).toBe('decoded');
    for (const device of ['a', 'b', 'c', 'd']) host.value(`spBv1.0/g/DBIRTH/n1/${device}`, birth);
    expect(host.refusal('spBv1.0/g/DDATA/n1/b', data)).toBe('decoded');
    expect(host.state.table('sparkplug-births').entries()).toHaveLength(12);
  });

  it('bounds the births by their size, and keeps count of it', () => {
    const host = new Host();
    host.format = createSparkplugFormat({ maxNodes: 1_000, maxDevicesPerNode: 100, maxSize: 20_000 });
    const birth = (length: number) => ({ metrics: [{ name: 'x'.repeat(length), datatype: 10, double: 1 }] });
    for (let round = 0; round < 300; round++) {
      host.value(`spBv1.0/g/NBIRTH/n${round % 50}`, birth(1 + ((round * 37) % 1_000)));
      host.value(`spBv1.0/g/DBIRTH/n${(round * 7) % 50}/d${round % 5}`, birth(1 + ((round * 11) % 700)));
    }
    const saved = JSON.stringify(host.state.table('sparkplug-births').entries()).length;
    expect(saved).toBeLessThan(20_000);
    expect(saved).toBeGreaterThan(10_000);
    const entries = host.state.table<{ size: number; devices?: string[] }>('sparkplug-births').entries();
    const nodes = entries.filter(([, birth]) => birth.devices !== undefined);
    expect(host.state.table('sparkplug-totals').get('')).toMatchObject({
      nodes: nodes.length,
      size: nodes.reduce((sum, [, { size }]) => sum + size, 0),
    });
  });

  it('bounds the births of one node with many large devices: those born least recently go', () => {
    const host = new Host();
    host.format = createSparkplugFormat({ maxNodes: 10, maxDevicesPerNode: 1_000, maxSize: 20_000 });
    const birth = { metrics: [{ name: 'x'.repeat(1_000), alias: 1, datatype: 10, double: 1 }] };
    const data = { metrics: [{ alias: 1, double: 2 }] };
    host.value('spBv1.0/g/NBIRTH/n', birth);
    for (let device = 0; device < 99; device++) host.value(`spBv1.0/g/DBIRTH/n/d${device}`, birth);
    expect(host.refusal('spBv1.0/g/DDATA/n/d98', data)).toBe('decoded');
    let gone = 0;
    for (let device = 99; device < 110; device++) {
      const sent = host.send(`spBv1.0/g/DBIRTH/n/d${device}`, birth);
      if ('notes' in sent && sent.notes?.includes('sparkplug-birth-forgotten')) gone++;
    }
    expect(gone).toBeGreaterThan(0);
    const entries = host.state.table<{ size: number; devices?: string[] }>('sparkplug-births').entries();
    expect(JSON.stringify(entries).length).toBeLessThan(20_000);
    const [node] = entries.flatMap(([, one]) => (one.devices === undefined ? [] : [one]));
    expect(node?.devices).toHaveLength(entries.length - 1);
    expect(host.state.table('sparkplug-totals').get('')).toMatchObject({ nodes: 1, size: node?.size });
  });

  it('never throws on mutated payloads', () => {
    const host = new Host();
    const all: TestMetric[] = [
      { name: 'a', alias: 1, timestamp: AT, datatype: 10, double: 1.5, isHistorical: true },
      { name: 'b', alias: 2, datatype: 4, long: -5n, properties: [{ key: 'Quality', type: 3, int: 192 }] },
      { name: 'c', alias: 3, datatype: 12, string: 'text ü', isNull: false },
      { name: 'd', datatype: 17, bytes: Buffer.alloc(20) },
      { name: 'bdSeq', datatype: 8, long: 1n },
    ];
    const good = [encodeSparkplug({ timestamp: AT, seq: 0, metrics: all }), encodeSparkplug(TANK)];
    const types = ['NBIRTH/n', 'DBIRTH/n/d', 'NDATA/n', 'DDATA/n/d', 'NDEATH/n', 'DCMD/n/d', 'NBIRTH/m'];
    let round = 0;
    const { decoded, codes } = decodeMutations(good, 20_261_133, (payload) =>
      host.send(`spBv1.0/g/${types[round++ % types.length]}`, payload),
    );
    expect(decoded).toBeGreaterThan(100);
    expect([...codes]).toEqual(expect.arrayContaining(['payload-not-decodable', 'payload-not-utf8']));
    const { size } = host.state.table<{ size: number }>('sparkplug-totals').get('')!;
    expect(size).toBeLessThan(100_000);
  }, 600_000);
});
