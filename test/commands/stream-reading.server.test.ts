import { describe, expect, it } from 'vitest';
import { readApplication } from '../../src/commands/stream-reading.js';
import { parseConfig } from '../../src/config/load-config.js';
import type { KinesisConfig } from '../../src/config/sluice-config.js';
import { dataDirectory, prepareDataDirectory } from '../../src/data-directory/data-directory.js';
import { FileCheckpointStore } from '../../src/ledger/checkpoint-store.js';
import { NO_RECORDS } from '../../src/ledger/ledger.js';
import { kinesisCheckpointName } from '../../src/pipeline/kinesis-file-checkpoints.js';
import { singleWorkerPositionText } from '../../src/stream/kinesis/reader/single-worker-position.js';
import type { ShardPosition } from '../../src/stream/kinesis/shard-position.js';
import { FakeKinesis } from '../support/fake-kinesis.js';
import { startDynalite } from '../support/kinesis-servers.js';
import { tempDirectory } from '../support/temp-directory.js';

function configured(yaml: string): KinesisConfig {
  const parsed = parseConfig(`stream: { mode: kinesis, kinesis: { ${yaml} } }`, 'sluice.yaml', '/', {});
  if (!parsed.ok) throw new Error('the configuration of this test is wrong');
  return parsed.loaded.config.stream.kinesis!;
}

describe('what `sluice stream describe` shows of an application', () => {
  it('is nothing before it has saved a position', async () => {
    const fake = new FakeKinesis({ shards: 1 });
    const kinesis = configured('application: app');
    const directory = tempDirectory();
    expect(await readApplication({ kinesis, directory, api: fake.api() })).toEqual({
      application: 'app',
      shards: [],
    });
  });

  it('is the position of each shard in its file, and how far behind that is', async () => {
    let nowMs = 1_795_000_000_000;
    const fake = new FakeKinesis({ shards: 2, clock: () => nowMs });
    const api = fake.api();
    const put = async () => {
      await api.putRecords([{ data: Buffer.from('x'), partitionKey: 'a', explicitHashKey: '0' }]);
      nowMs += 60_000;
    };
    await put();
    await put();
    const [first, second] = fake.stored('shardId-000000000000').map(({ sequenceNumber }) => sequenceNumber);
    const kinesis = configured('name: s, application: app');
    const root = tempDirectory();
    await prepareDataDirectory(dataDirectory(root));
    const readAt = async (at: ShardPosition) => {
      const position = singleWorkerPositionText({
        shards: new Map([
          ['shardId-000000000000', { at, records: 1 }],
          ['shardId-000000000001', { at: { kind: 'SHARD_END' }, records: 0 }],
        ]),
        retired: { shards: 0, records: 0 },
      });
      await new FileCheckpointStore(dataDirectory(root).checkpoints, kinesisCheckpointName(kinesis)).save({
        position,
        ledger: NO_RECORDS,
        deadLetterEnd: { file: 0, bytes: 0 },
      });
      return (await readApplication({ kinesis, directory: root, api })).shards;
    };
    const behind = await readAt({ kind: 'BEHIND', sequenceNumber: first!, subSequenceNumber: 0 });
    expect(behind).toEqual([
      { shardId: 'shardId-000000000000', position: `${first}:0`, millisBehind: expect.any(Number) },
      { shardId: 'shardId-000000000001', position: 'SHARD_END' },
    ]);
    expect(behind[0]!.millisBehind).toBeGreaterThanOrEqual(60_000);
    const atEnd = await readAt({ kind: 'BEHIND', sequenceNumber: second!, subSequenceNumber: 0 });
    expect(atEnd[0]!.millisBehind).toBe(0);
  });

  it('is why the lease table cannot be read, when it is not there yet', async () => {
    const dynamo = await startDynalite();
    try {
      const fake = new FakeKinesis({ shards: 1 });
      const kinesis = configured(
        `application: app, checkpoints: dynamodb, leases: { endpoint: "${dynamo.endpoint}" }`,
      );
      const reading = await readApplication({ kinesis, directory: tempDirectory(), api: fake.api() });
      expect(reading).toMatchObject({
        application: 'app',
        shards: [],
        problem: expect.stringContaining('app'),
      });
    } finally {
      await dynamo.stop();
    }
  });
});
