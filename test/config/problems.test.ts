// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of the configuration are written so
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseConfig } from '../../src/config/load-config.js';
import { formatProblem } from '../../src/config/problem.js';
import { configOf, problemsOf } from './parse.js';

const RULE = 'name: a, topic: t, measurement: m';

/** Each configuration has exactly this one problem. */
const ONE_PROBLEM: readonly (readonly [string, string, string])[] = [
  // [what, configuration, the line]
  [
    'unknown key',
    'brokr:\n  insecure: true',
    'sluice.yaml:1:1: brokr: got an unknown key, expected the keys broker, stream, rules, consumer, windows, sink, http, metrics, log; did you mean "broker"?',
  ],
  ['unknown key without value', 'broker:\n  insecur:', 'sluice.yaml:2:3: broker.insecur: got an unknown key'],
  [
    'unknown key deep down',
    `rules:\n  - ${RULE.replaceAll(', ', '\n    ')}\n    fields:\n      t: { path: payload.t, rnge: [0, 1] }`,
    'sluice.yaml:6:29: rules[0].fields.t.rnge: got an unknown key, expected the keys path, template, lookup, cel, value, noValue',
  ],
  [
    'unknown key far from all',
    'broker: { zzzzzzzz: 1 }',
    'sluice.yaml:1:11: broker.zzzzzzzz: got an unknown key',
  ],
  [
    'size without unit',
    'broker:\n  maxPacketSize: 262144',
    'sluice.yaml:2:3: broker.maxPacketSize: got 262144, expected a size of 1KiB to 255MiB; write a unit, such as 64MiB',
  ],
  [
    'size too small',
    'broker:\n  maxPacketSize: 1B',
    'sluice.yaml:2:3: broker.maxPacketSize: got "1B", expected a size of 1KiB to 255MiB',
  ],
  [
    'size of odd unit',
    'stream:\n  log:\n    segmentSize: 64Mib',
    'sluice.yaml:3:5: stream.log.segmentSize: got "64Mib", expected a size of 64KiB to 4GiB; "Mib" is none of the units',
  ],
  [
    'duration without unit',
    'broker:\n\n  connectTimeout: 10',
    'sluice.yaml:3:3: broker.connectTimeout: got 10, expected a duration of 100ms to 10min; write a unit, such as 5s',
  ],
  [
    'duration out of limits',
    'broker: { maxKeepalive: 2d }',
    'sluice.yaml:1:11: broker.maxKeepalive: got "2d", expected a duration of 1s to 65535s',
  ],
  [
    'port as word',
    'http: { port: web }',
    'sluice.yaml:1:9: http.port: got "web", expected a whole number, 0 to 65535',
  ],
  [
    'port with fraction',
    'http: { port: 80.5 }',
    'sluice.yaml:1:9: http.port: got 80.5, expected a whole number',
  ],
  ['not a number', 'http: { port: .nan }', 'sluice.yaml:1:9: http.port: got NaN, expected a whole number'],
  [
    'unknown word of a policy',
    'consumer: { policies: { type: { otherwise: sidefield } } }',
    'sluice.yaml:1:33: consumer.policies.type.otherwise: got "sidefield", expected one of park, omit, side-field; did you mean side-field?',
  ],
  [
    'word of a closed list',
    'stream: { log: { whenFull: drop } }',
    'sluice.yaml:1:18: stream.log.whenFull: got "drop", expected one of block, drop-oldest',
  ],
  [
    'number that is no power of two',
    'stream: { kinesis: { buckets: 48 } }',
    'sluice.yaml:1:22: stream.kinesis.buckets: got 48, expected a power of two, 1 to 65536',
  ],
  [
    'start without its offset',
    'stream: { kinesis: { start: "2026-01-31T12:00:00" } }',
    'sluice.yaml:1:22: stream.kinesis.start: got "2026-01-31T12:00:00", expected TRIM_HORIZON, LATEST, or a time such as 2026-01-31T12:00:00Z',
  ],
  [
    'switch with another word',
    'stream: { kinesis: { aggregation: maybe } }',
    'sluice.yaml:1:22: stream.kinesis.aggregation: got "maybe", expected on or off',
  ],
  [
    'name that AWS does not take',
    'stream: { kinesis: { name: my stream } }',
    'sluice.yaml:1:22: stream.kinesis.name: got "my stream", expected name of 1 to 128 letters, digits, _ . -',
  ],
  [
    'aggregate larger than a record',
    'stream:\n  mode: kinesis\n  kinesis: { aggregateSize: 2MiB }',
    'sluice.yaml:3:14: stream.kinesis.aggregateSize: got 2MiB, expected at most stream.kinesis.maxRecordSize, which is 1MiB',
  ],
  [
    'list for a section',
    'broker: []',
    'sluice.yaml:1:1: broker: got an empty list, expected a section with the keys listeners',
  ],
  [
    'text for a section',
    'sink: influx',
    'sluice.yaml:1:1: sink: got "influx", expected a section with the keys influx, duckdb',
  ],
  [
    'section for a list',
    'broker:\n  listeners: { port: 1 }',
    'sluice.yaml:2:3: broker.listeners: got a section, expected a list',
  ],
  [
    'empty list',
    'rules: []',
    'sluice.yaml:1:1: rules: got an empty list, expected at least one entry, or no such key',
  ],
  [
    'number in a list of sections',
    'broker:\n  listeners:\n    - port: 1\n    - 7',
    'sluice.yaml:4:7: broker.listeners[1]: got 7, expected a section with the keys protocol, host, port',
  ],
  [
    'http: true',
    'http: true',
    'sluice.yaml:1:1: http: got true, expected false, or section with the keys host, port, insecure',
  ],
  [
    'whole file a list',
    '- broker',
    'sluice.yaml: got a list, expected a section with keys such as broker, rules and sink',
  ],
  ['whole file a text', 'hello', 'sluice.yaml: got "hello", expected a section'],
  [
    'boolean as word',
    'broker: { insecure: yes }',
    'sluice.yaml:1:11: broker.insecure: got "yes", expected true or false',
  ],
  [
    'text that YAML reads as a number',
    `rules: [{ ${RULE.replace('name: a', 'name: 7')} }]`,
    'sluice.yaml:1:11: rules[0].name: got 7, expected text; write it in quotes',
  ],
  [
    'rule without a topic',
    'rules:\n  - name: a\n    measurement: m',
    'sluice.yaml:2:5: rules[0].topic: expected MQTT topic filter; it is missing',
  ],
  [
    'rule with null for a topic',
    'rules:\n  - name: a\n    measurement: m\n    topic:',
    'sluice.yaml:4:5: rules[0].topic: expected MQTT topic filter; it is missing',
  ],
  [
    'range as text',
    `rules:\n- { ${RULE}, fields: {\n  h: { path: payload.h, type: float,\n    range: "0-100" } } }`,
    'sluice.yaml:4:5: rules[0].fields.h.range: got "0-100", expected a list of two numbers, lowest first',
  ],
  [
    'range upside down',
    `rules: [{ ${RULE}, fields: { h: { path: payload.h, type: float, range: [9, 1] } } }]`,
    'sluice.yaml:1:91: rules[0].fields.h.range: got [9, 1], expected a list of two numbers, lowest first',
  ],
  [
    'an expected range without width',
    `rules: [{ ${RULE}, fields: { h: { path: payload.h, expected: [8, 8] } } }]`,
    'sluice.yaml:1:78: rules[0].fields.h.expected: got [8, 8], expected a list of two different numbers, lowest first',
  ],
  [
    'an expected range that the allowed one parks',
    `rules: [{ ${RULE}, fields: { h: { path: payload.h, type: float, range: [0, 5], expected: [6, 8] } } }]`,
    'sluice.yaml:1:106: rules[0].fields.h.expected: got [6, 8], expected numbers that the range [0, 5] lets through',
  ],
  [
    'a number in a list of references',
    `rules: [{ ${RULE}, fields: { h: [payload.h, 5] } }]`,
    'sluice.yaml:1:56: rules[0].fields.h.path: got a list, expected reference such as payload.a.b, topic.name, device, clientId or user, or a list of them',
  ],
  [
    'a number for a source',
    `rules: [{ ${RULE}, fields: { h: 5 } }]`,
    'sluice.yaml:1:56: rules[0].fields.h: got 5, expected reference, or section with the keys path, template, lookup, cel, value, noValue, map, suffix, decimalComma, type, scale, offset, from, round, range, expected, oneOf, maxLength, truncate, otherwise, default, required, unit; a constant is written { value: 5 }',
  ],
  [
    'the unit of a time as another word',
    `rules: [{ ${RULE}, time: { path: ts, unit: seconds }, fields: auto }]`,
    'sluice.yaml:1:64: rules[0].time.unit: got "seconds", expected one of auto, s, ms, us, ns, rfc3339; did you mean s?',
  ],
  [
    'what becomes of a wrong time, misspelt',
    `rules: [{ ${RULE}, time: { path: ts, otherwise: recieve }, fields: auto }]`,
    'sluice.yaml:1:64: rules[0].time.otherwise: got "recieve", expected one of park, receive, clamp; did you mean receive?',
  ],
  [
    'a zone without its region',
    `rules: [{ ${RULE}, time: { path: ts, zone: new york }, fields: auto }]`,
    'sluice.yaml:1:64: rules[0].time.zone: got "new york", expected an IANA time zone such as Europe/Berlin or UTC; did you mean America/New_York?',
  ],
  [
    'a path for the time',
    `rules: [{ ${RULE}, time: payload.ts, fields: auto }]`,
    'sluice.yaml:1:46: rules[0].time: got "payload.ts", expected auto, or section with the keys path, template, cel, interval, offset, unit, zone, otherwise, window; write { path: payload.ts }',
  ],
  [
    'a share without its sign',
    `rules: [{ ${RULE}, sample: 0.25, fields: auto }]`,
    'sluice.yaml:1:46: rules[0].sample: got 0.25, expected a share such as 25%, above 0% up to 100%; write 25%',
  ],
  [
    'tags below fields',
    `rules:\n  - topic: t\n    name: a\n    measurement: m\n    fields:\n      v: payload.v\n      tags: { device: clientId }`,
    'sluice.yaml:7:15: rules[0].fields.tags.device: got an unknown key, expected the keys path, template, lookup, cel, value, noValue, map, suffix, decimalComma, type, scale, offset, from, round, range, expected, oneOf, maxLength, truncate, otherwise, default, required, unit; tags is a key of rules[0]: indent it less',
  ],
  [
    'a path below a time that has lost its indent',
    `rules:\n  - topic: t\n    name: a\n    measurement: { value: m }\n    fields: auto\n    time:\n    path: ts`,
    'sluice.yaml:7:5: rules[0].path: got an unknown key, expected the keys name, topic, format, where, sample, check, each, maxElements, measurement, time, tags, fields, autoFields, autoTags, maxNames, continue, whenEmpty, policies; it is a key of time: indent it below that',
  ],
  [
    'time as another word',
    `rules: [{ ${RULE}, time: never }]`,
    'sluice.yaml:1:46: rules[0].time: got "never", expected auto, or section with the keys path, template, cel, ',
  ],
  [
    'unit of time',
    `rules: [{ ${RULE}, time: { path: t, unit: min } }]`,
    'sluice.yaml:1:63: rules[0].time.unit: got "min", expected one of auto, s, ms, us, ns, rfc3339',
  ],
  [
    'tag with path and value',
    `rules: [{ ${RULE}, tags: { d: { path: device, value: x } } }]`,
    'sluice.yaml:1:54: rules[0].tags.d: got path and value, expected one of path, value, template, lookup, cel',
  ],
  [
    'tag with neither',
    `rules: [{ ${RULE}, tags: { d: {} } }]`,
    'sluice.yaml:1:54: rules[0].tags.d: got none of them, expected one of path, value, template, lookup, cel',
  ],
  [
    'field of unknown type',
    `rules: [{ ${RULE}, fields: { t: { path: payload.t, type: number } } }]`,
    'sluice.yaml:1:78: rules[0].fields.t.type: got "number", expected one of float, int, string, boolean; did you mean float?',
  ],
  // Between keys
  [
    'listener for everybody',
    'broker:\n  listeners:\n    - host: 0.0.0.0',
    'sluice.yaml:3:7: broker.listeners[0].host: got "0.0.0.0", expected a loopback address such as 127.0.0.1, or broker.access, or broker.insecure: true; clients are not authenticated',
  ],
  [
    'listener on a name',
    'broker: { listeners: [{ host: gateway.lan }] }',
    'sluice.yaml:1:25: broker.listeners[0].host: got "gateway.lan", expected a loopback address',
  ],
  [
    'page for everybody',
    'http:\n  host: "::"',
    'sluice.yaml:2:3: http.host: got "::", expected a loopback address such as 127.0.0.1, or broker.access, or http.insecure: true; readers are not authenticated',
  ],
  [
    'two listeners on a port',
    'broker:\n  listeners:\n    - port: 1883\n    - protocol: ws\n      port: 1883',
    'sluice.yaml:5:7: broker.listeners[1].port: got 1883, expected another port; broker.listeners[0] uses this one',
  ],
  [
    'page on the port of a listener',
    'http: { port: 1883 }',
    'sluice.yaml:1:9: http.port: got 1883, expected another port; broker.listeners[0] uses this one',
  ],
  [
    'packet larger than a segment',
    'broker: { maxPacketSize: 2MiB }\nstream: { log: { segmentSize: 1MiB } }',
    'sluice.yaml:1:11: broker.maxPacketSize: got 2MiB, expected at most stream.log.segmentSize, which is 1MiB',
  ],
  [
    'log of too few segments',
    'stream:\n  log:\n    maxSize: 255MiB',
    'sluice.yaml:3:5: stream.log.maxSize: got 255MiB, expected at least 4 times stream.log.segmentSize, which is 64MiB',
  ],
  [
    'payload larger than a packet',
    'consumer: { payload: { maxSize: 1MiB } }',
    'sluice.yaml:1:24: consumer.payload.maxSize: got 1MiB, expected at most broker.maxPacketSize, which is 256KiB',
  ],
  [
    'budget smaller than a packet',
    'broker: { maxInFlightBytes: 128KiB }',
    'sluice.yaml:1:11: broker.maxInFlightBytes: got 128KiB, expected at least broker.maxPacketSize',
  ],
  [
    'log that would claim a foreign folder',
    'stream: { log: { directory: /var/lib/sluice } }',
    'sluice.yaml:1:18: stream.log.directory: got "/var/lib/sluice", expected a path that ends in /log',
  ],
  [
    'two rules of a name',
    `rules:\n  - { ${RULE} }\n  - { ${RULE} }`,
    'sluice.yaml:3:7: rules[1].name: got "a", expected a name of its own; rule 1 has this one',
  ],
  [
    'topic filter of a format',
    'consumer:\n  formats:\n    - { topic: a/#/b, format: text }',
    'sluice.yaml:3:9: consumer.formats[0].topic: got "a/#/b", expected an MQTT topic filter',
  ],
  [
    'option of another format, of some topics',
    'consumer:\n  formats:\n    - topic: a/#\n      format: { type: text, lenient: true }',
    'sluice.yaml:4:29: consumer.formats[0].format.lenient: got lenient with type: text, expected type: json or type: cbor or type: msgpack beside lenient',
  ],
  [
    'option of another format, in a rule',
    `rules:\n  - { ${RULE}, format: { type: text, lenient: nul } }`,
    'sluice.yaml:2:64: rules[0].format.lenient: got lenient with type: text, expected type: json or type: cbor or type: msgpack beside lenient',
  ],
  [
    'autoTags without a place',
    `rules:\n  - { ${RULE}, autoTags: { include: [a] } }`,
    'sluice.yaml:2:42: rules[0].autoTags.from: expected path inside the payload, or a list of them; it is missing',
  ],
  [
    'CSV without names of columns',
    `rules:\n  - { ${RULE}, format: { type: csv, header: false } }`,
    'sluice.yaml:2:63: rules[0].format.header: got false without columns, expected the names in columns beside it',
  ],
  [
    'a column of CSV twice',
    `rules:\n  - { ${RULE}, format: { type: csv, columns: [a, _, _, a] } }`,
    'sluice.yaml:2:63: rules[0].format.columns: got a twice, expected each name once (_ skips a column)',
  ],
  [
    'a decimal comma between cells that are divided by commas',
    `rules:\n  - { ${RULE}, format: { type: csv, decimalComma: true, delimiter: "," } }`,
    'sluice.yaml:2:83: rules[0].format.delimiter: got , with decimalComma, expected another delimiter, such as ;',
  ],
  [
    'a comment of CSV that begins with its delimiter',
    `rules:\n  - { ${RULE}, format: { type: csv, comment: "," } }`,
    'sluice.yaml:2:63: rules[0].format.comment: got ,, the delimiter, expected another character',
  ],
  [
    'unknown fault of JSON',
    `rules:\n  - { ${RULE}, format: { type: json, lenient: [nul, boom] } }`,
    'sluice.yaml:2:79: rules[0].format.lenient[1]: got "boom", expected one of bom, nul, nan, latin1, nested; did you mean bom?',
  ],
  [
    'topic filter',
    `rules: [{ name: a, measurement: m,\n  topic: a/#/b }]`,
    'sluice.yaml:2:3: rules[0].topic: got "a/#/b", expected an MQTT topic filter',
  ],
  [
    'condition',
    `rules: [{ ${RULE},\n\n where: "payload.t >" }]`,
    'sluice.yaml:3:21: rules[0].where: got "payload.t >", expected a CEL condition',
  ],
  [
    'reference of a tag',
    `rules: [{ ${RULE},\n tags: {\n  d: topic.nowhere } }]`,
    'sluice.yaml:3:12: rules[0].tags.d.path: got "topic.nowhere", expected a reference',
  ],
  [
    'range beside a text',
    `rules: [{ ${RULE}, fields: { t: { path: payload.t, type: string, range: [0, 1] } } }]`,
    'sluice.yaml:1:92: rules[0].fields.t.range: ',
  ],
  [
    'unit beside a text',
    `rules: [{ ${RULE}, fields: {\n t: { path: payload.t, type: string, unit: celsius } } }]`,
    'sluice.yaml:2:38: rules[0].fields.t.unit: got a unit with string, expected a unit beside a number only',
  ],
  [
    'unit that is nothing',
    `rules: [{ ${RULE}, fields: { t: { path: payload.t, unit: "" } } }]`,
    'sluice.yaml:1:78: rules[0].fields.t.unit: got "", expected unit such as celsius, kWh or hPa',
  ],
  // Sinks
  [
    'both sinks',
    'sink:\n  duckdb:\n    retention: 1d\n  influx: { url: "http://h:1", database: d }',
    'sluice.yaml:1:1: sink: got both influx and duckdb, expected one of them',
  ],
  [
    'a key under its old and its new name',
    'sink:\n  influx:\n    url: http://h:1\n    database: d\n    concurrency: 2\n    lanes: 2',
    'sluice.yaml:6:5: sink.influx.lanes: got both concurrency and lanes, its old name, expected only concurrency',
  ],
  [
    'an old name with a wrong value',
    'sink:\n  influx:\n    url: http://h:1\n    database: d\n    lanes: 99',
    'sluice.yaml:5:5: sink.influx.lanes: got 99, expected a whole number, 1 to 16',
  ],
  [
    'no url',
    'sink:\n  influx: { database: d }',
    'sluice.yaml:2:3: sink.influx.url: expected http or https URL; it is missing',
  ],
  [
    'neither bucket nor database',
    'sink:\n  influx: { url: "http://h:1" }',
    'sluice.yaml:2:3: sink.influx: got neither bucket nor database, expected bucket (InfluxDB 2) or database (InfluxDB 1',
  ],
  [
    'bucket and database',
    'sink:\n  influx: { url: "http://h:1", org: o, bucket: b, database: d }',
    'sluice.yaml:2:3: sink.influx: got both bucket and database',
  ],
  [
    'bucket without org',
    'sink:\n  influx: { url: "http://h:1", bucket: b }',
    'sluice.yaml:2:3: sink.influx.org: expected a text: InfluxDB 2 needs it; it is missing',
  ],
  [
    'token for InfluxDB 1',
    'sink:\n  influx:\n    url: "http://h:1"\n    database: d\n    token: t',
    'sluice.yaml:5:5: sink.influx.token: got a key of another version, expected for InfluxDB 1 only database, retentionPolicy, username, password',
  ],
  [
    'password file for InfluxDB 3',
    'sink: { influx: { url: "http://h:1", database: d, version: 3, password: p } }',
    'sluice.yaml:1:63: sink.influx.password: got a key of another version',
  ],
  [
    'password without user',
    'sink: { influx: { url: "http://h:1", database: d, password: p } }',
    'sluice.yaml:1:9: sink.influx.username: expected a user beside the password; it is missing',
  ],
  [
    'user without password',
    'sink: { influx: { url: "http://h:1", database: d, username: u } }',
    'sluice.yaml:1:9: sink.influx.password: expected password or passwordFile beside the user',
  ],
  [
    'version 4',
    'sink: { influx: { url: "http://h:1", database: d, version: 4 } }',
    'sluice.yaml:1:51: sink.influx.version: got 4, expected one of 1, 2, 3',
  ],
  [
    'url of another kind',
    'sink: { influx: { url: "h:8086", database: d } }',
    'sluice.yaml:1:19: sink.influx.url: got "h:8086", expected http or https URL',
  ],
  [
    'url with a query',
    'sink: { influx: { url: "http://h:8086/?db=x", database: d } }',
    'sluice.yaml:1:19: sink.influx.url: got "http://h:8086/?db=x", expected http or https URL without ? and #',
  ],
  // Own metrics
  [
    'measurement of the gateway with a blank',
    'metrics: { store: { measurement: "my gateway" } }',
    'sluice.yaml:1:21: metrics.store.measurement: got "my gateway", expected name of letters, digits, `_`, `.` and `-`',
  ],
  [
    'measurement of the gateway that a rule writes',
    `metrics: { store: { enabled: true, measurement: m } }\nrules: [{ ${RULE} }]`,
    'sluice.yaml:1:36: metrics.store.measurement: got m, expected a measurement that no rule writes; rules[0] has this one',
  ],
  [
    'header that HTTP does not allow, without showing it',
    'metrics: { otlp: { url: "http://h:1", headers: { authorization: "hunter2\\n" } } }',
    'sluice.yaml:1:50: metrics.otlp.headers.authorization: got a value that is not shown, expected a header as HTTP allows it',
  ],
  // YAML and environment
  [
    'unset variable',
    'log:\n  level: ${LEVEL}',
    'sluice.yaml:2:3: log.level: got ${LEVEL}, which is not set, expected the environment variable LEVEL; set it, or write a default: ${LEVEL:-…}',
  ],
  [
    'variable written wrongly',
    'log:\n  level: "${LEVEL"',
    'sluice.yaml:2:3: log.level: got "${LEVEL", expected a variable written as ${NAME} or ${NAME:-default}; write $${ for a literal ${',
  ],
  [
    'key twice',
    'log: {}\nhttp: {}\nlog: {}',
    'sluice.yaml:3:1: log: got this key a second time, expected each key once; the first one is in line 1',
  ],
  [
    'tab as indentation',
    'log:\n\tlevel: info',
    'sluice.yaml:2:1: got a tab at the beginning of a line, expected blanks',
  ],
  [
    'unknown tag',
    'log:\n  level: !secret info',
    'sluice.yaml:2:10: got a value that begins with !, expected the value in quotes',
  ],
  [
    'two documents',
    'log: {}\n---\nhttp: {}\n',
    'sluice.yaml:2:1: got a second document (---), expected one document',
  ],
  [
    '__proto__',
    'log: { __proto__: { level: info } }',
    'sluice.yaml:1:8: log: got a key that is __proto__, expected a name',
  ],
  ['list as key', '? [a]\n: 1', 'sluice.yaml:1:3: got a key that is no text, expected a name'],
];

