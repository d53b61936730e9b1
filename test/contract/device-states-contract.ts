import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UnreadableTopic } from '../../src/consumer/unreadable-topics.js';
import type { DeviceQuery } from '../../src/devices/device-state.js';
import { DEFAULT_JSON_LIMITS } from '../../src/formats/json/json-value.js';
import { RulesInForce } from '../../src/pipeline/rules-in-force.js';
import { StoreDevices } from '../../src/pipeline/store-devices.js';
import type { FieldOptions } from '../../src/rules/rule-options.js';
import type { Sink } from '../../src/sink/sink.js';
import { SetClock } from '../support/clock.js';
import { pointOf, seriesOf } from '../support/points.js';
import { withoutWindows } from '../support/read-chart.js';

const MINUTE_MS = 60_000;
/** In the middle of a part of a sparkline. */
const NOW_MS = Date.parse('2026-11-30T10:15:00Z');
const HOSTILE = `' OR 1 = 1 --"; <b>\\x`;
const CELSIUS: FieldOptions = { path: 'payload.t', type: 'float', unit: 'celsius', expected: [2, 8] };

const minutesAgo = (minutes: number) => NOW_MS - minutes * MINUTE_MS;
/** A value at each of these minutes before now. */
const value = (device: string, minutes: readonly number[], t: number, measurement = 'room') =>
  minutes.map((ago) =>
    pointOf(seriesOf(measurement, { device }), BigInt(minutesAgo(ago)) * 1_000_000n, { t }),
  );
const every = (minutes: number, from: number, to: number) =>
  Array.from({ length: Math.floor((from - to) / minutes) + 1 }, (_, nth) => from - nth * minutes);

const POINTS = [
  ...value('fine', every(1, 120, 0), 5),
  ...value('warm', every(1, 120, 30), 5),
  ...value('warm', every(1, 29, 0), 9),
  ...value('cold', every(1, 120, 0), 1),
  ...value('hourly', every(60, 1250, 50), 5),
  ...value('gone', every(1, 600, 200), 9),
  ...value('late', every(0.5, 120, 1.5), 5),
  ...value('pump', every(1, 120, 20), 5),
  ...value(HOSTILE, every(1, 120, 0), 9),
  ...value('fine', every(1, 120, 0), 100, 'power'),
  ...value('own', every(1, 120, 100), 9, 'sluice_stages'),
];

const parked = (topic: string): UnreadableTopic => ({
  topic,
  clientId: 'c',
  code: 'payload-not-json',
  reason: 'expected a value',
  sinceMs: minutesAgo(19),
  lastMs: NOW_MS,
  count: 20,
});

