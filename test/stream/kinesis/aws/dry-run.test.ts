import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { expect, it } from 'vitest';
import { dryRun } from '../../../../src/stream/kinesis/aws/kinesis-shapes.js';

// Else this file's clients, which Sluice does not make, would warn about Node 20.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

/** A client whose requests go nowhere; `hosts` are those they were for. */
function client(type: string, endpoint?: string) {
  const hosts: string[] = [];
  const kinesis = new KinesisClient({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
    maxAttempts: 1,
    endpoint,
    requestHandler: {
      handle: async ({ hostname }: { hostname: string }) => {
        hosts.push(hostname);
        const body = Buffer.from(JSON.stringify({ __type: type, message: 'words' }));
        return { response: { statusCode: 400, headers: {}, body } };
      },
    } as never,
  });
  return { kinesis, hosts };
}

const command = () =>
  new PutRecordsCommand({
    StreamName: 'telemetry',
    Records: [{ Data: new Uint8Array(1), PartitionKey: 'probe' }],
    DryRun: true,
  });
const signal = new AbortController().signal;

it('resolves when Kinesis answers that the call would have succeeded', async () => {
  const { kinesis, hosts } = client('DryRunOperationException');
  await expect(dryRun(kinesis, command(), signal)).resolves.toBeUndefined();
  expect(hosts).toEqual(['kinesis.eu-west-1.amazonaws.com']);
});

it('rejects with what a real call would have met', async () => {
  const { kinesis } = client('AccessDeniedException');
  await expect(dryRun(kinesis, command(), signal)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

it('asks a VPC endpoint too, and no other host', async () => {
  const vpc = client('AccessDeniedException', 'https://vpce-1-a.kinesis.eu-west-1.vpce.amazonaws.com');
  await expect(dryRun(vpc.kinesis, command(), signal)).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  for (const endpoint of [
    'http://kinesis.test:4568',
    'http://amazonaws.com.example.org',
    'http://10.0.0.1',
  ]) {
    const other = client('AccessDeniedException', endpoint);
    await expect(dryRun(other.kinesis, command(), signal)).resolves.toBeUndefined();
    expect(other.hosts).toEqual([]);
  }
});
