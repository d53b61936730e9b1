import { afterAll, beforeAll, describe } from 'vitest';
import { AwsKinesis } from '../../src/stream/kinesis/aws/aws-kinesis.js';
import { FanOutSource } from '../../src/stream/kinesis/reader/fan-out-source.js';
import { type StreamUnderTest, streamContract } from '../contract/stream-contract.js';
import { FakeKinesis } from '../support/fake-kinesis.js';
import {
  createTestStream,
  type StandIn,
  startKinesalite,
  startKinesisLocal,
  TEST_REGION,
} from '../support/kinesis-servers.js';
import { TestLog } from '../support/log-fixture.js';
import { tempDirectory } from '../support/temp-directory.js';
import { KinesisStreamUnderTest } from './kinesis/reader/kinesis-under-test.js';

const SHARDS = 2;

async function openLog(): Promise<StreamUnderTest> {
  const log = await TestLog.open(tempDirectory());
  return {
    inOneOrder: true,
    append: (records) =>
      new Promise((resolve) => {
        for (const record of records) log.writer.append(record, () => {});
        log.writer.afterPending(resolve);
      }),
    reader: async (from) => log.reader(from),
    close: () => log.writer.close(),
  };
}

async function openFake(): Promise<StreamUnderTest> {
  const kinesis = new FakeKinesis({ shards: SHARDS });
  return new KinesisStreamUnderTest({ streamName: kinesis.name, api: kinesis.api() });
}

async function openPushedFake(): Promise<StreamUnderTest> {
  const kinesis = new FakeKinesis({ shards: SHARDS });
  const api = kinesis.api();
  let readers = 0;
  return new KinesisStreamUnderTest({
    streamName: kinesis.name,
    api,
    source: (deps) => {
      readers += 1;
      const fanOut = Object.assign(kinesis.fanOut(), { listShards: () => api.listShards() });
      // A reader of its own is a consumer of its own: Kinesis gives each shard once a consumer.
      return FanOutSource.open(`reader-${readers}`, { ...deps, api: fanOut });
    },
  });
}

let streams = 0;

async function openOn({ endpoint }: StandIn): Promise<StreamUnderTest> {
  streams += 1;
  const streamName = `contract-${streams}`;
  await createTestStream(endpoint, streamName, SHARDS);
  return new KinesisStreamUnderTest({
    streamName,
    api: new AwsKinesis({ streamName, endpoint, region: TEST_REGION }),
  });
}

function contractOn(name: string, start: () => Promise<StandIn>): void {
  describe(name, () => {
    let server: StandIn;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(async () => {
      await server?.stop();
    });
    streamContract(name, () => openOn(server));
  });
}

streamContract('the log', openLog);
streamContract('Kinesis, faked', openFake);
streamContract('Kinesis, faked and pushed', openPushedFake);
contractOn('kinesalite', startKinesalite);
contractOn('kinesis-local', startKinesisLocal);
