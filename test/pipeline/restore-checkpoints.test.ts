import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { DataDirectory } from '../../src/data-directory/data-directory.js';
import { inspectDataDirectory } from '../../src/data-directory/inspect-directory.js';
import { noteCleanStop } from '../../src/data-directory/note-clean-stop.js';
import { openDataDirectory } from '../../src/data-directory/open-directory.js';
import {
  CONSUMER_READER,
  FileCheckpointStore,
  FORWARDER_READER,
  type LogReaderName,
} from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS, summarize } from '../../src/ledger/ledger.js';
import { SluiceError } from '../../src/lib/errors.js';
import { logStart } from '../../src/pipeline/log-source.js';
import { restoreCheckpoints } from '../../src/pipeline/restore-checkpoints.js';
import { singleWorkerPositionText } from '../../src/stream/kinesis/reader/single-worker-position.js';
import { damages } from '../support/damages.js';
import { saveProcessed, segmentsOf, usedDirectory } from '../support/used-directory.js';

const NEWEST = 'consumer.checkpoint.json';
const COPY = 'consumer.checkpoint.copy.json';

/** What a start does before anything reads a checkpoint. Resolves with the codes of its warnings. */
async function restored(
  directory: DataDirectory,
  logReader: LogReaderName = CONSUMER_READER,
): Promise<string[]> {
  const { lock, findings } = await openDataDirectory(directory, '9.9.9');
  const codes: string[] = [];
  try {
    await restoreCheckpoints(directory, findings.checkpoints, {
      logReader,
      warn: ({ code }) => codes.push(code),
      nowMs: 0,
    });
  } finally {
    await lock.release();
  }
  return codes;
}

function damage(directory: DataDirectory, ...names: string[]): void {
  for (const name of names) writeFileSync(join(directory.checkpoints, name), '');
}