test('a field with nothing behind its colon hides no problem of the others', () => {
  const problems = problemsOf(`rules: [{ ${RULE}, fields: { a: , b: { path: payload.b, value: 5 } } }]`);
  expect(problems).toEqual([
    expect.stringContaining('rules[0].fields.a: expected reference'),
    expect.stringContaining('rules[0].fields.b: got path and value'),
  ]);
});

test('a reference in braces without quotes is a section for YAML: the hint says what to write', () => {
  const problems = problemsOf(`rules: [{ ${RULE}, tags: { h: {topic.x} }, fields: auto }]`);
  const problem = problems.find((line) => line.includes('got an unknown key'));
  expect(problem).toMatch(/^sluice\.yaml:1:58: rules\[0\]\.tags\.h\["topic\.x"\]: got an unknown key/);
  expect(problem).toMatch(/; write topic\.x without braces, or "\{topic\.x\}" in quotes/);
});

describe('one problem, at its line', () => {
  test.each(ONE_PROBLEM)('%s', (_what, yaml, line) => {
    const problems = problemsOf(yaml);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.slice(0, line.length)).toBe(line);
  });
});

test('all problems are listed at once, in the order of the file', () => {
  const problems = problemsOf(`
broker:
  listner: x
  listeners: [{ host: 0.0.0.0 }, { port: 99999 }]
  maxPacketSize: 5
stream: { mode: kafka, log: { segmentSize: 2GiB } }
rules:
  - { name: a, topic: "#/a", measurement: m, fields: { h: { path: payload.h, range: 5 } } }
  - { topic: b }
  - { name: c, topic: c, measurement: m, where: "1 +" }
sink: { influx: { url: nowhere, token: x }, duckdb: { retention: 5 } }
`);
  const keys = problems.map((problem) =>
    /^sluice\.yaml:(\d+):\d+: ([^:]*):/.exec(problem)?.slice(1).join(' '),
  );
  expect(keys).toEqual([
    '3 broker.listner',
    '4 broker.listeners[0].host',
    '4 broker.listeners[1].port',
    '5 broker.maxPacketSize',
    '6 stream.mode',
    '6 stream.log.maxSize',
    '8 rules[0].topic',
    '8 rules[0].fields.h.range',
    '9 rules[1].name',
    '9 rules[1].measurement',
    '10 rules[2].where',
    '11 sink.influx.url',
    '11 sink.duckdb.retention',
  ]);
});

