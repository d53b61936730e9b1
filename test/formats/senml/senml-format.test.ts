import { describe, expect, it } from 'vitest';
import { DEFAULT_JSON_LIMITS, ExactNumber, type JsonValue } from '../../../src/formats/json/json-value.js';
import type { Decoded } from '../../../src/formats/payload-format.js';
import { createSenmlFormat, type SenmlEncoding } from '../../../src/formats/senml/senml-format.js';
import { StateTables } from '../../../src/lib/state-tables.js';
import { decodeMutations } from '../mutated-payloads.js';

const NOW_NS = 1_772_985_600_000_000_123n;
const ns = (text: string) => new ExactNumber(text);
const NOW = ns(String(NOW_NS));

function decode(
  payload: Buffer | string,
  encoding: SenmlEncoding = 'auto',
  limits = DEFAULT_JSON_LIMITS,
): Decoded {
  return createSenmlFormat(encoding).decode(Buffer.from(payload as string), {
    limits,
    topic: 'senml',
    receivedAtNs: NOW_NS,
    state: new StateTables(),
  });
}

function records(payload: Buffer | string, encoding?: SenmlEncoding): JsonValue {
  const result = decode(payload, encoding);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

function refusal(payload: Buffer | string, encoding?: SenmlEncoding): string {
  const result = decode(payload, encoding);
  return result.ok ? JSON.stringify(result.value) : `${result.code}: ${result.reason}`;
}

const ONE_WIRE = 'urn:dev:ow:10e2073a01080063';
const CURRENTS_JSON = `[
  {"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},
  {"n":"current","t":-5,"v":1.2},{"n":"current","t":-4,"v":1.3},{"n":"current","t":-3,"v":1.4},
  {"n":"current","t":-2,"v":1.5},{"n":"current","t":-1,"v":1.6},{"n":"current","v":1.7}]`;
const CURRENTS_CBOR = Buffer.from(
  `87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b00106223614120050067766f6c746167
6501615602fb405e066666666666a3006763757272656e74062402fb3ff3333333333333a3006763757272656e74062302fb3ff4cccccccccc
cda3006763757272656e74062202fb3ff6666666666666a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff99999
9999999aa3006763757272656e74060002fb3ffb333333333333`.replace(/\s/g, ''),
  'hex',
);
const CURRENTS = [
  ['voltage', 'V', '1276020076001000000', 120.1],
  ['current', 'A', '1276020071001000000', 1.2],
  ['current', 'A', '1276020072001000000', 1.3],
  ['current', 'A', '1276020073001000000', 1.4],
  ['current', 'A', '1276020074001000000', 1.5],
  ['current', 'A', '1276020075001000000', 1.6],
  ['current', 'A', '1276020076001000000', 1.7],
].map(([label, unit, time, value]) => ({
  name: `urn:dev:ow:10e2073a0108006:${label}`,
  base: 'urn:dev:ow:10e2073a0108006:',
  label,
  unit,
  time: ns(time as string),
  value,
}));

describe('the examples of RFC 8428', () => {
  it('5.1.1: a single data point, now', () => {
    expect(records(`[{"n":"${ONE_WIRE}","u":"Cel","v":23.1}]`)).toEqual([
      { name: ONE_WIRE, label: ONE_WIRE, unit: 'Cel', time: NOW, value: 23.1 },
    ]);
  });

  it('5.1.2: two data points with a base name', () => {
    const base = `${ONE_WIRE}:`;
    expect(
      records(`[{"bn":"${base}","n":"voltage","u":"V","v":120.1},{"n":"current","u":"A","v":1.2}]`),
    ).toEqual([
      { name: `${base}voltage`, base, label: 'voltage', unit: 'V', time: NOW, value: 120.1 },
      { name: `${base}current`, base, label: 'current', unit: 'A', time: NOW, value: 1.2 },
    ]);
  });

  it('5.1.2: a base time, a base unit, and times in the past of it', () => {
    expect(records(CURRENTS_JSON)).toEqual(CURRENTS);
  });

  it('5.1.2: a stream of measurements', () => {
    expect(
      records(
        `[{"bn":"${ONE_WIRE}","bt":1.320067464e+09,"bu":"%RH","v":21.2},{"t":10,"v":21.3},{"t":80,"v":21.7}]`,
      ),
    ).toEqual(
      [
        ['1320067464000000000', 21.2],
        ['1320067474000000000', 21.3],
        ['1320067544000000000', 21.7],
      ].map(([time, value]) => ({
        name: ONE_WIRE,
        base: ONE_WIRE,
        unit: '%RH',
        time: ns(time as string),
        value,
      })),
    );
  });

  it('5.1.3 and 5.1.4: several measurements of one name, and the same resolved', () => {
    const measured = `[{"bn":"${ONE_WIRE}","bt":1.320067464e+09,"bu":"%RH","v":20},
      {"u":"lon","v":24.30621},{"u":"lat","v":60.07965},
      {"t":60,"v":20.3},{"u":"lon","t":60,"v":24.30622},{"u":"lat","t":60,"v":60.07965},
      {"t":120,"v":20.7},{"u":"lon","t":120,"v":24.30623},{"u":"lat","t":120,"v":60.07966},
      {"u":"%EL","t":150,"v":98},
      {"t":180,"v":21.2},{"u":"lon","t":180,"v":24.30628},{"u":"lat","t":180,"v":60.07967}]`;
    const resolved = (
      [
        ['%RH', 1320067464, 20],
        ['lon', 1320067464, 24.30621],
        ['lat', 1320067464, 60.07965],
        ['%RH', 1320067524, 20.3],
        ['lon', 1320067524, 24.30622],
        ['lat', 1320067524, 60.07965],
        ['%RH', 1320067584, 20.7],
        ['lon', 1320067584, 24.30623],
        ['lat', 1320067584, 60.07966],
        ['%EL', 1320067614, 98],
        ['%RH', 1320067644, 21.2],
        ['lon', 1320067644, 24.30628],
        ['lat', 1320067644, 60.07967],
      ] as const
    ).map(([unit, seconds, value]) => ({ unit, time: ns(`${seconds}000000000`), value }));
    expect(records(measured)).toEqual(
      resolved.map((record) => ({ name: ONE_WIRE, base: ONE_WIRE, ...record })),
    );
    const asRecords = resolved.map(({ unit, time, value }) => ({
      n: ONE_WIRE,
      u: unit,
      t: Number(time.text) / 1e9,
      v: value,
    }));
    expect(records(JSON.stringify(asRecords))).toEqual(
      resolved.map((record) => ({ name: ONE_WIRE, label: ONE_WIRE, ...record })),
    );
  });

  it('5.1.5: all types of values', () => {
    const base = `${ONE_WIRE}:`;
    expect(
      records(`[{"bn":"${base}","n":"temp","u":"Cel","v":23.1},{"n":"label","vs":"Machine Room"},
        {"n":"open","vb":false},{"n":"nfv-reader","vd":"aGkgCg"}]`),
    ).toEqual([
      { name: `${base}temp`, base, label: 'temp', unit: 'Cel', time: NOW, value: 23.1 },
      { name: `${base}label`, base, label: 'label', time: NOW, string: 'Machine Room' },
      { name: `${base}open`, base, label: 'open', time: NOW, boolean: false },
      { name: `${base}nfv-reader`, base, label: 'nfv-reader', time: NOW, data: 'aGkgCg==' },
    ]);
  });

  it('5.1.6: a second base name, with the base time of the first', () => {
    const time = ns('1320078429000000000');
    expect(
      records(`[{"bn":"2001:db8::2/","bt":1.320078429e+09,"n":"temperature","u":"Cel","v":25.2},
        {"n":"humidity","u":"%RH","v":30},{"bn":"2001:db8::1/","n":"temperature","u":"Cel","v":12.3},
        {"n":"humidity","u":"%RH","v":67}]`),
    ).toEqual(
      (
        [
          ['2001:db8::2/', 'temperature', 'Cel', 25.2],
          ['2001:db8::2/', 'humidity', '%RH', 30],
          ['2001:db8::1/', 'temperature', 'Cel', 12.3],
          ['2001:db8::1/', 'humidity', '%RH', 67],
        ] as const
      ).map(([base, label, unit, value]) => ({ name: `${base}${label}`, base, label, unit, time, value })),
    );
  });

  it('5.1.7: a record with base values only is no measurement', () => {
    const base = `${ONE_WIRE}:`;
    expect(
      records(
        `[{"bn":"${base}"},{"n":"temp","u":"Cel","v":23.1},{"n":"heat","u":"/","v":1},{"n":"fan","u":"/","v":0}]`,
      ),
    ).toEqual([
      { name: `${base}temp`, base, label: 'temp', unit: 'Cel', time: NOW, value: 23.1 },
      { name: `${base}heat`, base, label: 'heat', unit: '/', time: NOW, value: 1 },
      { name: `${base}fan`, base, label: 'fan', unit: '/', time: NOW, value: 0 },
    ]);
  });

  it('5.1.7: two lights are turned on, and off a moment later', () => {
    const light = (label: string, time: string, value: number) => ({
      name: label,
      label,
      unit: '/',
      time: ns(time),
      value,
    });
    expect(
      records('[{"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":1},{"n":"2001:db8::4","v":1}]'),
    ).toEqual([
      light('2001:db8::3', '1320078429000000000', 1),
      light('2001:db8::4', '1320078429000000000', 1),
    ]);
    expect(
      records(`[{"bt":1.320078429e+09,"bu":"/","n":"2001:db8::3","v":0.5},{"n":"2001:db8::4","v":0.5},
        {"n":"2001:db8::3","t":0.1,"v":0},{"n":"2001:db8::4","t":0.1,"v":0}]`),
    ).toEqual([
      light('2001:db8::3', '1320078429000000000', 0.5),
      light('2001:db8::4', '1320078429000000000', 0.5),
      light('2001:db8::3', '1320078429100000000', 0),
      light('2001:db8::4', '1320078429100000000', 0),
    ]);
  });

  it('6: the measurements of 5.1.2 in CBOR', () => {
    expect(CURRENTS_CBOR).toHaveLength(0xc3);
    expect(records(CURRENTS_CBOR)).toEqual(CURRENTS);
    expect(records(CURRENTS_CBOR, 'cbor')).toEqual(CURRENTS);
    const tagged = Buffer.concat([Buffer.from('d9d9f7', 'hex'), CURRENTS_CBOR]);
    expect(records(tagged)).toEqual(CURRENTS);
  });
});

describe('SenML', () => {
  it('says that its times are exact', () => {
    expect(decode('[{"n":"a","v":1}]')).toMatchObject({ ok: true, holdsExact: true });
    expect(decode('[{"bn":"a"}]')).toEqual({ ok: true, value: [], holdsExact: false });
  });

  it.each([
    ['"t":-60', '1772985540000000123'],
    ['"t":-0.25', '1772985599750000123'],
    ['"t":268435455.999999999', '2041421056000000122'],
    ['"t":268435456', '268435456000000000'],
    ['"bt":1772985600.123456789,"t":0.000000001', '1772985600123456790'],
    ['"bt":1772985600.1234567899', '1772985600123456789'],
    ['"bt":1.7729856e9,"t":-1.5e-3', '1772985599998500000'],
    ['"bt":268435450,"t":10', '268435460000000000'],
  ])('reads the time of %s exactly', (members, time) => {
    expect(records(`[{"n":"a","v":1,${members}}]`)).toMatchObject([{ time: ns(time) }]);
  });

  it('adds base value and base sum in decimals, for later records too', () => {
    expect(
      records(`[{"n":"a","bv":20.1,"v":0.2,"bs":1e3},{"n":"b","v":-20.1,"s":0.5},{"n":"c"},{"n":"d","vs":"x"},
        {"n":"e","bv":0,"bs":0,"v":9007199254740993}]`),
    ).toMatchObject([
      { value: 20.3, sum: 1000 },
      { value: 0, sum: 1000.5 },
      { sum: 1000 },
      { string: 'x', sum: 1000 },
      { value: ns('9007199254740993'), sum: 0 },
    ]);
    expect(records('[{"n":"a","bv":20.1,"t":0}]')).toMatchObject([{ value: 20.1 }]);
    expect(records('[{"n":"a","bv":1e300,"v":1e-300}]')).toMatchObject([{ value: expect.any(ExactNumber) }]);
  });

  it('takes a record with a sum alone, an update time, and labels that it does not know', () => {
    expect(records('[{"n":"a","s":17.5,"ut":60,"x":{"y":1}}]')).toEqual([
      { name: 'a', label: 'a', time: NOW, sum: 17.5, updateTime: 60 },
    ]);
  });

  it('reads bytes, decimal fractions and an unknown length in CBOR', () => {
    const pack = Buffer.from(
      '9fa20061610843686920a3006162 02c48221196ab3 06c4822001ff'.replace(/ /g, ''),
      'hex',
    );
    expect(records(pack)).toEqual([
      { name: 'a', label: 'a', time: NOW, data: 'aGkg' },
      { name: 'b', label: 'b', time: ns('1772985600100000123'), value: 273.15 },
    ]);
  });

  it.each([
    [
      '{"n":"a","v":1}',
      'payload-not-decodable: the payload is not SenML: neither a list in JSON nor one in CBOR',
    ],
    ['[]', 'payload-not-decodable: a SenML pack is a list of at least one record'],
    ['[1]', 'record 1 of the SenML pack: it is a number instead of an object'],
    ['[{"n":"a","v":1},{"n":"b"}]', 'record 2 of the SenML pack: it has no value'],
    ['[{"v":1}]', 'it has no name'],
    ['[{"n":"a","v":1,"vb":true}]', 'it has more than one of v, vs, vb and vd'],
    ['[{"n":"a","v":"1"}]', 'v is a string instead of a number'],
    ['[{"n":1,"v":1}]', 'n is a number instead of a string'],
    ['[{"n":"a","v":null}]', 'v is null instead of a number'],
    ['[{"n":"a","vd":"a+/="}]', 'vd is not base64 with the characters of URLs'],
    ['[{"n":"a","v":1,"bver":11}]', 'bver is 11; versions up to 10 are known'],
    ['[{"n":"a","v":1,"bver":1.5}]', 'bver is no version'],
    ['[{"n":"a","v":1,"bver":5},{"n":"b","v":1,"bver":10}]', 'bver is 10, and 5 before'],
    [
      '[{"n":"a","v":1,"exact_":true}]',
      'it has the label "exact_", which must be understood and is not known',
    ],
    [
      '[{"n":"a","v":1,"t":1e10}]',
      'payload-number-out-of-range: record 1 of the SenML pack: its time does not fit',
    ],
    ['[{"n":"a","v":1,"t":1e300}]', 'its time does not fit into 64 bits'],
    ['[{"n":"a","v":1.5e308,"bv":1.5e308}]', 'a value with its base is too large'],
    ['[{"n":"a","v":1', 'payload-not-json: '],
  ])('rejects %s', (payload, problem) => {
    expect(refusal(payload)).toContain(problem);
  });

  it('rejects what the other encoding has', () => {
    expect(refusal(CURRENTS_CBOR, 'json')).toMatch(/^payload-not-utf8/);
    expect(refusal(CURRENTS_JSON, 'cbor')).toMatch(/^payload-not-decodable/);
    expect(refusal('[{"0":"a","2":1}]')).toContain('it has no name');
    expect(refusal(Buffer.from('81a300616102016176 02'.replace(' ', ''), 'hex'))).toContain('v twice');
  });

  it('ends early where one base name or a long literal would cost much', () => {
    const name = 'x'.repeat(60_000);
    expect(refusal(`[{"bn":"${name}"}${',{"v":1}'.repeat(10)}]`)).toMatch(/^payload-too-large: record 6/);
    const digits = '1'.repeat(300);
    expect(records(`[{"n":"a","bv":${digits},"v":1}]`)).toMatchObject([{ value: expect.any(ExactNumber) }]);
  });

  it('never throws on mutated payloads', () => {
    const good = [
      Buffer.from(CURRENTS_JSON),
      CURRENTS_CBOR,
      Buffer.from(
        '[{"bn":"a","bt":1.3e9,"bv":1e3,"bs":2,"v":0.1},{"n":"d","vd":"aGkgCg"},{"n":"s","s":1,"t":-1}]',
      ),
      Buffer.from('9fa20061610843686920a300616202c48221196ab306c4822001ff', 'hex'),
    ];
    const { decoded, codes } = decodeMutations(good, 20_261_132, (payload) => decode(payload));
    expect(decoded).toBeGreaterThan(50);
    expect([...codes]).toEqual(expect.arrayContaining(['payload-not-decodable', 'payload-not-json']));
  }, 600_000);
});
