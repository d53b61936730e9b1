import { expect, it } from 'vitest';
import { dataDirectory } from '../../src/data-directory/data-directory.js';
import { formerRows } from '../../src/pipeline/open-windows.js';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { openIdleWindows } from '../support/open-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

function aggregate(name: string, ...durations: readonly (readonly [string, number])[]): Aggregate {
  return {
    name,
    from: 'points',
    sizeMs: durations[0]![1],
    latenessMs: 0,
    fields: new Map([['v', { functions: ['mean'], quantiles: [] }]]),
    resolutions: durations.map(([suffix, everyMs]) => ({
      everyMs,
      measurement: `${name}_${suffix}`,
      retentionMs: 0,
    })),
  };
}

it('keeps the rows of what is no longer configured: a retention of points is not meant for them', async () => {
  const directory = dataDirectory(tempDirectory());
  const formerOf = async (...aggregates: readonly Aggregate[]) => [
    ...(await formerRows({
      directory,
      ...(aggregates.length > 0 && { windows: { memoryBytes: 1, aggregates } }),
    })),
  ];
  expect(await formerOf()).toEqual([]);

  const minutes = ['1min', 60_000] as const;
  const both = aggregate('a', minutes, ['1h', 3_600_000]);
  const onlyMinutes = aggregate('a', minutes);
  for (const aggregates of [[both, aggregate('b', minutes)], [onlyMinutes], [onlyMinutes]]) {
    const windows = await openIdleWindows(directory.windows, aggregates);
    await windows.noteSaved('0');
    await windows.close();
  }
  expect((await formerOf(onlyMinutes)).sort()).toEqual(['a_1h', 'b_1min']);
  expect((await formerOf()).sort()).toEqual(['a_1h', 'a_1min', 'b_1min']);
  expect(await formerOf(both)).toEqual(['b_1min']);
});
