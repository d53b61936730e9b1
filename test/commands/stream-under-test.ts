import type { StreamCommand } from '../../src/commands/manage-stream.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { StreamAdminApi, StreamSummary } from '../../src/stream/kinesis/kinesis-api.js';
import { FakeKinesis, type FakeKinesisApi } from '../support/fake-kinesis.js';

type Status = StreamSummary['status'] | 'missing' | 'throttled';

/** A stream that has `statuses` one after the other, each time it is described, and keeps the last. */
export function streamUnderTest(statuses: readonly Status[], fake = new FakeKinesis({ shards: 2 })) {
  const lines: string[] = [];
  const asked: string[] = [];
  const busy = new SluiceError('KINESIS_STREAM_BUSY', 'already exists');
  const missing = new SluiceError('KINESIS_STREAM_MISSING', 'Stream not found');
  let looks = 0;
  let pauses = 0;
  const next = (): Status => statuses[Math.min(looks++, statuses.length - 1)]!;
  const api: FakeKinesisApi & StreamAdminApi = Object.assign(fake.api(), {
    describeStream: async (): Promise<StreamSummary> => {
      const status = next();
      if (status === 'missing') throw missing;
      if (status === 'throttled') throw new SluiceError('KINESIS_THROTTLED', 'slowly');
      return { ...fake.summary(), status };
    },
    createStream: async (shards: number | undefined) => {
      asked.push(`create ${shards ?? 'on demand'}`);
      if (statuses[0] !== 'missing' && statuses[0] !== 'CREATING' && statuses[0] !== 'throttled') throw busy;
    },
    deleteStream: async () => {
      asked.push('delete');
      if (statuses[0] === 'missing') throw missing;
    },
  });
  const command: StreamCommand = {
    streamName: 'telemetry',
    api,
    out: (line) => lines.push(line),
    pause: async () => {
      pauses += 1;
    },
  };
  return { command, lines, asked, fake, pauses: () => pauses };
}