test.each([
  'broker: { insecure: true, listeners: [{ host: 0.0.0.0 }] }',
  'http: { insecure: true, host: "::" }',
  'broker: { listeners: [{ host: "::1" }, { host: 127.8.9.1, port: 1884 }, { host: localhost, port: 1885 }] }',
  'broker: { listeners: [{ port: 0 }, { port: 0 }] }\nhttp: { port: 0 }',
  'broker: { listeners: [{ host: 127.0.0.1 }, { host: 127.0.0.2 }] }',
])('what is fine between keys is not refused: %s', (yaml) => {
  expect(problemsOf(yaml)).toEqual([]);
});

test('control characters of the file do not reach the terminal', () => {
  const [problem] = problemsOf('log: { level: "a\\e[31m\\u202e\\nb" }');
  expect(problem).toBe(
    'sluice.yaml:1:8: log.level: got "a\\u001b[31m\\u202e\\nb", expected one of trace, debug, info, warn, error, fatal, silent',
  );
  expect(problemsOf('"lo\\e[31mg": 1')[0]).not.toContain('\u001b');
});

test('files that are not a configuration cause problems: too long, too deep, too many aliases', () => {
  expect(problemsOf(`# ${'x'.repeat(1_100_000)}`)).toEqual([expect.stringContaining('more than 1 MiB')]);
  expect(problemsOf(`broker: ${'['.repeat(20_000)}`).length).toBeGreaterThan(0);
  expect(problemsOf(`broker: ${'['.repeat(100)}${']'.repeat(100)}`).length).toBeGreaterThan(0);
  const laughs = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
  );
  expect(problemsOf(`l0: &l0 [x]\n${laughs.join('\n')}`)).toContainEqual(
    expect.stringContaining('fewer and less nested'),
  );
  expect(problemsOf('broker: &b { listeners: [*b] }').length).toBeGreaterThan(0);
  expect(problemsOf('broker: *nowhere').length).toBeGreaterThan(0);
});

