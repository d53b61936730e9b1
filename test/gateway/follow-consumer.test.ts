import { expect, test } from 'vitest';
import { followConsumer } from '../../src/gateway/follow-consumer.js';
import type { ConsumeRequest } from '../../src/pipeline/consume-protocol.js';

test('a gateway without a consumer follows nothing', async () => {
  await expect(followConsumer(undefined, '#', false)).rejects.toMatchObject({
    code: 'CONTROL_FAILED',
    message: expect.stringContaining('no consumer runs in this gateway (--role ingest)') as string,
  });
});

test('the consumer is asked under the id that it gives', async () => {
  const asked: ConsumeRequest[] = [];
  const following = await followConsumer(
    {
      ask: async (request) => {
        asked.push(request);
        if (request.kind === 'follow-end') throw new Error('it has ended already');
        return request.kind === 'follow' ? 5 : { records: [], skipped: 3 };
      },
    },
    'a/#',
    true,
  );
  expect(await following.next()).toEqual({ records: [], skipped: 3 });
  following.end();
  expect(asked).toEqual([
    { kind: 'follow', filter: 'a/#', withPayloads: true },
    { kind: 'follow-next', id: 5 },
    { kind: 'follow-end', id: 5 },
  ]);
});
