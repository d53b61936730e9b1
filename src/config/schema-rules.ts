import { formatDuration } from '../lib/quantity.js';
import { DEFAULT_TIME_WINDOW } from '../rules/time.js';
import { format } from './schema-formats.js';
import { rulePolicies } from './schema-policies.js';
import { constant, field, pathOr, source, tag } from './schema-values.js';
import {
  duration,
  oneOf,
  percent,
  scalar,
  text,
  textOrTexts,
  texts,
  trueOrFalse,
  wholeNumber,
} from './setting.js';
import { durationOr, listOf, named, oneOrMany, section, textOr, wordOr } from './structured-setting.js';

const CENTURY_MS = 100 * 365 * 86_400_000;

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

const autoTags = section(
  {
    from: textOrTexts({
      type: 'path inside the payload',
      description: 'The object whose members become tags.',
    }),
    include: texts({ description: 'Patterns with `*` of the tags that are taken.', unset: 'all' }).optional(),
    exclude: texts({ description: 'Patterns with `*` of tags that are omitted.' }).optional(),
    rename: named(
      text({ description: 'The new name; `*` stands for what the `*` of the pattern matched.' }),
      {
        type: 'patterns with new names',
        description: 'New names of tags, by patterns with `*`; the first that matches counts.',
      },
    ).optional(),
  },
  { description: 'Tags that are found in the message, beside those of `tags`.' },
);

const rule = section(
  {
    name: text({
      description:
        'Unique name of the rule, shown in the ledger and by `explain`. Beside `profile` it is the prefix of the names of its rules; without it the name of the profile.',
    }),
    topic: text({
      type: 'MQTT topic filter',
      description:
        'Topics that the rule applies to; `+name` captures one level, `#name` the rest. The first matching rule applies, unless `consumer.match` is `all`.',
    }),
    format: format.optional(),
    where: text({
      type: 'CEL condition',
      description:
        'Condition over `payload`, `topic`, `device`, `clientId`, `user`, `properties` and `qos`; a record that does not satisfy it is counted as filtered by this rule.',
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
    autoTags: autoTags.optional(),
    maxNames: wholeNumber({
      min: 1,
      max: 100_000,
      description:
        'Limit of measurements, of fields, and of tags, whose names come from messages; a record with another one is parked.',
      unset: '1000',
    }).optional(),
    continue: trueOrFalse({
      description:
        'A message that this rule takes also goes to the rules behind it, which otherwise only `consumer.match: all` does.',
    }).optional(),
    whenEmpty: oneOf(['park', 'filter'], {
      description:
        'What happens to a message in which none of the named fields is present: it is parked, or filtered as `<rule>: no value`. A message in which they are present and have no value is always filtered so.',
      unset: 'park',
    }).optional(),
    policies: rulePolicies.optional(),
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
