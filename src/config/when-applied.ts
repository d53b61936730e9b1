/** When a changed value comes into force: with a reload, or with the next start. */
export type WhenApplied = 'reload' | 'restart';

/**
 * When the keys of the configuration come into force, by key or by the section that holds it. A reload replaces what the
 * rules are made of; all else is built into the stages when they start. A test holds that every key is in one entry.
 */
export const WHEN_APPLIED: Readonly<Record<string, WhenApplied>> = {
  broker: 'restart',
  stream: 'restart',
  rules: 'reload',
  'consumer.batch': 'restart',
  'consumer.checkpointInterval': 'restart',
  'consumer.match': 'reload',
  'consumer.formats': 'reload',
  'consumer.tables': 'reload',
  'consumer.payload': 'reload',
  'consumer.policies': 'reload',
  'consumer.deadLetter': 'restart',
  windows: 'restart',
  sink: 'restart',
  http: 'restart',
  metrics: 'restart',
  log: 'restart',
};

/** Returns when a key such as `broker.listeners[0].port` comes into force. */
export function whenApplied(key: string): WhenApplied {
  return entriesOf(key).map((entry) => WHEN_APPLIED[entry]!)[0] ?? 'restart';
}

/** Returns the entries of the table that a key is in. */
export function entriesOf(key: string): string[] {
  return Object.keys(WHEN_APPLIED).filter(
    (entry) => key === entry || key.startsWith(`${entry}.`) || key.startsWith(`${entry}[`),
  );
}