/** What a gateway says of devices from the points of a store. The factory opens the sink. */
export function deviceStatesContract(name: string, open: () => Promise<Sink>): void {
  describe(`states of devices from ${name}`, () => {
    let sink: Sink;
    const clock = new SetClock();
    clock.wallNs = BigInt(NOW_MS) * 1_000_000n;
    let unreadable: readonly UnreadableTopic[] = [];
    let pendingSinceNs: bigint | undefined;
    beforeAll(async () => {
      sink = await open();
      expect(await sink.write(POINTS, new AbortController().signal)).toEqual([]);
    }, 60_000);
    afterAll(() => sink.close());

    const devices = () =>
      new StoreDevices({
        reader: sink.reader!,
        stores: withoutWindows(sink.reader!),
        rules: new RulesInForce({
          rules: [
            {
              name: 'rooms',
              topic: 'site/+device/data',
              measurement: 'room',
              tags: { device: { path: 'topic.device' } },
              fields: { t: CELSIUS },
            },
            {
              name: 'power',
              topic: 'power/#',
              measurement: 'power',
              tags: {},
              fields: { t: { path: 'payload.t', unit: 'W' } },
            },
          ],
          payload: DEFAULT_JSON_LIMITS,
          types: { otherwise: 'park' },
        }),
        unreadable: { list: () => unreadable },
        windows: undefined,
        reserved: ['sluice_stages'],
        oldestPendingNs: () => pendingSinceNs,
        clock,
      });
    const query: DeviceQuery = {
      measurement: 'room',
      by: 'device',
      fromMs: NOW_MS - 86_400_000,
      silentBeforeMs: NOW_MS - 5 * MINUTE_MS,
      search: '',
      order: 'name',
      offset: 0,
      limit: 50,
    };
    const statesOf = async (change: Partial<DeviceQuery> = {}) => {
      const { groups } = await devices().page({ ...query, ...change });
      return Object.fromEntries(
        groups.map(({ name: device, state, sinceMs }) => [
          device,
          sinceMs === undefined ? state : `${state} for ${(NOW_MS - sinceMs) / MINUTE_MS} min`,
        ]),
      );
    };

    test('a page of devices has the state of each, and since when', async () => {
      unreadable = [parked('site/pump/data'), parked('elsewhere/pump/data')];
      expect(await statesOf()).toEqual({
        fine: 'reporting',
        warm: 'outside for 29 min',
        cold: 'outside',
        hourly: 'reporting',
        gone: 'silent for 200 min',
        late: 'late for 1.5 min',
        pump: 'unreadable for 19 min',
        [HOSTILE]: 'outside',
      });
      const page = await devices().page(query);
      expect(page.groups.map(({ name: device }) => device).filter((device) => device !== HOSTILE)).toEqual([
        'cold',
        'fine',
        'gone',
        'hourly',
        'late',
        'pump',
        'warm',
      ]);
      expect(page).toMatchObject({ devices: 8, silent: 2, found: 8 });
      expect(page.groups.find((group) => group.name === 'warm')?.values).toEqual([
        { field: 't', value: 9, unit: 'celsius', outside: 'above' },
      ]);
      expect(page.groups.find((group) => group.name === 'cold')?.values[0]?.outside).toBe('below');
    });

    test('without unreadable topics, and of a tag that no rule takes from the topic', async () => {
      unreadable = [];
      expect(await statesOf({ search: 'pump' })).toEqual({ pump: 'silent for 20 min' });
      unreadable = [parked('site/pump/data')];
      expect(await statesOf({ by: 'no such tag' })).toEqual({ '': 'outside' });
      const { by: _none, ...whole } = query;
      expect((await devices().page(whole)).groups).toMatchObject([{ name: '', state: 'outside' }]);
    });

    test('what the gateway has received and not stored counts against no device', async () => {
      unreadable = [];
      pendingSinceNs = BigInt(minutesAgo(30)) * 1_000_000n;
      expect(await statesOf({ search: 'pump' })).toEqual({ pump: 'reporting' });
      expect(await statesOf({ search: 'gone' })).toEqual({ gone: 'silent for 200 min' });
      pendingSinceNs = undefined;
    });

    test('with spark each has the means of the parts of the last 24 h', async () => {
      const page = await devices().page({ ...query, spark: 48 });
      expect(page.sparkField).toBe('t');
      const sparks = new Map(page.groups.map((group) => [group.name, group.spark]));
      expect([...sparks.values()].map((spark) => spark?.length)).toEqual(Array(8).fill(48));
      const warm = sparks.get('warm')!;
      // 08:15 to 10:15 in parts of 30 min, of which the first and the last are not whole.
      expect(warm.slice(0, 43)).toEqual(Array(43).fill(null));
      expect(warm.slice(43, 46)).toEqual([5, 5, 5]);
      expect(warm[46]).toBeCloseTo((16 * 5 + 14 * 9) / 30, 9);
      expect(warm[47]).toBe(9);
      expect(sparks.get('gone')?.slice(-6)).toEqual(Array(6).fill(null));
      expect(sparks.get(HOSTILE)?.at(-1)).toBe(9);
      expect((await devices().page(query)).groups[0]).not.toHaveProperty('spark');
    });

    test('those that need a look are listed by what is wrong and by name', async () => {
      unreadable = [parked('site/pump/data'), parked('site/never readable/data'), parked('elsewhere')];
      const why = {
        code: 'payload-not-json',
        reason: 'expected a value',
        count: 20,
        sinceMs: minutesAgo(19),
      };
      const room = { measurement: 'room', tag: 'device' };
      const outside = { ...room, state: 'outside', field: 't', expected: [2, 8], unit: 'celsius' };
      const answer = await devices().needsLook();
      const hostile = { ...outside, name: HOSTILE, value: 9 };
      expect(answer.looks.filter(({ name: device }) => device === HOSTILE)).toEqual([hostile]);
      expect({ ...answer, looks: answer.looks.filter(({ name: device }) => device !== HOSTILE) }).toEqual({
        asOfMs: NOW_MS,
        devices: 10,
        moreDevices: false,
        needLook: 7,
        found: 7,
        looks: [
          {
            measurement: '',
            tag: 'topic',
            name: 'elsewhere',
            state: 'unreadable',
            topic: 'elsewhere',
            ...why,
          },
          { ...room, name: 'never readable', state: 'unreadable', topic: 'site/never readable/data', ...why },
          { ...room, name: 'pump', state: 'unreadable', topic: 'site/pump/data', ...why },
          { ...outside, name: 'cold', value: 1 },
          { ...outside, name: 'warm', value: 9, sinceMs: minutesAgo(29) },
          { ...room, name: 'gone', state: 'silent', sinceMs: minutesAgo(200) },
        ],
      });
    });

    test('measurements have what the rules state about their fields', async () => {
      const stored = await devices().measurements();
      expect(stored.find((one) => one.name === 'room')?.fields).toEqual([
        { name: 't', type: 'float', unit: 'celsius', expected: [2, 8] },
      ]);
      expect(stored.find((one) => one.name === 'power')?.fields[0]).toEqual({
        name: 't',
        type: 'float',
        unit: 'W',
      });
    });
  });
}
