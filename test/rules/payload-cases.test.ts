import { describe, expect, it } from 'vitest';
import { outcomeIn, ruleOf, ruleSetOf } from './rule-outcome.js';

interface Case {
  /** The public report behind it. */
  readonly source: string;
  /** The fields, tags and time of a rule `r` for the measurement `m`, as YAML; absent: the built-in rule. */
  readonly rule?: string;
  readonly topic?: string;
  readonly payload: string;
  /** The lines that reach InfluxDB, or the outcome in words. */
  readonly wanted: readonly string[] | string;
}

function outcomeOf({ rule, topic = 'plant/a/telemetry', payload }: Case): readonly string[] | string {
  const rules = rule === undefined ? ruleSetOf('') : ruleOf(rule);
  const { lines, outcome } = outcomeIn(rules, payload, { topic });
  return outcome === 'written' ? lines : outcome;
}

const CASES: readonly Case[] = [
  {
    source: 'telegraf#7555',
    rule: 'tags: { sn: payload.sn }, fields: { sn_int: { path: payload.sn, type: int } }',
    payload: '{"sn":7205759403792793601}',
    wanted: ['m,sn=7205759403792793601 sn_int=7205759403792793601i 1773000312500000000'],
  },
  {
    source: 'telegraf#10405',
    rule: 'time: { path: t, unit: ns }, fields: { v: payload.v }',
    payload: '{"t":1773000312345678901,"v":1}',
    wanted: ['m v=1 1773000312345678901'],
  },
  {
    source: 'telegraf#11864',
    rule: 'time: { path: t, unit: ms }, fields: { v: payload.v }',
    payload: '{"t":1.7730003125E12,"v":1}',
    wanted: ['m v=1 1773000312500000000'],
  },
  {
    source: 'AI-on-the-edge-device#1800',
    rule: 'time: { path: t }, fields: { v: { path: payload.v, type: float } }',
    payload: '{"t":"2026-03-08T21:05:11+0100","v":"0007.50"}',
    wanted: ['m v=7.5 1773000311000000000'],
  },
  {
    source: 'espurna#1433: a blank instead of T',
    rule: 'time: { path: Time, zone: UTC }, fields: { v: payload.v }',
    payload: '{"Time":"2026-03-08 20:05:11","v":1}',
    wanted: ['m v=1 1773000311000000000'],
  },
  {
    source: 'Tasmota#3629: no zone',
    rule: 'time: { path: Time, zone: UTC }, fields: { v: payload.v }',
    payload: '{"Time":"2026-03-08T20:05:11","v":1}',
    wanted: ['m v=1 1773000311000000000'],
  },
  {
    source: 'Tasmota#3629: in Berlin',
    rule: 'time: { path: Time, zone: Europe/Berlin }, fields: { v: payload.v }',
    payload: '{"Time":"2026-03-08T20:05:11","v":1}',
    wanted: ['m v=1 1772996711000000000'],
  },
  {
    source: 'telegraf#10594: text on a topic that is ignored on purpose',
    rule: 'where: "false"',
    topic: 'tele/x/LWT',
    payload: 'Online',
    wanted: 'filtered by r',
  },
  {
    source: 'telegraf#10594: the same, empty',
    rule: 'where: "false"',
    topic: 'tele/x/LWT',
    payload: '',
    wanted: 'filtered by r',
  },
  {
    source: 'Tasmota#4147: a word for no value',
    rule: 'fields: { t: payload.t, h: { path: payload.h, type: float, noValue: [None, nan] } }',
    payload: '{"t":19.5,"h":"None"}',
    wanted: ['m t=19.5 1773000312500000000'],
  },
  {
    source: 'Tasmota#4147: a bare nan, with the lenient option',
    rule: 'format: { type: json, lenient: [nan] }, fields: { t: payload.t, h: payload.h }',
    payload: '{"t":19.5,"h":nan}',
    wanted: ['m t=19.5 1773000312500000000'],
  },
  {
    source: 'Tasmota#4147: a bare nan is not JSON',
    rule: 'fields: { t: payload.t, h: payload.h }',
    payload: '{"t":19.5,"h":nan}',
    wanted: 'parked as payload-number-out-of-range',
  },
  {
    source: 'telegraf#7536: a NUL byte at the end, with the lenient option',
    rule: 'format: { type: json, lenient: true }, fields: { t: payload.t }',
    payload: '{"t":19.5}\0',
    wanted: ['m t=19.5 1773000312500000000'],
  },
  {
    source: 'node-rest-client PR#197: a byte order mark, with the lenient option',
    rule: 'format: { type: json, lenient: bom }, fields: { t: payload.t }',
    payload: '\u{feff}{"t":19.5}',
    wanted: ['m t=19.5 1773000312500000000'],
  },
  {
    source: 'openhab-addons#14118',
    rule: 'fields: { t: { path: payload.t, type: float, decimalComma: true } }',
    payload: '{"t":"7,30"}',
    wanted: ['m t=7.3 1773000312500000000'],
  },
  {
    source: 'espurna#99, zigbee2mqtt#25547',
    rule: 'fields: { t: { path: payload.t, type: float, range: [-50, 60], otherwise: omit }, h: payload.h }',
    payload: '{"t":-127,"h":41}',
    wanted: ['m h=41 1773000312500000000'],
  },
  {
    source: 'zigbee2mqtt#2277',
    rule: 'fields: { power: { path: payload.power, type: float } }',
    payload: '{"power":null,"state":"ON"}',
    wanted: 'filtered by r: no value',
  },
  {
    source: 'node-red-contrib-influxdb#107',
    rule: 'tags: { low: payload.low }, fields: { v: payload.v }',
    payload: '{"low":false,"v":1}',
    wanted: ['m,low=false v=1 1773000312500000000'],
  },
  {
    source: 'influxdb-client-js#352',
    rule: 'tags: { path: payload.path }, fields: { v: payload.v }',
    payload: '{"path":"C:\\\\","v":1}',
    wanted: 'parked as tag-invalid',
  },
  {
    source: 'influxdb-client-js#352: replaced, where the rule says so',
    rule: 'tags: { path: { path: payload.path, otherwise: replace } }, fields: { v: payload.v }',
    payload: '{"path":"C:\\\\","v":1}',
    wanted: ['m,path=C:_ v=1 1773000312500000000'],
  },
  {
    source: 'thingsboard#3983: a list at the top level',
    rule: 'each: payload, time: { path: element.ts, unit: ms }, fields: { t: element.t }',
    payload: '[{"ts":1773000310000,"t":19.1},{"ts":1773000311000,"t":19.2}]',
    wanted: ['m t=19.1 1773000310000000000', 'm t=19.2 1773000311000000000'],
  },
  {
    source: 'thingsboard-gateway#1338: a base time and an interval',
    rule: 'each: payload.t, time: { path: start, unit: s, interval: { path: every, unit: s } }, fields: { t: element }',
    payload: '{"start":1773000300,"every":10,"t":[19.1,19.2,19.3]}',
    wanted: ['m t=19.1 1773000300000000000', 'm t=19.2 1773000310000000000', 'm t=19.3 1773000320000000000'],
  },
  {
    source: 'homebridge-mi-hygrothermograph#196: a bare number, by the built-in rule',
    topic: 'sensors/attic/temperature',
    payload: '21.5',
    wanted: ['telemetry,device=attic,topic=sensors/attic/temperature temperature=21.5 1773000312500000000'],
  },
  {
    source: 'telegraf#6990: the measurement from the topic',
    rule: 'topic: "plant/+kind/+what", measurement: { path: topic.what }, fields: { v: payload.v }',
    payload: '{"v":1}',
    wanted: ['telemetry v=1 1773000312500000000'],
  },
  {
    source: 'telegraf#6990: the measurement from the payload',
    rule: 'measurement: { template: "m_{payload.kind}" }, fields: { v: payload.v }',
    payload: '{"kind":"air","v":1}',
    wanted: ['m_air v=1 1773000312500000000'],
  },
  {
    source: 'homebridge-mqttthing#616',
    rule: `fields: { total: { path: 'payload["1.7.0"]', type: int }, volt: { path: 'payload["32.7.0"]', type: float } }`,
    payload: '{"1.7.0":"000512","32.7.0":"231.4"}',
    wanted: ['m total=512i,volt=231.4 1773000312500000000'],
  },
  ...['"ON"', '"off"', '"true"', '1'].map((state) => ({
    source: `home-assistant PR#9833: ${state}`,
    rule: 'fields: { on: { path: payload.state, type: boolean, map: { on: true, off: false, true: true, 1: true } } }',
    payload: `{"state":${state}}`,
    wanted: [`m on=${state === '"off"' ? 'F' : 'T'} 1773000312500000000`],
  })),
  {
    source: 'MQTT-Explorer#705: the same key twice',
    payload: '{"t":1,"t":2}',
    wanted: 'parked as payload-duplicate-key',
  },
  {
    source: 'emqx PR#17105',
    rule: `tags: { ort: payload.ort }, fields: { "Fluss m³": { path: 'payload["Fluss m³"]' } }`,
    payload: '{"ort":"大厅😀","Fluss m³":2.5}',
    wanted: ['m,ort=大厅😀 Fluss\\ m³=2.5 1773000312500000000'],
  },
];

describe('payloads from public reports', () => {
  it.each(CASES)('$source', (one) => {
    expect(outcomeOf(one)).toEqual(one.wanted);
  });

  it('counts what was repaired', () => {
    const rules = ruleOf('format: { type: json, lenient: true }, fields: auto');
    expect(outcomeIn(rules, '{"t":19.5}\0').notes).toEqual({ 'payload-repaired': 1 });
    expect(outcomeIn(rules, '{"t":19.5}').notes).toEqual({});
  });
});
