import { expect, test, vi } from 'vitest';
import { DeviceTags, tagByName } from '../../src/devices/device-tags.js';

test.each([
  [['site', 'Sensor_ID', 'device'], 'device'],
  [['site', 'Sensor_ID'], 'Sensor_ID'],
  [['site', 'room'], undefined],
])('by its name the tag of %j is %s', (tags, tag) => {
  expect(tagByName(tags)).toBe(tag);
});

test('without a usual name it is the one with most values among the first four, asked for once', async () => {
  const counts: Record<string, number> = { site: 2, room: 30, floor: 5, rack: 7, serial: 900 };
  const count = vi.fn(async ({ by = '' }: { by?: string }) => counts[by] ?? 0);
  const tags = new DeviceTags(count);
  const measurement = { name: 'm', tags: Object.keys(counts) };
  expect(await tags.of(measurement)).toBe('room');
  expect(await tags.of(measurement)).toBe('room');
  expect(count).toHaveBeenCalledTimes(4);
  expect(await tags.of({ name: 'm', tags: ['only'] })).toBe('only');
  expect(await tags.of({ name: 'm', tags: [] })).toBeUndefined();
  expect(count).toHaveBeenCalledTimes(4);
});