describe('a damaged checkpoint', () => {
  it('is replaced by its copy with a warning, and kept', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    const before = await logStart(directory.checkpoints, CONSUMER_READER);
    damage(directory, NEWEST);
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESTORED']);
    expect(await logStart(directory.checkpoints, CONSUMER_READER)).toEqual(before);
    expect(readdirSync(directory.checkpoints)).toContain('consumer.checkpoint.damaged.json');
    expect(await restored(directory)).toEqual([]);
  });

  it('that is gone is replaced by its copy too', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    const before = await logStart(directory.checkpoints, CONSUMER_READER);
    rmSync(join(directory.checkpoints, NEWEST));
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESTORED']);
    expect(await logStart(directory.checkpoints, CONSUMER_READER)).toEqual(before);
    expect(readdirSync(directory.checkpoints)).toContain(NEWEST);
    expect(await restored(directory)).toEqual([]);
  });

  it('that is gone, with a damaged copy, begins the log again once', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    rmSync(join(directory.checkpoints, NEWEST));
    damage(directory, COPY);
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESET']);
    expect(await restored(directory)).toEqual([]);
  });

  it('with a damaged copy begins the log again, with a ledger that says so and what was parked archived', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    writeFileSync(join(directory.deadLetter, 'parked-00000000.jsonl'), '{"id":"1"}\n');
    damage(directory, NEWEST, COPY);
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESET']);
    const oldest = Number(segmentsOf(directory)[0]!.slice(0, 16));
    expect(oldest).toBeGreaterThan(0);
    const start = await logStart(directory.checkpoints, CONSUMER_READER);
    expect(start).toMatchObject({
      position: String(oldest),
      ledger: { lost: { 'outcome-unknown': oldest } },
    });
    expect(summarize(start!.ledger)).toEqual({ written: 0, parked: 0, filtered: 0, lost: oldest });
    expect(readdirSync(directory.deadLetter)).toEqual([expect.stringMatching(/^before-/)]);
    expect(await restored(directory)).toEqual([]);
  });

  it('with a copy from before the oldest record, which an older version has left behind, begins again too', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    const old = await usedDirectory({ records: 100, processed: 1 });
    await saveProcessed({ ...old, id: directory.id }, 1);
    writeFileSync(join(directory.checkpoints, COPY), readFileSync(join(old.checkpoints, NEWEST)));
    damage(directory, NEWEST);
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESET']);
  });

  it('of the mode that is not used is moved away, and the other goes on', async () => {
    const directory = await usedDirectory({ records: 100, processed: 60 });
    const forwarder = new FileCheckpointStore(directory.checkpoints, FORWARDER_READER);
    const saved = {
      position: '70',
      ledger: { ...NO_RECORDS, written: 70 },
      deadLetterEnd: { file: 0, bytes: 0 },
    };
    await forwarder.save(saved);
    damage(directory, NEWEST, COPY);
    expect(await restored(directory, FORWARDER_READER)).toEqual(['CHECKPOINT_RESTORED']);
    expect(await logStart(directory.checkpoints, FORWARDER_READER)).toEqual(saved);
    expect(await restored(directory, FORWARDER_READER)).toEqual([]);
  });

  it('of a Kinesis stream begins at the oldest record of every shard', async () => {
    const directory = await usedDirectory({ records: 10, processed: 10 });
    const reader = 'kinesis-telemetry-sluice';
    const store = new FileCheckpointStore(directory.checkpoints, reader);
    await store.save({
      position: singleWorkerPositionText({ shards: new Map(), retired: { shards: 1, records: 7 } }),
      ledger: { ...NO_RECORDS, written: 7 },
      deadLetterEnd: { file: 0, bytes: 0 },
    });
    mkdirSync(join(directory.deadLetter, reader));
    writeFileSync(join(directory.deadLetter, reader, 'parked-00000000.jsonl'), '{"id":"1"}\n');
    damage(directory, `${reader}.checkpoint.json`, `${reader}.checkpoint.copy.json`);
    expect(await restored(directory)).toEqual(['CHECKPOINT_RESET']);
    expect(await store.load()).toMatchObject({
      position: '{"shards":{},"retired":{"shards":0,"records":0}}',
      ledger: NO_RECORDS,
    });
    expect(readdirSync(join(directory.deadLetter, reader))).toEqual([]);
  });
});

/** Each takes several syncs; that no damage is taken for good content is tested with all of them in test/lib/checked-json.test.ts. */
function* everyTwentyThird<T>(all: Iterable<T>): Generator<T> {
  let count = 0;
  for (const one of all) {
    if (count % 23 === 0) yield one;
    count += 1;
  }
}

describe('any truncation and any flipped bit', () => {
  it.each([
    ['checkpoints', NEWEST],
    ['checkpoints', COPY],
    ['.', 'directory.json'],
    ['.', 'clean-stop.json'],
  ])(
    'of %s/%s either goes on at the same position or is refused with the name of the file',
    async (folder, name) => {
      const directory = await usedDirectory({ records: 30, processed: 20 });
      await noteCleanStop(directory, 30);
      const before = await logStart(directory.checkpoints, CONSUMER_READER);
      const file = join(directory.root, folder, name);
      const whole = readFileSync(file);
      for (const damaged of everyTwentyThird(damages(whole))) {
        writeFileSync(file, damaged);
        try {
          const codes = await restored(directory);
          expect(codes.filter((code) => code !== 'CHECKPOINT_RESTORED')).toEqual([]);
          expect(await logStart(directory.checkpoints, CONSUMER_READER)).toEqual(before);
          expect((await inspectDataDirectory(directory)).id).toBe(directory.id);
        } catch (thrown) {
          if (!(thrown instanceof SluiceError)) throw thrown;
          expect(thrown.exitCode).toBe(2);
          expect(thrown.message).toContain(file);
          expect(name).toBe('directory.json');
        }
        writeFileSync(file, whole);
      }
    },
    300_000,
  );
});
