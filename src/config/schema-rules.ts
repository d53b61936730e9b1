import * as z from 'zod';
import type { FieldOptions, TagOptions } from '../rules/rule-options.js';
import { DEFAULT_TIME_WINDOW } from '../rules/time.js';
import { formatDuration } from './quantity.js';
import {
  duration,
  finiteNumber,
  listOf,
  named,
  numberRange,
  oneOf,
  scalar,
  scalars,
  section,
  settingInfos,
  text,
  textOrTexts,
  trueOrFalse,
  wholeNumber,
  wordMap,
  wordOr,
} from './setting.js';

const CENTURY_MS = 100 * 365 * 86_400_000;

const reference = 'reference such as payload.a.b, topic.name, device or clientId';

/** A section in whose place a text stands for its `path`. */
function pathOr<Section extends z.ZodType>(larger: Section, description: string, type: string) {
  const schema = z.preprocess((raw) => (typeof raw === 'string' ? { path: raw } : raw), larger);
  settingInfos.add(schema, { type, description });
  return schema;
}

const tagSection = section(
  {
    path: text({ type: reference, description: 'Reference to the value.' }).optional(),
    value: text({ description: 'A constant value, instead of a reference.' }).optional(),
  },
  { description: 'A tag.' },
);

const tag = pathOr(
  tagSection.transform(({ path, value }, context): TagOptions => {
    if (path !== undefined && value === undefined) return { path };
    if (value !== undefined && path === undefined) return { value };
    context.issues.push({ code: 'custom', message: 'either path or value', input: { path, value } });
    return z.NEVER;
  }),
  'A tag by its name; a text is short for its path.',
  'reference, or section',
);

const field = pathOr(
  section(
    {
      path: textOrTexts({
        type: reference,
        description: 'Reference to the value; of several, the first that is there and not null counts.',
      }),
      noValue: scalars({
        description:
          'Values that mean "no value": words whatever their case, and numbers. The field is omitted then, or gets its `default`.',
      }).optional(),
      map: wordMap({
        description:
          'What a word, number or boolean stands for, such as `{ ON: true, OFF: false }`; words whatever their case.',
      }).optional(),
      suffix: textOrTexts({
        type: 'text',
        description: 'Text behind a number that is removed, such as `°C`.',
      }).optional(),
      decimalComma: trueOrFalse({
        description: 'Numbers as text have a decimal comma: `7,30`, `1.234,5`.',
      }).optional(),
      type: oneOf(['float', 'int', 'string', 'boolean'], {
        description:
          'Type in the store; without it numbers are float, booleans are boolean and texts are string.',
      }).optional(),
      scale: finiteNumber({ description: 'The number is multiplied by it.' }).optional(),
      offset: finiteNumber({ description: 'It is added to the number, after `scale`.' }).optional(),
      from: text({
        type: 'unit such as fahrenheit or psi',
        description:
          'Unit that the device sends; the number is converted to `unit`, after `scale` and `offset`.',
      }).optional(),
      round: wholeNumber({
        min: 0,
        max: 15,
        description: 'Digits behind the point that are kept.',
      }).optional(),
      range: numberRange({
        description: 'Allowed range of the number that is stored. It needs the type float or int.',
      }).optional(),
      oneOf: scalars({ description: 'The only values that are stored.' }).optional(),
      maxLength: wholeNumber({
        min: 1,
        max: 65_536,
        description: 'Longest text that is stored, in characters.',
      }).optional(),
      truncate: wholeNumber({
        min: 1,
        max: 65_536,
        description: 'A longer text is cut to so many characters.',
      }).optional(),
      otherwise: oneOf(['park', 'omit', 'clamp', 'default'], {
        description:
          'What happens to a value of another type or outside `range`, `oneOf` or `maxLength`: the record is parked, the field is omitted, the nearer end of the range is stored, or the `default`. Without it the record is parked.',
      }).optional(),
      default: scalar({ description: 'Stored when there is no value.' }).optional(),
      required: trueOrFalse({ description: 'A record without a value is parked.' }).optional(),
      unit: text({
        type: 'unit such as celsius, kWh or hPa',
        pattern: /^[^\p{C}\p{Z}][^\p{C}]{0,39}$/u,
        description:
          'Unit of the stored number, which `sluice dashboard` shows; without `from` it changes nothing.',
      }).optional(),
    },
    { description: 'A field.' },
  ).transform(
    ({ suffix, noValue, ...rest }): FieldOptions => ({
      ...rest,
      ...(suffix !== undefined && { suffix: typeof suffix === 'string' ? [suffix] : suffix }),
      ...(noValue !== undefined && {
        noValue: noValue.map((one) => (typeof one === 'boolean' ? String(one) : one)),
      }),
    }),
  ),
  'A field by its name; a text is short for its path.',
  'reference, or section',
);