test('a file of 1 MiB costs a pass over it, whatever it repeats', () => {
  const aliases = `broker: &a {}\nstream:\n${'  - *a\n'.repeat(45_000)}`;
  expect(problemsOf(aliases)).toEqual([
    'sluice.yaml: got more than 1000 aliases, expected a configuration with few aliases',
  ]);
  const fewAliases = Array.from({ length: 900 }, () => '*a').join(', ');
  expect(problemsOf(`broker: &a {}\nstream: [${fewAliases}]`)).toEqual([
    expect.stringContaining('stream: got a list'),
  ]);
  const keys = Array.from({ length: 90_000 }, (_, n) => `k${n}: 1`).join('\n');
  expect(problemsOf(keys).length).toBeLessThanOrEqual(101);
  const rules = `rules:\n${'  - { nmae: x }\n'.repeat(30_000)}`;
  expect(problemsOf(rules).length).toBeLessThanOrEqual(101);
});

test('an alias stands for the anchor before it, also where the name is used twice', () => {
  const { log } = configOf(
    'broker: {}\nhttp: { host: &x 127.0.0.1, port: 1 }\nlog: { level: &x warn, format: json }\nmetrics: { instance: *x }',
  ) as unknown as { log: object };
  expect(log).toMatchObject({ level: 'warn' });
  expect(
    configOf('http: { host: &x 127.0.0.1 }\nmetrics: { instance: *x }\nlog: { level: &x warn }').metrics,
  ).toMatchObject({
    instance: '127.0.0.1',
  });
});

