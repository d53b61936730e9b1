import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { historyEveryMinutes } from '../../src/commands/demo-fleet.js';
import { demoStoryMs } from '../../src/commands/demo-story.js';
import { tempDirectory } from '../support/temp-directory.js';

const HOUR_MS = 3_600_000;
const FIRST_MS = Date.UTC(2026, 10, 30, 14);

/** The store as a demo leaves it that stopped at this time. */
function storeWrittenAt(directory: string, atMs: number): void {
  const path = join(directory, 'telemetry.duckdb');
  writeFileSync(path, '');
  utimesSync(path, atMs / 1000, atMs / 1000);
}

it('the story of the demo stays where it was while the store has something of the last day', async () => {
  const directory = tempDirectory();
  expect(await demoStoryMs(directory, FIRST_MS)).toBe(FIRST_MS);
  storeWrittenAt(directory, FIRST_MS + HOUR_MS);
  expect(await demoStoryMs(directory, FIRST_MS + 20 * HOUR_MS)).toBe(FIRST_MS);
  expect(await demoStoryMs(directory, FIRST_MS + 24 * HOUR_MS)).toBe(FIRST_MS);
  const later = FIRST_MS + 25 * HOUR_MS;
  expect(await demoStoryMs(directory, later)).toBe(later);
  expect(await demoStoryMs(directory, later + 1)).toBe(later + 1);
});

it('a file that says nothing, or a time that is still to come, begins the story again', async () => {
  const directory = tempDirectory();
  storeWrittenAt(directory, FIRST_MS);
  for (const text of ['', 'soon', new Date(FIRST_MS + HOUR_MS).toISOString()]) {
    writeFileSync(join(directory, 'story-at'), text);
    expect(await demoStoryMs(directory, FIRST_MS)).toBe(FIRST_MS);
  }
});

it('a history has fewer readings of each device the more devices there are, and none for very many', () => {
  expect(historyEveryMinutes(20, 'direct')).toBe(1);
  expect(historyEveryMinutes(20, 'kinesis')).toBe(10);
  expect(historyEveryMinutes(500, 'direct')).toBe(30);
  expect(historyEveryMinutes(100_000, 'direct')).toBeUndefined();
  for (const devices of [3, 20, 27, 28, 100, 1000, 20_000]) {
    const minutes = historyEveryMinutes(devices, 'direct');
    expect((devices * 24 * 60) / minutes!).toBeLessThanOrEqual(40_000);
  }
});
