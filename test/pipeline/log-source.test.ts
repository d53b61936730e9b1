import { mkdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CONSUMER_READER, FileCheckpointStore, FORWARDER_READER } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { logStart } from '../../src/pipeline/log-source.js';
import { tempDirectory } from '../support/temp-directory.js';

async function withCheckpoints(saved: Readonly<Record<string, string>>): Promise<string> {
  const directory = tempDirectory();
  mkdirSync(directory, { recursive: true });
  for (const [reader, position] of Object.entries(saved)) {
    await new FileCheckpointStore(directory, reader).save({
      position,
      ledger: { ...NO_RECORDS, written: Number(position) },
      deadLetterEnd: { file: 1, bytes: Number(position) },
    });
  }
  return directory;
}

describe('where a reader of the log begins', () => {
  it('is the beginning without a checkpoint', async () => {
    expect(await logStart(await withCheckpoints({}), CONSUMER_READER)).toBeUndefined();
  });

  it('is its own checkpoint', async () => {
    const directory = await withCheckpoints({ consumer: '40' });
    expect(await logStart(directory, CONSUMER_READER)).toMatchObject({
      position: '40',
      deadLetterEnd: { bytes: 40 },
    });
  });

  it('is the checkpoint of the consumer after the mode was changed, with its ledger and no end of a dead letter', async () => {
    const directory = await withCheckpoints({ consumer: '40' });
    expect(await logStart(directory, FORWARDER_READER)).toEqual({
      position: '40',
      ledger: { ...NO_RECORDS, written: 40 },
    });
  });

  it('is the further one after the mode was changed and changed back, with the end of its own dead letter', async () => {
    const directory = await withCheckpoints({ consumer: '9', forwarder: '100' });
    expect(await logStart(directory, CONSUMER_READER)).toEqual({
      position: '100',
      ledger: { ...NO_RECORDS, written: 100 },
      deadLetterEnd: { file: 1, bytes: 9 },
    });
    expect(await logStart(directory, FORWARDER_READER)).toMatchObject({ deadLetterEnd: { bytes: 100 } });
  });

  it('ignores checkpoints in Kinesis', async () => {
    const directory = await withCheckpoints({ 'kinesis-telemetry-sluice': '7' });
    expect(await logStart(directory, CONSUMER_READER)).toBeUndefined();
  });
});
