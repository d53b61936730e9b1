import { appendFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Aggregate } from '../../src/windows/aggregate.js';
import { dropAggregate, savedLayouts } from '../../src/windows/drop-aggregate.js';
import { layoutOf } from '../../src/windows/layout.js';
import { openIdleWindows } from '../support/open-windows.js';
import { tempDirectory } from '../support/temp-directory.js';

function aggregate(name: string, by?: readonly string[]): Aggregate {
  return {
    name,
    from: 'climate',
    ...(by !== undefined && { by }),
    sizeMs: 60_000,
    latenessMs: 0,
    fields: new Map([['v', { functions: ['mean'], quantiles: [] }]]),
    resolutions: [{ everyMs: 60_000, measurement: `${name}_1min`, retentionMs: 0 }],
  };
}

const CLIMATE = aggregate('climate');
const REGROUPED = aggregate('climate', ['site']);
const OTHER = aggregate('other');

/** What is open after a start with these aggregates. */
async function startedWith(folder: string, ...aggregates: readonly Aggregate[]) {
  let warnings = 0;
  const windows = await openIdleWindows(folder, aggregates, () => warnings++);
  // Files of processes before it are no longer needed.
  await windows.noteSaved('0');
  const open = windows.report().aggregates.map(({ resolutions }) => resolutions[0]!.openWindows);
  await windows.close();
  return { open, warnings };
}

describe('an aggregate that is something else under its name', () => {
  const refusal = { code: 'CONFIG_INVALID', message: expect.stringContaining('by of the windows') as string };

  it('is refused, also where it was not configured for a while', async () => {
    const folder = tempDirectory();
    await startedWith(folder, CLIMATE, OTHER);
    await expect(startedWith(folder, REGROUPED, OTHER)).rejects.toMatchObject(refusal);
    await startedWith(folder, OTHER);
    await expect(startedWith(folder, REGROUPED)).rejects.toMatchObject(refusal);
    // As it was, it begins with the windows that are open now: nobody has noted points meanwhile.
    expect(await startedWith(folder, CLIMATE)).toEqual({ open: [1], warnings: 0 });
  });

  it('is accepted after it was dropped, and others stay', async () => {
    const folder = tempDirectory();
    await startedWith(folder, CLIMATE, OTHER);
    await dropAggregate(folder, layoutOf(CLIMATE));
    expect(Object.keys(await savedLayouts(folder))).toEqual(['other']);
    expect(await startedWith(folder, REGROUPED, OTHER)).toEqual({ open: [1, 1], warnings: 0 });
    expect(await savedLayouts(folder)).toMatchObject({ climate: layoutOf(REGROUPED) });
  });

  it('is dropped also behind half a line of a crash', async () => {
    const folder = tempDirectory();
    await startedWith(folder, CLIMATE);
    const newest = readdirSync(folder).sort().at(-1)!;
    appendFileSync(join(folder, newest), '{"crc32":"0000');
    await dropAggregate(folder, layoutOf(CLIMATE));
    expect(await savedLayouts(folder)).toEqual({});
    expect((await startedWith(folder, REGROUPED)).warnings).toBe(0);
  });
});

it('knows nothing where there were no windows', async () => {
  expect(await savedLayouts(join(tempDirectory(), 'windows'))).toEqual({});
});
