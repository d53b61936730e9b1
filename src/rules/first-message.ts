import type { FieldOptions, RuleOptions } from './rule-options.js';

/** A message as a device might send it. */
export interface FirstMessage {
  readonly topic: string;
  readonly payload: string;
}

const BUILT_IN: FirstMessage = {
  topic: 'sensors/kitchen/telemetry',
  payload: '{"temperature": 21.5, "humidity": 48}',
};
/** A path of plain keys below the payload: `payload.a.b`. */
const PLAIN_PATH = /^payload((?:\.[A-Za-z_][\w-]*)+)$/;
const MAX_FIELDS = 4;

interface Nested {
  [key: string]: Nested | string | number | boolean;
}

/**
 * A message that the rule may take, from its topic filter, its tags and its fields; undefined where the rule does not say
 * what a message looks like. It is a guess: the caller has to try it.
 */
export function firstMessage({ topic, format, tags, fields }: RuleOptions): FirstMessage | undefined {
  if (format !== undefined && format.type !== 'json') return undefined;
  const sampleTopic = topic === '#' ? BUILT_IN.topic : topic.split('/').map(sampleLevel).join('/');
  const payload: Nested = {};
  for (const [name, { path, default: otherwise }] of Object.entries(tags)) {
    if (otherwise === undefined) put(payload, path, `${name}-1`);
  }
  if (fields === 'auto') Object.assign(payload, JSON.parse(BUILT_IN.payload));
  else {
    for (const options of Object.values(fields).slice(0, MAX_FIELDS)) {
      put(payload, options.path, sampleValue(options));
    }
  }
  if (Object.keys(payload).length === 0) return undefined;
  // One line with spaces, as a person types it.
  return { topic: sampleTopic, payload: JSON.stringify(payload, null, 1).replace(/\n */g, ' ') };
}

/** `+room` → `room-1`, a bare wildcard → `x`. */
function sampleLevel(level: string): string {
  if (!/^[+#]/.test(level)) return level;
  const name = level.slice(1);
  return name === '' ? 'x' : `${name}-1`;
}

function sampleValue({ type, range, oneOf, unit }: FieldOptions): string | number | boolean {
  const [allowed] = oneOf ?? [];
  if (allowed !== undefined) return allowed;
  if (type === 'boolean') return true;
  if (type === 'string') return 'on';
  if (range !== undefined) return type === 'int' ? Math.round((range[0] + range[1]) / 2) : middle(range);
  if (type === 'int') return 1;
  return unit === '%' ? 48 : 21.5;
}

/** A number in the range that is short to type. */
function middle([low, high]: readonly [number, number]): number {
  if (low <= 21.5 && high >= 21.5) return 21.5;
  return Number(((low + high) / 2).toPrecision(3));
}

function put(payload: Nested, path: FieldOptions['path'], value: string | number | boolean): void {
  const keys = PLAIN_PATH.exec(typeof path === 'string' ? path : (path?.[0] ?? ''))?.[1]
    ?.slice(1)
    .split('.');
  const last = keys?.pop();
  if (keys === undefined || last === undefined) return;
  let parent = payload;
  for (const key of keys) {
    const child = Object.hasOwn(parent, key) ? parent[key] : undefined;
    const next: Nested = typeof child === 'object' ? child : {};
    define(parent, key, next);
    parent = next;
  }
  if (!Object.hasOwn(parent, last)) define(parent, last, value);
}

/** `__proto__` becomes a key like any other. */
function define(parent: Nested, key: string, value: Nested[string]): void {
  Object.defineProperty(parent, key, { value, enumerable: true, configurable: true, writable: true });
}