describe('the result of any file is a configuration or problems', () => {
  const KEYS = [
    'broker',
    'listeners',
    'port',
    'host',
    'rules',
    'name',
    'topic',
    'fields',
    'tags',
    'time',
    'window',
    'sink',
    'influx',
    'duckdb',
    'url',
    'version',
    'batch',
    'http',
    'stream',
    'log',
    'mode',
    'directory',
    'where',
    'measurement',
    'path',
    'range',
    'payload',
    'consumer',
    '*',
    '<<',
    '__proto__',
    'constructor',
    'toString',
    '',
  ];
  const leaf = fc.oneof(
    fc.constantFrom(
      'auto',
      '5s',
      '64MiB',
      'kinesis',
      '${A}',
      '${A',
      '$${',
      'payload.x',
      '#',
      '+a/b',
      'http://h:1',
      '7d',
      'false',
    ),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
  );
  const tree = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 6 }, leaf, fc.array(tie('node'), { maxLength: 4 }), tie('section')),
    section: fc.dictionary(fc.constantFrom(...KEYS), tie('node'), { maxKeys: 5 }),
  })).section;

  function outcome(yaml: string): void {
    const result = parseConfig(yaml, 'f', '/x', { A: '1' });
    if (result.ok) return;
    expect(result.problems.length).toBeGreaterThan(0);
    for (const problem of result.problems) {
      expect(problem.expected).not.toBe('');
      expect(formatProblem(problem)).not.toMatch(/\p{Cc}|undefined/u);
    }
  }

  test('for sections of existing keys', () => {
    fc.assert(
      fc.property(tree, (value) => outcome(stringify(value))),
      { numRuns: 1_000 },
    );
  });

  test('for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), outcome), { numRuns: 500 });
    const token = fc.constantFrom(
      'broker',
      'rules',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '!x',
      '"',
      "'",
      '|',
      '>',
      '#',
      '? ',
      '<<',
      ',',
      '${A}',
      '---',
      '\t',
      '1',
    );
    fc.assert(
      fc.property(fc.array(token, { maxLength: 40 }), (tokens) => outcome(tokens.join(''))),
      { numRuns: 1_000 },
    );
  });

  test('for the full example with one value replaced by anything', () => {
    const base = {
      broker: { listeners: [{ protocol: 'mqtt', host: '127.0.0.1', port: 1 }], maxPacketSize: '256KiB' },
      stream: { mode: 'direct', log: { directory: './log', maxSize: '4GiB' } },
      rules: [
        {
          name: 'a',
          topic: '+b/#',
          measurement: 'm',
          time: { path: 't', window: { past: '1d' } },
          tags: { d: 'device' },
          fields: { t: { path: 'payload.t', type: 'int', range: [0, 1] } },
        },
      ],
      sink: { influx: { url: 'http://h:1', org: 'o', bucket: 'b', token: 't', batch: { lines: 5 } } },
      http: { port: 2 },
    };
    expect(() => configOf(stringify(base))).not.toThrow();
    const paths = leafPaths(base);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.oneof(leaf, tree, fc.array(leaf)), (path, value) => {
        const changed = structuredClone(base);
        let around = changed as unknown as Record<string, unknown>;
        for (const step of path.slice(0, -1)) around = around[step] as Record<string, unknown>;
        around[path.at(-1)!] = value;
        outcome(stringify(changed));
      }),
      { numRuns: 1_000 },
    );
  });
});

function leafPaths(value: unknown, path: readonly string[] = []): string[][] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const below = inner.flatMap(([key, one]) => leafPaths(one, [...path, key]));
  return path.length === 0 ? below : [[...path], ...below];
}

test('one entry in the place of a list is named as it is written, and hides nothing else', () => {
  const yaml = `rules: [{ ${RULE}, each: { path: payload.a, wher: x }, where: "paylod.x > 1", time: { path: t, unit: sec } }]`;
  const keys = problemsOf(yaml).map((problem) => problem.split(': ')[1]);
  expect(keys).toEqual(['rules[0].each.wher', 'rules[0].where', 'rules[0].time.unit']);
  expect(problemsOf(yaml)[0]).toContain(
    'expected the keys path, as, key, index, where; did you mean "where"?',
  );
});
