import * as z from 'zod';
import type { TagOptions } from '../consumer/rules/rule-options.js';
import { DEFAULT_TIME_WINDOW } from '../consumer/rules/time.js';
import { formatDuration } from './duration.js';
import {
  duration,
  listOf,
  named,
  numberRange,
  oneOf,
  section,
  settingInfos,
  text,
  wordOr,
} from './setting.js';

const CENTURY_MS = 100 * 365 * 86_400_000;

const reference = 'reference such as payload.a.b, topic.name, device or clientId';

/** A text in the place of a section stands for its `path`. */
function pathOr<Section extends z.ZodType>(larger: Section, says: string, type: string) {
  const schema = z.preprocess((raw) => (typeof raw === 'string' ? { path: raw } : raw), larger);
  settingInfos.add(schema, { type, says });
  return schema;
}

const tagSection = section(
  {
    path: text({ type: reference, says: 'Where the value comes from.' }).optional(),
    value: text({ says: 'A constant instead.' }).optional(),
  },
  { says: 'One tag.' },
);

const tag = pathOr(
  tagSection.transform(({ path, value }, context): TagOptions => {
    if (path !== undefined && value === undefined) return { path };
    if (value !== undefined && path === undefined) return { value };
    context.issues.push({ code: 'custom', message: 'either path or value', input: { path, value } });
    return z.NEVER;
  }),
  'A tag by its name; a text stands for its path.',
  'reference, or section',
);

const field = pathOr(
  section(
    {
      path: text({ type: reference, says: 'Where the value comes from.' }),
      type: oneOf(['float', 'int', 'string', 'boolean'], {
        says: 'Type in the store; without it numbers are float, booleans boolean and texts string.',
      }).optional(),
      range: numberRange({ says: 'Values outside are parked; needs type float or int.' }).optional(),
      unit: text({
        type: 'unit such as celsius, kWh or hPa',
        pattern: /^[^\p{C}\p{Z}][^\p{C}]{0,39}$/u,
        says: 'Unit of the number, for `sluice dashboard`; no effect on what is stored.',
      }).optional(),
    },
    { says: 'One field.' },
  ),
  'A field by its name; a text stands for its path.',
  'reference, or section',
);

const time = section(
  {
    path: text({ type: 'path inside the payload', says: 'Where the device puts its time.' }),
    unit: oneOf(['auto', 's', 'ms', 'us', 'ns', 'rfc3339'], {
      says: 'Unit of the number, or RFC 3339 text; `auto` tells by the size of the number.',
    }).prefault('auto'),
    window: section(
      {
        past: duration({
          max: CENTURY_MS,
          says: 'How far before the receive time a reading may lie; older ones are parked.',
        }).prefault(formatDuration(DEFAULT_TIME_WINDOW.maxPastMs)),
        future: duration({
          max: CENTURY_MS,
          says: 'How far after the receive time a reading may lie; later ones are parked.',
        }).prefault(formatDuration(DEFAULT_TIME_WINDOW.maxFutureMs)),
      },
      { says: 'How far the device clock may be off.' },
    ).prefault({}),
  },
  { says: 'The reading’s time.' },
);

const rule = section(
  {
    name: text({ says: 'Its name in the ledger and in `explain`; unique.' }),
    topic: text({
      type: 'MQTT topic filter',
      says: 'What it takes; `+name` captures one level, `#name` the rest. The first rule that fits decides.',
    }),
    where: text({
      type: 'CEL condition',
      says: 'Over `payload`, `topic`, `device`, `clientId` and `qos`; what it refuses is counted as filtered by this rule.',
    }).optional(),
    measurement: text({ says: 'Measurement of the points (in DuckDB: the table).' }),
    time: wordOr('auto', time, {
      type: 'auto, or section',
      says: 'The reading’s time; `auto` takes an obvious key of the payload; without `time` it is the receive time.',
    }).optional(),
    tags: named(tag, {
      type: 'tag names with their sources',
      says: 'What tells one series from another.',
    }).prefault({}),
    fields: wordOr(
      'auto',
      named(field, { type: 'field names with their sources', says: 'What is measured.' }),
      {
        type: 'auto, or field names with their sources',
        says: 'What is measured; `auto` takes every number and boolean, nested keys joined by `_`.',
      },
    ).prefault('auto'),
  },
  { says: 'One rule.' },
);

export const rules = listOf(rule, {
  placeholder: { name: 'unreadable', topic: '#', measurement: 'unreadable' },
  says: 'How records become points; without it one built-in rule takes any JSON object.',
}).optional();
