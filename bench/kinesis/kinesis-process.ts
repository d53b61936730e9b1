import { createServer, type IncomingMessage } from 'node:http';

/**
 * Entry of a process: a Kinesis over HTTP that answers at once and keeps nothing, so that a gateway can be measured with
 * its SDK, its sockets and its threads. Tells its parent the port.
 */

const SUMMARY = JSON.stringify({
  StreamDescriptionSummary: {
    StreamName: 'telemetry',
    StreamARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/telemetry',
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    RetentionPeriodHours: 24,
    OpenShardCount: 4,
  },
});
const KEY = Buffer.from('"PartitionKey"');

const server = createServer((request, response) => {
  void bodyOf(request).then((body) => {
    const call = String(request.headers['x-amz-target']).split('.').at(-1);
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(call === 'PutRecords' ? stored(countOf(body)) : SUMMARY);
  });
});
server.listen(0, '127.0.0.1', () => process.send!((server.address() as { port: number }).port));
process.on('disconnect', () => process.exit());

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Not parsed: megabytes of Base64 would be most of what is measured. */
function countOf(body: Buffer): number {
  let records = 0;
  for (let at = body.indexOf(KEY); at !== -1; at = body.indexOf(KEY, at + KEY.length)) records += 1;
  return records;
}

let sequenceNumber = 0;

function stored(records: number): string {
  const results: string[] = [];
  for (let i = 0; i < records; i += 1) {
    sequenceNumber += 1;
    results.push(`{"SequenceNumber":"${sequenceNumber}","ShardId":"shardId-000000000000"}`);
  }
  return `{"FailedRecordCount":0,"Records":[${results.join()}]}`;
}
