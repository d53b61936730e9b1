import type { RuleOptions } from './rule-options.js';

/** What is done when the configuration has no `rules`: any JSON object on any topic becomes a point. */
export const DEFAULT_RULES: readonly RuleOptions[] = [
  {
    name: 'default',
    topic: '#',
    measurement: 'telemetry',
    time: 'auto',
    tags: { device: { path: 'device' } },
    fields: 'auto',
  },
];
