import { followGateway } from '../control/ask-gateway.js';
import type { Followed } from '../control/command-protocol.js';
import { SluiceError } from '../lib/errors.js';
import { topicFilterFault } from '../lib/mqtt-names.js';
import { oneLine } from '../lib/printable.js';
import type { FollowedRecord } from '../rules/followed-record.js';
import { formatExplanation, labelled } from '../rules/format-explanation.js';
import { propertyTexts } from './explained-record.js';
import { gatewayOf } from './find-gateway.js';
import type { ExplainOptions } from './options.js';
import { writeOut } from './write-out.js';

const NUMBERS = new Intl.NumberFormat('en-US');

type LiveOptions = Pick<ExplainOptions, 'config' | 'count' | 'timeout' | 'json'> & {
  readonly follow: string;
};

/**
 * Prints the records of a topic filter as the running gateway maps them, until a signal, the count or the time-out. Resolves
 * with the exit code: 1 when the time is over before the count is reached. Rejects when the gateway ends.
 */
export async function explainLive({
  config,
  follow,
  count = Infinity,
  timeout,
  json,
}: LiveOptions): Promise<number> {
  const fault = topicFilterFault(follow);
  if (fault !== undefined) throw new SluiceError('USAGE_INVALID', `--follow: ${fault}`);
  const { gateway, directory } = await gatewayOf(config);
  const stop = new AbortController();
  const onStop = () => {
    stop.abort();
    gateway.destroy();
  };
  process.once('SIGINT', onStop);
  process.once('SIGTERM', onStop);
  const timer = timeout === undefined ? undefined : setTimeout(onStop, timeout);
  let shown = 0;
  let isFirst = true;
  try {
    for await (const followed of followGateway(gateway, follow)) {
      if (isFirst)
        process.stderr.write(`following ${oneLine(follow)} at the gateway on ${directory}; Ctrl-C ends it\n`);
      isFirst = false;
      const records = followed.records.slice(0, count - shown);
      shown += records.length;
      const taken = { records, skipped: shown < count ? followed.skipped : 0 };
      const text = json ? jsonLines(taken) : textOf(taken);
      if (text !== '') await writeOut(text);
      if (shown >= count) return 0;
    }
  } catch (thrown) {
    if (!stop.signal.aborted) throw thrown;
  } finally {
    clearTimeout(timer);
    process.off('SIGINT', onStop);
    process.off('SIGTERM', onStop);
  }
  if (!stop.signal.aborted)
    throw new SluiceError('CONTROL_FAILED', 'the gateway has ended; nothing is followed any more');
  return count === Infinity ? 0 : 1;
}

/** What is skipped is the rest of a burst: its number comes behind the records. */
function jsonLines({ records, skipped }: Followed): string {
  const lines = [...records, ...(skipped > 0 ? [{ skipped }] : [])];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

function textOf({ records, skipped }: Followed): string {
  const rest =
    skipped > 0 ? [`… ${NUMBERS.format(skipped)} ${skipped === 1 ? 'record' : 'records'} skipped\n\n`] : [];
  return [...records.map((record) => `${recordText(record)}\n\n`), ...rest].join('');
}

function recordText(record: FollowedRecord): string {
  const { receivedAt, clientId, user, qos, payload, properties } = record;
  const who = user === undefined ? '' : `user ${oneLine(user)}, `;
  return formatExplanation(record, [
    labelled('received', `${receivedAt} from ${who}client ${oneLine(clientId)}, QoS ${qos}`),
    ...propertyTexts(properties),
    labelled('payload', payload),
  ]);
}
