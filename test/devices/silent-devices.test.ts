import { describe, expect, test, vi } from 'vitest';
import { SILENT_AFTER_MS, SilentDevices } from '../../src/devices/silent-devices.js';

const MINUTE_MS = 60_000;
const NOW_MS = 1_796_000_000_000;
const COUNTED = { measurement: 'm', by: 'device', field: 't' };
const QUERY = { counted: COUNTED, nowMs: NOW_MS, silentBeforeMs: NOW_MS - SILENT_AFTER_MS };

/** Name → minutes since its newest point. */
const seen = (minutes: Readonly<Record<string, number>>) =>
  Object.entries(minutes).map(([name, ago]) => ({ name, atMs: NOW_MS - ago * MINUTE_MS }));

function devices(intervals: Readonly<Record<string, number>>, behindMinutes = 0) {
  const of = vi.fn(
    async () => new Map(Object.entries(intervals).map(([name, minutes]) => [name, minutes * MINUTE_MS])),
  );
  return { of, silent: new SilentDevices({ of }, () => behindMinutes * MINUTE_MS) };
}

describe('a device is silent', () => {
  test('after five minutes, and after three usual intervals', async () => {
    const { silent, of } = devices({ often: 0.1, hourly: 60 });
    const at = async (minutes: number) => [
      ...(await silent.silent(seen({ often: minutes, hourly: minutes, unknown: minutes }), QUERY)),
    ];
    expect(await at(5)).toEqual([]);
    expect(of).not.toHaveBeenCalled();
    expect(await at(5.1)).toEqual(['often', 'unknown']);
    expect(await at(180)).toEqual(['often', 'unknown']);
    expect(await at(180.1)).toEqual(['often', 'hourly', 'unknown']);
  });

  test('only for what the gateway has stored', async () => {
    const { silent } = devices({}, 60);
    expect(await silent.silent(seen({ a: 64, b: 66 }), QUERY)).toEqual(new Set(['b']));
    expect(await silent.late(seen({ a: 64, b: 66 }), QUERY)).toEqual(new Set());
  });

  test('after five minutes where no field can be counted, or the intervals cannot be read', async () => {
    const { silent, of } = devices({ hourly: 60 });
    const { counted: _none, ...uncounted } = QUERY;
    expect(await silent.silent(seen({ hourly: 6 }), uncounted)).toEqual(new Set(['hourly']));
    of.mockRejectedValueOnce(new Error('the store is away'));
    expect(await silent.silent(seen({ hourly: 6 }), QUERY)).toEqual(new Set(['hourly']));
  });
});

test('a device is late after a minute, and after two usual intervals; without an interval it never is', async () => {
  const { silent } = devices({ often: 0.1, minutely: 1, hourly: 60 });
  const late = async (minutes: number) => [
    ...(await silent.late(
      seen({ often: minutes, minutely: minutes, hourly: minutes, unknown: minutes }),
      QUERY,
    )),
  ];
  expect(await late(1)).toEqual([]);
  expect(await late(1.5)).toEqual(['often']);
  expect(await late(2.5)).toEqual(['often', 'minutely']);
  expect(await late(121)).toEqual(['often', 'minutely', 'hourly']);
});
