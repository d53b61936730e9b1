import { AwsKinesis } from '../../../../src/stream/kinesis/aws/aws-kinesis.js';
import { type KinesisUnderTest, kinesisApiContract } from '../../../contract/kinesis-api-contract.js';
import {
  createTestStream,
  mergeShards,
  type StandIn,
  splitShard,
  startKinesalite,
  startKinesisLocal,
} from '../../../support/kinesis-servers.js';

async function underTest(start: () => Promise<StandIn>): Promise<KinesisUnderTest> {
  const { endpoint, stop } = await start();
  const clients: AwsKinesis[] = [];
  const client = (streamName: string) => {
    const api = new AwsKinesis({ streamName, endpoint });
    clients.push(api);
    return api;
  };
  let streams = 0;
  return {
    missing: client('missing'),
    async openStream(shards) {
      streams += 1;
      const name = `contract-${streams}`;
      await createTestStream(endpoint, name, shards);
      return {
        api: client(name),
        split: (shardId, at) => splitShard(endpoint, name, shardId, at),
        merge: (a, b) => mergeShards(endpoint, name, a, b),
      };
    },
    async stop() {
      for (const api of clients) api.close();
      await stop();
    },
  };
}

kinesisApiContract('AwsKinesis on kinesalite', () => underTest(startKinesalite), { noChildShards: true });
kinesisApiContract('AwsKinesis on kinesis-local', () => underTest(startKinesisLocal), {
  junkIteratorIsAFault: true,
  emptyShardTakesAnySequenceNumber: true,
  endingSequenceNumberIsJunk: true,
  mergeRepeatsStartingSequenceNumber: true,
});
