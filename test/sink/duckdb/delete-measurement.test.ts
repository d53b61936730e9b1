import { expect, test } from 'vitest';
import { pointOf, seriesOf } from '../../support/points.js';
import { never, openedSink, readBack } from './opened-sink.js';

test('a measurement is deleted, others stay, and it can come again with other tags and types', async () => {
  const { sink, options } = await openedSink();
  const old = seriesOf('rows', { device: 'a' });
  await sink.write(
    [pointOf(old, 1n, { v: 1 }), pointOf(old, 2n, { v: 2 }), pointOf(seriesOf('points'), 1n, { v: 1 })],
    never(),
  );
  expect(await sink.deleteMeasurement('rows')).toBe(2);
  expect(await readBack(options, 'rows')).toEqual([]);
  expect(await readBack(options, 'points')).toHaveLength(1);
  expect(await sink.deleteMeasurement('rows')).toBe(0);
  expect(await sink.deleteMeasurement('nothing')).toBe(0);

  const next = pointOf(seriesOf('rows', { site: 'b' }), 1n, { v: 'text' });
  expect(await sink.write([next, pointOf(old, 3n, { v: 'x' })], never())).toEqual([]);
  expect(await readBack(options, 'rows')).toEqual([
    { tags: { site: 'b' }, fields: { v: 'text' }, timestampNs: 1n },
    { tags: { device: 'a' }, fields: { v: 'x' }, timestampNs: 3n },
  ]);
});

test('a closed store deletes nothing', async () => {
  const { sink } = await openedSink();
  await sink.close();
  await expect(sink.deleteMeasurement('rows')).rejects.toMatchObject({ code: 'SINK_CHANGE_FAILED' });
});
