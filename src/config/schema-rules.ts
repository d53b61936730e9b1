import * as z from 'zod';
import type { FieldOptions, Scalar, TagOptions } from '../rules/rule-options.js';
import { isTemplate } from '../rules/rule-options.js';
import { DEFAULT_TIME_WINDOW } from '../rules/time.js';
import { formatDuration } from './quantity.js';
import {
  duration,
  finiteNumber,
  numberRange,
  oneOf,
  percent,
  scalar,
  scalars,
  settingInfos,
  text,
  textOrTexts,
  texts,
  trueOrFalse,
  wholeNumber,
  wordMap,
} from './setting.js';
import { durationOr, listOf, named, oneOrMany, section, textOr, wordOr } from './structured-setting.js';

const CENTURY_MS = 100 * 365 * 86_400_000;

const reference = 'reference such as payload.a.b, topic.name, device or clientId';

/** A section in whose place a text or a list stands for its `path`, and a text with braces for its `template`. */
function pathOr<Section extends z.ZodType>(larger: Section, description: string, type: string) {
  const schema = z.preprocess((raw) => {
    if (Array.isArray(raw)) return { path: raw };
    if (typeof raw !== 'string') return raw;
    return isTemplate(raw) ? { template: raw } : { path: raw };
  }, larger);
  settingInfos.add(schema, { type, description });
  return schema;
}

/** The keys of a value's source, of which a rule writes exactly one. */
const source = {
  path: textOrTexts({
    type: reference,
    description: 'Reference to the value; of several, the first that is there and not null counts.',
  }).optional(),
  template: text({
    type: 'text with references in braces',
    description: 'Text with references in braces, such as `{topic.site}-{payload.id}`.',
  }).optional(),
  lookup: section(
    {
      table: text({ description: 'Name of a table of `consumer.tables`.' }),
      key: text({
        type: 'reference, or text with references in braces',
        description: 'What is looked up.',
      }),
      column: text({ description: 'Column that the value is in.' }),
    },
    { description: 'A value out of a table.' },
  ).optional(),
  cel: text({
    type: 'CEL expression',
    description: 'An expression such as `payload.c * 1.8 + 32`.',
  }).optional(),
};

/** The constant that stands beside those keys. */
const constant = scalar({ description: 'A constant value.' }).optional();

const noValue = scalars({
  description:
    'Values that mean "no value": words whatever their case, and numbers. It is omitted then, or gets its `default`.',
}).optional();

const map = wordMap({
  description:
    'What a word, number or boolean stands for, such as `{ ON: true, OFF: false }`; words whatever their case.',
}).optional();

const tagSection = section(
  {
    ...source,
    value: constant,
    noValue,
    map,
    default: text({ description: 'Value of the tag when there is none.' }).optional(),
    required: trueOrFalse({ description: 'A record without a value is parked.' }).optional(),
    otherwise: oneOf(['park', 'omit', 'replace'], {
      description:
        'What happens to a value that cannot be a tag: the record is parked, the tag is omitted, or forbidden characters become `_`.',
      unset: 'park',
    }).optional(),
  },
  { description: 'A tag.' },
);

const tag = pathOr(
  tagSection.transform(({ noValue, ...rest }): TagOptions => ({ ...rest, ...wordsOf(noValue) })),
  'A tag by its name; a text is short for its path, and one with braces for its template.',
  'reference, or section',
);

const field = pathOr(
  section(
    {
      ...source,
      value: constant,
      noValue,
      map,
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
      ...wordsOf(noValue),
      ...(suffix !== undefined && { suffix: typeof suffix === 'string' ? [suffix] : suffix }),
    }),
  ),
  'A field by its name; a text is short for its path, and one with braces for its template.',
  'reference, or section',
);

/** `noValue` as the rules take it: YAML makes booleans of some words. */
function wordsOf(noValue: readonly Scalar[] | undefined): Pick<FieldOptions, 'noValue'> {
  if (noValue === undefined) return {};
  return { noValue: noValue.map((one) => (typeof one === 'boolean' ? String(one) : one)) };
}

/** A number of the message that is a span of time. */
const timeSpan = (description: string) =>
  section(
    {
      path: textOrTexts({
        type: 'path inside the payload',
        description: 'Path of the number; of several, the first that is there and not null counts.',
      }),
      unit: oneOf(['s', 'ms', 'us', 'ns'], { description: 'Unit of the number.' }),
    },
    { description },
  );

