import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  FileCheckpointStore,
  readAllCheckpoints,
  savedReaders,
} from '../../src/ledger/checkpoint-store.js';
import { tempDirectory } from '../support/temp-directory.js';

const checkpoint: Checkpoint = {
  position: '42',
  ledger: { written: 40, parked: { 'rule-none': 1 }, filtered: { r: 1 }, lost: {} },
  deadLetterEnd: { file: 0, bytes: 10 },
};

describe('a checkpoint', () => {
  it('is loaded as it was saved; without one there is none', async () => {
    const directory = tempDirectory();
    const store = new FileCheckpointStore(directory, 'consumer');
    expect(await store.load()).toBeUndefined();
    await store.save({ ...checkpoint, position: '41' });
    await store.save(checkpoint);
    expect(await new FileCheckpointStore(directory, 'consumer').load()).toEqual(checkpoint);
    expect(await readAllCheckpoints(directory)).toEqual(new Map([['consumer', checkpoint]]));
    expect(readdirSync(directory).sort()).toEqual([
      'consumer.checkpoint.copy.json',
      'consumer.checkpoint.json',
    ]);
  });

  it('that is damaged at any byte is replaced by its copy; with both damaged it is an error that names the file', async () => {
    const directory = tempDirectory();
    const store = new FileCheckpointStore(directory, 'consumer');
    await store.save(checkpoint);
    const path = join(directory, 'consumer.checkpoint.json');
    const copy = join(directory, 'consumer.checkpoint.copy.json');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length - 1; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      writeFileSync(copy, whole);
      expect(await store.load(), `byte ${at}`).toEqual(checkpoint);
      writeFileSync(copy, bytes);
      await expect(store.load(), `byte ${at}`).rejects.toMatchObject({
        code: 'CHECKPOINT_UNREADABLE',
        message: expect.stringContaining(path) as string,
      });
    }
  });

  it('of which only the copy is left is that copy; without both there is none', async () => {
    const directory = tempDirectory();
    const store = new FileCheckpointStore(directory, 'consumer');
    await store.save(checkpoint);
    rmSync(join(directory, 'consumer.checkpoint.json'));
    expect(await store.load()).toEqual(checkpoint);
    expect(await savedReaders(directory)).toEqual(['consumer']);
    const copy = join(directory, 'consumer.checkpoint.copy.json');
    writeFileSync(copy, 'damaged');
    await expect(store.load()).rejects.toMatchObject({ code: 'CHECKPOINT_UNREADABLE' });
    rmSync(copy);
    expect(await store.load()).toBeUndefined();
  });

  it('is durable in its copy before the newest file names it', async () => {
    const directory = tempDirectory();
    const store = new FileCheckpointStore(directory, 'consumer');
    await store.save(checkpoint);
    // The newest file cannot be replaced: the save fails after the copy.
    const path = join(directory, 'consumer.checkpoint.json');
    rmSync(path);
    mkdirSync(path);
    await expect(store.save({ ...checkpoint, position: '43' })).rejects.toMatchObject({
      code: 'CHECKPOINT_FAILED',
    });
    expect(readFileSync(join(directory, 'consumer.checkpoint.copy.json'), 'utf8')).toContain(
      '"position":"43"',
    );
  });
});
