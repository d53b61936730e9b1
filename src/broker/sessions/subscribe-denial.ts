import type { Grant } from '../../access/grant.js';
import { isValidName, MAX_TOPIC_BYTES } from '../../lib/mqtt-names.js';
import { quoted } from '../../lib/printable.js';
import type { Connection } from '../connection/connection.js';
import { REASON_CODES } from '../protocol/packets.js';
import type { SubscribeDenial } from './deliveries.js';

/** Why a client may not have a topic filter, by its grant; undefined when it may. Shared ones are denied before. */
export function subscribeDenial(
  connection: Connection,
  grant: Grant | undefined,
  filter: string,
): SubscribeDenial | undefined {
  if (!isValidName(filter, MAX_TOPIC_BYTES)) {
    const detail = 'the topic filter is too long or has control characters';
    return { reasonCode: REASON_CODES.topicFilterInvalid, detail };
  }
  if (grant?.maySubscribe(filter) === true) return undefined;
  const detail =
    connection.identity?.method === 'anonymous'
      ? 'only clients on this machine may subscribe'
      : `no role of the user allows ${quoted(filter)}`;
  return { reasonCode: REASON_CODES.notAuthorized, detail };
}