const time = section(
  {
    path: textOrTexts({
      type: 'path inside the payload',
      description:
        'Path of the device time in the payload; of several, the first that is there and not null counts.',
    }).optional(),
    template: source.template,
    cel: source.cel,
    interval: durationOr(
      timeSpan('Time between two elements of `each`, out of the message.'),
      'Time between two elements of `each`: it is added once for each element before.',
    ).optional(),
    offset: timeSpan('Time that is added, out of the message.').optional(),
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

const eachLevel = pathOr(
  section(
    {
      path: textOrTexts({
        type: 'path inside the payload',
        description:
          'Where the list or object is; of several, the first that is there and not null counts. What is neither is one element.',
      }),
      as: text({ description: 'Name of the element.' }).prefault('element'),
      key: text({ description: 'Name of its key in an object.' }).prefault('key'),
      index: text({ description: 'Name of its index, from 0.' }).prefault('index'),
      where: text({
        type: 'CEL condition',
        description: 'Condition over the element; one that does not satisfy it is skipped.',
      }).optional(),
    },
    { description: 'One level of lists or objects.' },
  ),
  'A list or an object; a text is short for its path.',
  'path, or section',
);

const autoFields = section(
  {
    from: textOrTexts({
      type: 'path inside the payload',
      description: 'The object whose members become fields.',
      unset: 'the element with `each`, else the payload',
    }).optional(),
    include: texts({
      description: 'Patterns with `*` of the fields that are taken.',
      unset: 'all',
    }).optional(),
    exclude: texts({ description: 'Patterns with `*` of fields that are omitted.' }).optional(),
    rename: named(
      text({ description: 'The new name; `*` stands for what the `*` of the pattern matched.' }),
      {
        type: 'patterns with new names',
        description: 'New names of fields, by patterns with `*`; the first that matches counts.',
      },
    ).optional(),
    texts: trueOrFalse({ description: 'Texts become string fields, too.' }).optional(),
  },
  { description: 'Fields that are found in the message, beside those of `fields`.' },
);

const rule = section(
  {
    name: text({ description: 'Unique name of the rule, shown in the ledger and by `explain`.' }),
    topic: text({
      type: 'MQTT topic filter',
      description:
        'Topics that the rule applies to; `+name` captures one level, `#name` the rest. The first matching rule applies, unless `consumer.match` is `all`.',
    }),
    where: text({
      type: 'CEL condition',
      description:
        'Condition over `payload`, `topic`, `device`, `clientId` and `qos`; a record that does not satisfy it is counted as filtered by this rule.',
    }).optional(),
    sample: percent({
      description:
        'Share of the records that is taken; the others are filtered as `<rule>: sample`. A replay takes the same ones.',
    }).optional(),
    check: listOf(
      section(
        {
          if: text({ type: 'CEL condition', description: 'Condition that must be true.' }),
          else: text({ description: 'The reason that a record is parked with when it is not.' }),
        },
        { description: 'A check.' },
      ),
      {
        placeholder: { if: 'true', else: 'unreadable' },
        description: 'Checks of a message, or of an element of `each` when they ask for it.',
      },
    ).optional(),
    each: oneOrMany(eachLevel, {
      type: 'path, section, or list of them',
      description:
        'Lists or objects of which each element becomes a point; of several levels the outer first.',
    }).optional(),
    maxElements: wholeNumber({
      min: 1,
      max: 100_000,
      description: 'Limit of elements in one message; with more it is parked.',
      unset: '2000',
    }).optional(),
    measurement: textOr(
      section({ ...source, value: constant }, { description: 'Where the name comes from.' }),
      {
        type: 'text, or section',
        description: 'Measurement of the points; in DuckDB this is the table.',
      },
    ),
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
      named(field, {
        type: 'field names with their sources',
        description: 'The measured values. A name may have references in braces.',
      }),
      {
        type: 'auto, or field names with their sources',
        description:
          'The measured values; `auto` uses every number and boolean, and joins nested keys with `_`.',
      },
    ).prefault('auto'),
    autoFields: autoFields.optional(),
    maxNames: wholeNumber({
      min: 1,
      max: 100_000,
      description:
        'Limit of measurements, and of fields, whose names come from messages; a record with another one is parked.',
      unset: '1000',
    }).optional(),
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

export const lookupTables = named(
  section(
    {
      file: text({
        type: 'path',
        description: 'CSV file with the names of the columns in its first line.',
      }).optional(),
      key: text({ description: 'Column of the key.', unset: 'the first column' }).optional(),
      delimiter: text({
        type: 'one character',
        pattern: /^[^"\r\n]$/,
        description: 'Character between two cells of the file.',
      }).prefault(','),
      rows: named(
        named(scalar({ description: 'A cell.' }), {
          type: 'columns with their cells',
          description: 'A row.',
        }),
        { type: 'keys with their rows', description: 'The rows, instead of a file.' },
      ).optional(),
    },
    { description: 'A table.' },
  ),
  {
    type: 'tables by name',
    description:
      'Tables that rules look values up in: the site of a device, for example. They are read at the start and at a reload.',
  },
).optional();
