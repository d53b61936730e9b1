/** What is wrong with the syntax of a topic filter [MQTT-4.7.1-2, MQTT-4.7.1-3, MQTT-4.7.3-1], or undefined. */
export function filterSyntaxFault(filter: string): string | undefined {
  if (filter.length === 0) return 'empty topic filter [MQTT-4.7.3-1]';
  if (!filter.includes('+') && !filter.includes('#')) return undefined;
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level.length > 1 && level.includes('+')) return '+ is not alone in its level [MQTT-4.7.1-3]';
    if (level.length > 1 && level.includes('#')) return '# is not alone in its level [MQTT-4.7.1-2]';
    if (level === '#' && i < levels.length - 1) return '# is not the last level [MQTT-4.7.1-2]';
  }
  return undefined;
}
