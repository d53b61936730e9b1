import type { FormatType } from '../formats/format-options.js';
import type { RuleDraft } from './rule-draft.js';

type KnownParts = Pick<RuleDraft, 'entries' | 'tags' | 'fields' | 'policies'>;

/** Formats whose values have the same keys for every device. They have one rule, that of docs/formats.md. */
export const KNOWN_RULES: Partial<Record<FormatType, KnownParts>> = {
  sparkplug: {
    entries: [
      {
        key: 'where',
        value: `'payload.type in ["NBIRTH", "DBIRTH", "NDATA", "DDATA"]'`,
        comment: 'deaths and commands have no readings',
      },
      { key: 'each', value: '{ path: payload.metrics, as: metric, where: "!has(metric.unsupported)" }' },
      { key: 'measurement', value: 'sparkplug' },
      { key: 'time', value: '{ path: metric.timestamp, unit: ms }' },
    ],
    tags: [
      { key: 'group', value: 'payload.group' },
      { key: 'node', value: 'payload.node' },
      { key: 'device', value: 'payload.device' },
    ],
    fields: [{ key: '{metric.name}', value: 'metric.value', comment: 'births say which type a metric has' }],
    policies: [],
  },
  senml: {
    entries: [
      { key: 'each', value: '{ path: payload, as: record }' },
      { key: 'measurement', value: 'senml' },
      { key: 'time', value: '{ path: record.time, unit: ns }' },
    ],
    tags: [
      { key: 'device', value: 'record.base' },
      { key: 'channel', value: 'record.label' },
      { key: 'unit', value: 'record.unit', comment: 'the same name with another unit is another series' },
    ],
    fields: [
      { key: 'value', value: '{ path: record.value, type: float }' },
      { key: 'on', value: '{ path: record.boolean, type: boolean }' },
      { key: 'text', value: '{ path: record.string, type: string }' },
    ],
    policies: [],
  },
  'line-protocol': {
    entries: [
      { key: 'each', value: 'payload' },
      { key: 'measurement', value: '{ path: element.measurement }' },
      { key: 'time', value: '{ path: element.time, unit: ns }' },
      { key: 'autoTags', value: '{ from: element.tags }' },
      { key: 'autoFields', value: '{ from: element.fields, texts: true }' },
    ],
    tags: [],
    fields: [],
    policies: [],
  },
};
