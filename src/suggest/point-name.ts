import type { TopicFilter } from './topic-filter.js';

const GENERIC = new Set([
  'data',
  'telemetry',
  'state',
  'status',
  'json',
  'up',
  'uplink',
  'raw',
  'values',
  'value',
  'message',
  'messages',
  'event',
  'events',
  'mqtt',
  'v1',
  'v2',
  'v3',
  'get',
  'out',
  'in',
  'tele',
  'stat',
]);
/** Control characters, and what means something in a template, a variable or a reference. */
const UNSAFE = /[\p{Cc}{}$"\\]/gu;

/** A measurement by the topic: the last constant level that says something. */
export function measurementOf({ constants }: TopicFilter): string {
  const names = constants.map((level) => level.replace(/[^A-Za-z0-9_]+/g, '_').replace(/^_+|_+$/g, ''));
  const meaningful = names.filter((name) => /[A-Za-z]{2}/.test(name) && !GENERIC.has(name.toLowerCase()));
  const name = (meaningful.at(-1) ?? 'telemetry').toLowerCase();
  // The measurements of the gateway's own metrics begin so.
  return name.startsWith('sluice')
    ? `${name.slice('sluice'.length).replace(/^_+/, '') || 'telemetry'}_data`
    : name;
}

/** A name of a tag or field by a path: unique, and one that stores take. */
export function pointName(path: readonly string[], taken: Set<string>, fallback = 'value'): string {
  const joined = path
    .join('_')
    .replace(UNSAFE, '_')
    .replace(/^[_\s]+/, '')
    .trim();
  const plain = joined === '' ? fallback : joined === 'time' ? 'time_value' : joined;
  let name = plain;
  for (let number = 2; taken.has(name); number++) name = `${plain}_${number}`;
  taken.add(name);
  return name;
}

/** A name of its own among those that are taken. */
export function uniqueIn(taken: Set<string>, name: string): string {
  return pointName([name], taken, 'rule');
}
