import type { Grant } from '../../access/grant.js';
import { isValidName, MAX_TOPIC_BYTES } from '../../lib/mqtt-names.js';
import { quoted } from '../../lib/printable.js';
import type { Connection } from '../connection/connection.js';

/** Why a client may not have a topic filter, by its grant; undefined when it may. */
export function subscribeDenial(
  connection: Connection,
  grant: Grant | undefined,
  filter: string,
): string | undefined {
  if (!isValidName(filter, MAX_TOPIC_BYTES)) return 'the topic filter is too long or has control characters';
  if (filter.startsWith('$share/'))
    return 'shared subscriptions are not available: subscribe without $share and the group';
  if (grant?.maySubscribe(filter) === true) return undefined;
  return connection.identity?.method === 'anonymous'
    ? 'only clients on this machine may subscribe'
    : `no role of the user allows ${quoted(filter)}`;
}