const time = section(
  {
    path: textOrTexts({
      type: 'path inside the payload',
      description:
        'Path of the device time in the payload; of several, the first that is there and not null counts.',
    }),
    unit: oneOf(['auto', 's', 'ms', 'us', 'ns', 'rfc3339'], {
      description:
        'Unit of the number, or RFC 3339 text; `auto` infers it from the size of the number, and reads texts.',
    }).prefault('auto'),
    zone: text({
      type: 'IANA time zone such as Europe/Berlin or UTC',
      description: 'Zone of a text without one, such as `2026-03-08 21:04:50`.',
    }).optional(),
    otherwise: oneOf(['park', 'receive', 'clamp'], {
      description:
        'What happens to a time that cannot be read or lies outside of the window: the record is parked, or it gets the receive time, or the nearer end of the window.',
      unset: 'park',
    }).optional(),
    window: section(
      {
        past: duration({
          max: CENTURY_MS,
          description: 'How far the device time may be before the receive time; older readings are parked.',
        }).prefault(formatDuration(DEFAULT_TIME_WINDOW.maxPastMs)),
        future: duration({
          max: CENTURY_MS,
          description: 'How far the device time may be after the receive time; later readings are parked.',
        }).prefault(formatDuration(DEFAULT_TIME_WINDOW.maxFutureMs)),
      },
      { description: 'How much the device clock may deviate.' },
    ).prefault({}),
  },
  { description: 'The time of a reading.' },
);

const rule = section(
  {
    name: text({ description: 'Unique name of the rule, shown in the ledger and by `explain`.' }),
    topic: text({
      type: 'MQTT topic filter',
      description:
        'Topics that the rule applies to; `+name` captures one level, `#name` the rest. The first matching rule applies.',
    }),
    where: text({
      type: 'CEL condition',
      description:
        'Condition over `payload`, `topic`, `device`, `clientId` and `qos`; a record that does not satisfy it is counted as filtered by this rule.',
    }).optional(),
    measurement: text({ description: 'Measurement of the points; in DuckDB this is the table.' }),
    time: wordOr('auto', time, {
      type: 'auto, or section',
      description:
        'The time of a reading; `auto` uses an obvious key of the payload. Without `time` the receive time is used.',
    }).optional(),
    tags: named(tag, {
      type: 'tag names with their sources',
      description: 'The tags, which distinguish one series from another.',
    }).prefault({}),
    fields: wordOr(
      'auto',
      named(field, { type: 'field names with their sources', description: 'The measured values.' }),
      {
        type: 'auto, or field names with their sources',
        description:
          'The measured values; `auto` uses every number and boolean, and joins nested keys with `_`.',
      },
    ).prefault('auto'),
    whenEmpty: oneOf(['park', 'filter'], {
      description:
        'What happens to a message in which none of the named fields is present: it is parked, or filtered as `<rule>: no value`. A message in which they are present and have no value is always filtered so.',
      unset: 'park',
    }).optional(),
  },
  { description: 'A rule.' },
);

export const rules = listOf(rule, {
  placeholder: { name: 'unreadable', topic: '#', measurement: 'unreadable' },
  description:
    'The rules that turn records into points; without them one built-in rule accepts any JSON object.',
}).optional();
