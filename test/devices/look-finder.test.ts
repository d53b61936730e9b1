import { describe, expect, test } from 'vitest';
import {
  LookFinder,
  type LookFinderParts,
  MAX_LOOKED_FIELDS,
  MAX_LOOKED_MEASUREMENTS,
  MAX_LOOKS,
} from '../../src/devices/look-finder.js';
import type { UnreadableDevice } from '../../src/devices/unreadable-devices.js';
import type { FieldSummary, MeasurementSummary } from '../../src/sink/store-reader.js';

const NOW_MS = 1_796_000_000_000;
const T: FieldSummary = { name: 't', type: 'float', unit: 'celsius', expected: [2, 8] };

const measurement = (name: string, change: Partial<MeasurementSummary> = {}): MeasurementSummary => ({
  name,
  tags: ['device'],
  fields: [T],
  ...change,
});

interface World {
  readonly measurements: readonly MeasurementSummary[];
  /** Measurement → device → what is known of it. */
  readonly devices: Readonly<Record<string, Readonly<Record<string, 'silent' | number>>>>;
  readonly unreadable?: readonly Partial<UnreadableDevice>[];
}

function finder({ measurements, devices, unreadable = [] }: World) {
  const asked = { numbers: [] as string[], since: [] as (readonly string[])[] };
  const parts: LookFinderParts = {
    measurements: async () => measurements,
    tags: { of: async ({ tags }) => tags[0] },
    known: {
      of: async ({ measurement: name }) => ({
        devices: new Map(Object.keys(devices[name] ?? {}).map((device) => [device, NOW_MS])),
        moreDevices: false,
      }),
    },
    silence: {
      silent: async (list, { counted }) =>
        new Set(
          list
            .map(({ name }) => name)
            .filter((name) => devices[counted?.measurement ?? '']?.[name] === 'silent'),
        ),
    },
    numbers: {
      of: async ({ measurement: name, field }) => {
        asked.numbers.push(field);
        return new Map(
          Object.entries(devices[name] ?? {}).flatMap(([device, value]) =>
            typeof value === 'number' ? [[device, value] as const] : [],
          ),
        );
      },
    },
    outsideSince: {
      of: async (_query, names) => {
        asked.since.push(names);
        return new Map(names.map((name) => [name, NOW_MS - 1_000]));
      },
    },
    unreadable: () =>
      unreadable.map((one) => ({
        topic: 'topic',
        clientId: 'c',
        code: 'payload-not-json',
        reason: 'no',
        sinceMs: NOW_MS,
        lastMs: NOW_MS,
        count: 1,
        measurement: '',
        tags: new Map(),
        ...one,
      })),
    nowMs: () => NOW_MS,
  };
  return { asked, find: () => new LookFinder(parts).find() };
}

const tags = (device: string) => new Map([['device', device]]);

describe('devices that need a look', () => {
  test('a device of two measurements is one device, and may have two reasons', async () => {
    const { find } = finder({
      measurements: [measurement('a'), measurement('b')],
      devices: { a: { x: 9, y: 5 }, b: { x: 'silent', z: 5 } },
    });
    const { devices, needLook, found, looks } = await find();
    expect([devices, needLook, found]).toEqual([3, 1, 2]);
    expect(looks.map((look) => [look.measurement, look.name, look.state])).toEqual([
      ['a', 'x', 'outside'],
      ['b', 'x', 'silent'],
    ]);
  });

  test('numbers in names are numbers, and the order does not depend on the store', async () => {
    const { find } = finder({
      measurements: [measurement('a')],
      devices: { a: { 'd-10': 9, 'd-9': 1, 'd-1': 'silent' } },
    });
    expect((await find()).looks.map(({ name }) => name)).toEqual(['d-9', 'd-10', 'd-1']);
  });

  test('of several unreadable topics of a device the one that is so longest counts', async () => {
    const own = { measurement: 'a', tags: tags('x') };
    const { find } = finder({
      measurements: [measurement('a')],
      devices: { a: { x: 'silent' } },
      unreadable: [
        { ...own, topic: 'x/2' },
        { ...own, topic: 'x/1', sinceMs: NOW_MS - 1 },
      ],
    });
    expect((await find()).looks).toMatchObject([{ name: 'x', state: 'unreadable', topic: 'x/1' }]);
  });

  test('where no point of the device is stored, the rule or else the topic names it', async () => {
    const { find } = finder({
      measurements: [],
      devices: {},
      unreadable: [
        {
          topic: 'a/b',
          tags: new Map([
            ['room', 'attic'],
            ['sensor_id', 's1'],
          ]),
          measurement: 'm',
        },
        { topic: 'c/d', tags: new Map([['room', 'attic']]) },
      ],
    });
    const { devices, needLook, looks } = await find();
    expect([devices, needLook]).toEqual([2, 2]);
    expect(looks).toMatchObject([
      { tag: 'topic', name: 'c/d', measurement: '' },
      { tag: 'sensor_id', name: 's1', measurement: 'm', topic: 'a/b' },
    ]);
  });

  test('a measurement without tags is a device; points without the tag are of none', async () => {
    const { find } = finder({
      measurements: [measurement('plain', { tags: [] }), measurement('a')],
      devices: { plain: { '': 9 }, a: { '': 9, x: 5 } },
    });
    const { devices, looks } = await find();
    expect(devices).toBe(2);
    expect(looks).toMatchObject([{ measurement: 'plain', tag: '', name: 'plain', sinceMs: NOW_MS - 1_000 }]);
  });

  test('of several fields that are outside the first is named', async () => {
    const fields = [{ ...T, name: 'u', expected: undefined }, T, { ...T, name: 'v' }] as FieldSummary[];
    const { find, asked } = finder({
      measurements: [measurement('a', { fields })],
      devices: { a: { x: 9 } },
    });
    expect((await find()).looks).toMatchObject([
      { name: 'x', field: 't', unit: 'celsius', expected: [2, 8] },
    ]);
    expect(asked.numbers).toEqual(['t', 'v']);
  });

  test('the bounds of an answer', async () => {
    const measurements = Array.from({ length: MAX_LOOKED_MEASUREMENTS + 1 }, (_, nth) =>
      measurement(`m${nth}`),
    );
    const many = Object.fromEntries(Array.from({ length: MAX_LOOKS + 10 }, (_, nth) => [`d${nth}`, 9]));
    const { find, asked } = finder({
      measurements,
      devices: { m0: many, [`m${MAX_LOOKED_MEASUREMENTS}`]: { x: 9 } },
    });
    const answer = await find();
    expect(answer).toMatchObject({ moreDevices: true, found: MAX_LOOKS + 10, needLook: MAX_LOOKS + 10 });
    expect(answer.looks).toHaveLength(MAX_LOOKS);
    expect(asked.since.map((names) => names.length)).toEqual([MAX_LOOKS]);
    const fields = Array.from({ length: MAX_LOOKED_FIELDS + 1 }, (_, nth) => ({ ...T, name: `f${nth}` }));
    const wide = finder({ measurements: [measurement('a', { fields })], devices: { a: { x: 5 } } });
    await wide.find();
    expect(wide.asked.numbers).toHaveLength(MAX_LOOKED_FIELDS);
  });
});
