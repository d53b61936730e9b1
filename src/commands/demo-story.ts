import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifThere } from '../lib/if-there.js';

/** Written beside the configuration of the demo: when the faults of its story are seen. */
const STORY_FILE = 'story-at';
const STORE_FILES = ['telemetry.duckdb', 'telemetry.duckdb.wal'] as const;
const HISTORY_MS = 24 * 3_600_000;

/**
 * Returns when the faults of the demo's story are seen, ms since 1970. That is at its first start, and remains so: a
 * demo that is started again then sends the same past again, which changes no stored point. Where the store has nothing
 * of the last 24 hours, nothing can differ, and the story begins again now.
 */
export async function demoStoryMs(directory: string, nowMs: number): Promise<number> {
  const path = join(directory, STORY_FILE);
  const written = (await ifThere(readFile(path, 'utf8'))) ?? '';
  const before = Date.parse(written.trim());
  const writes = await Promise.all(STORE_FILES.map((name) => ifThere(stat(join(directory, name)))));
  const isRecent = writes.some((file) => file !== undefined && nowMs - file.mtimeMs < HISTORY_MS);
  if (isRecent && before <= nowMs) return before;
  await writeFile(path, `${new Date(nowMs).toISOString()}\n`);
  return nowMs;
}
