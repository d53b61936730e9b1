import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type Checkpoint,
  FileCheckpointStore,
  readAllCheckpoints,
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
    expect(readdirSync(directory)).toEqual(['consumer.checkpoint.json']);
  });

  it('that is damaged at any byte is an error that names the file', async () => {
    const directory = tempDirectory();
    const store = new FileCheckpointStore(directory, 'consumer');
    await store.save(checkpoint);
    const path = join(directory, 'consumer.checkpoint.json');
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length - 1; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at]! ^= 1;
      writeFileSync(path, bytes);
      const loaded = await store.load().catch((thrown: { code: string; message: string }) => thrown);
      expect(loaded, `byte ${at}`).toMatchObject({
        code: 'CHECKPOINT_UNREADABLE',
        message: expect.stringContaining(path) as string,
      });
    }
  });
});
