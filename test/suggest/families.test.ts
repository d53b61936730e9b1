import { gzipSync } from 'node:zlib';
import { encode as msgpack } from '@msgpack/msgpack';
import { describe, expect, it } from 'vitest';
import { shippedProfiles } from '../../src/config/profiles/find-profile.js';
import { ProfileFitter } from '../../src/suggest/fit-profiles.js';
import { suggestRules } from '../../src/suggest/suggest-rules.js';
import { encodeSparkplug } from '../formats/sparkplug/encode-sparkplug.js';
import { bytesOf, casesOf } from '../profiles/profile-cases.js';
import { sample } from './sample.js';

const fitter = new ProfileFitter();

describe.each(shippedProfiles())('the messages of the profile %s', (profile) => {
  const { cases } = casesOf(profile);
  const messages = cases
    .filter(({ use, outcome }) => use === undefined && outcome?.startsWith('parked') !== true)
    .flatMap((one) => [...(one.after ?? []), one])
    .map((message) => sample(message.topic, bytesOf(message)));

  it('are understood: it is named, and few are parked', () => {
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain(`- profile: ${profile}`);
    expect(counts.parked, `${counts.reasons.join('\n')}\n${text}`).toBeLessThanOrEqual(messages.length * 0.1);
  });
});

const SENML =
  '[{"bn":"urn:dev:mac:02a1:","bt":1772985600,"bu":"Cel","n":"inlet","v":6.14e1},{"n":"inlet","t":-60,"v":61.1},{"n":"valve","vb":true}]';

const FAMILIES: readonly (readonly [string, string, unknown, RegExp])[] = [
  ['a flat object', 'home/kitchen/climate', { temperature: 21.5, humidity: 40 }, /unit: celsius/],
  [
    'a list with a time each',
    's/n/batch',
    {
      sensors: [
        { id: 'a', ts: 1773000300, t: 21.5 },
        { id: 'b', ts: 1773000301, t: 20 },
      ],
    },
    /each: payload\.sensors/,
  ],
  ['parallel lists', 'meters/m1/power', { power: [73, 0], volt: [231, 230] }, /payload\.volt\[index\]/],
  [
    'keys that are identities',
    'homes/h1/sensors',
    { attic: { t: 18.5 }, cellar: { t: 12 } },
    /each: payload /,
  ],
  ['SenML', 'packs/a', SENML, /format: senml/],
  ['a bare number', 'house/attic/reading', '21.5', /format: text/],
  [
    'line protocol in seconds',
    'telegraf/h1',
    'cpu,host=h1 usage=12.5,procs=7i 1773000300',
    /type: line-protocol, precision: s/,
  ],
  [
    'CSV without names',
    'loggers/l1',
    '21.5,41,1013',
    /type: csv, columns: \[column1, column2, column3\], rows: one/,
  ],
  ['CSV with names', 'loggers/l1', 'temp;hum\n21,5;41\n22,5;40', /type: csv, decimalComma: true/],
  ['MessagePack', 'bin/m1', Buffer.from(msgpack({ temperature: 21.5, n: 1 })), /format: msgpack/],
  ['CBOR', 'bin/c1', Buffer.from('a16474656d70f94d60', 'hex'), /format: cbor/],
  [
    'JSON with a byte order mark and NUL',
    'c/d1/x',
    Buffer.from('\ufeff{"temp":nan,"v":1}\0'),
    /lenient: \[bom, nul, nan\]/,
  ],
  [
    'line protocol in gzip',
    'z/d1/x',
    gzipSync('cpu,host=h1 usage=12.5 1773000300000000000'),
    /type: line-protocol, compression: gzip/,
  ],
];

describe('a rule', () => {
  it.each(FAMILIES)('is suggested for %s, and takes all of it', (_, topic, payload, expected) => {
    const { text, counts } = suggestRules([sample(topic, payload)], fitter);
    expect(text).toMatch(expected);
    expect(counts, text).toEqual({ written: 1, filtered: 0, parked: 0, reasons: [] });
  });

  it('needs no format for JSON in gzip, which its first bytes say', () => {
    const { text, counts } = suggestRules([sample('z/d1/x', gzipSync('{"temp":20}'))], fitter);
    expect(text).not.toContain('format');
    expect(counts.written).toBe(1);
  });

  it('is that of the profile for Sparkplug B, births and data together', () => {
    const metric = {
      name: 'Tank/Level',
      alias: 11,
      datatype: 10,
      timestamp: 1_773_000_300_000,
      double: 2.41,
    };
    const data = { alias: 11, timestamp: 1_773_000_304_000, double: 2.39 };
    const messages = [
      sample(
        'spBv1.0/plant/NBIRTH/edge',
        encodeSparkplug({ timestamp: 1_773_000_300_000, seq: 0, metrics: [metric] }),
      ),
      sample(
        'spBv1.0/plant/NDATA/edge',
        encodeSparkplug({ timestamp: 1_773_000_304_000, seq: 1, metrics: [data] }),
      ),
    ];
    const { text, counts } = suggestRules(messages, fitter);
    expect(text).toContain('- profile: sparkplug');
    expect(counts, text).toMatchObject({ written: 2, parked: 0 });
  });
});
