import { followGateway } from '../control/ask-gateway.js';
import { SluiceError } from '../lib/errors.js';
import { topicFilterFault } from '../lib/mqtt-names.js';
import { oneLine } from '../lib/printable.js';
import { parseRfc3339 } from '../lib/rfc3339.js';
import type { FollowedRecord } from '../rules/followed-record.js';
import type { SampleMessage } from '../suggest/sample-message.js';
import { gatewayOf } from './find-gateway.js';
import { SampleCollection } from './sample-collection.js';

interface FollowSource {
  readonly config?: string;
  readonly filter: string;
  readonly forMs: number;
  readonly messages: number;
}

/**
 * Collects the messages that a running gateway maps: until the time is over, there are enough, or a signal comes. Rejects when
 * the gateway ends before there is one.
 */
export async function followMessages({
  config,
  filter,
  forMs,
  messages,
}: FollowSource): Promise<SampleCollection> {
  const fault = topicFilterFault(filter);
  if (fault !== undefined) throw new SluiceError('USAGE_INVALID', `--follow: ${fault}`);
  const { gateway, directory } = await gatewayOf(config);
  const collection = new SampleCollection();
  let isStopped = false;
  const stop = () => {
    isStopped = true;
    gateway.destroy();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let timer: NodeJS.Timeout | undefined;
  let [skipped, tooLarge] = [0, 0];
  try {
    for await (const followed of followGateway(gateway, filter, { withPayloads: true })) {
      if (timer === undefined) {
        process.stderr.write(`following ${oneLine(filter)} at the gateway on ${directory}; Ctrl-C ends it\n`);
        timer = setTimeout(stop, forMs);
      }
      skipped += followed.skipped;
      for (const record of followed.records) {
        const message = messageOf(record);
        if (message === undefined) tooLarge += 1;
        else if (collection.messages.length < messages) collection.add(message);
      }
      if (followed.records.length > 0) process.stderr.write(`${collection.messages.length} messages\n`);
      if (collection.messages.length >= messages || collection.isFull) break;
    }
  } catch (thrown) {
    if (!isStopped) throw thrown;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  if (skipped > 0) process.stderr.write(`${skipped} more were too many to be shown\n`);
  if (tooLarge > 0)
    process.stderr.write(
      `${tooLarge} had payloads that are too large, or come from a gateway of an older version\n`,
    );
  return collection;
}

function messageOf({
  topic,
  clientId,
  qos,
  receivedAt,
  payloadBase64,
  properties: shown,
}: FollowedRecord): SampleMessage | undefined {
  const received = parseRfc3339(receivedAt);
  if (payloadBase64 === undefined || !received.ok) return undefined;
  const payload = Buffer.from(payloadBase64, 'base64');
  // They are cut: a suggestion needs the content type alone.
  const properties = shown?.contentType === undefined ? undefined : { contentType: shown.contentType };
  return { topic, clientId, qos, receivedAtNs: received.ns, payload, properties, isReceiveTimeKnown: true };
}
