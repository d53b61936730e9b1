import { clause } from './clause.js';
import type { ProtocolLevel } from './packets.js';

/**
 * What is wrong with the syntax of a topic filter [MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1], or undefined. The first two are
 * [MQTT-4.7.1-1] and [MQTT-4.7.1-2] in MQTT 5.
 */
export function filterSyntaxFault(protocol: ProtocolLevel, filter: string): string | undefined {
  if (filter.length === 0) return 'empty topic filter [MQTT-4.7.3-1]';
  if (!filter.includes('+') && !filter.includes('#')) return undefined;
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level.length > 1 && level.includes('+'))
      return `+ is not alone in its level ${clause(protocol, '4.7.1-3', '4.7.1-2')}`;
    if (level.length > 1 && level.includes('#')) return `# is not alone in its level ${hash(protocol)}`;
    if (level === '#' && i < levels.length - 1) return `# is not the last level ${hash(protocol)}`;
  }
  return undefined;
}

function hash(protocol: ProtocolLevel): string {
  return clause(protocol, '4.7.1-2', '4.7.1-1');
}
