import * as z from 'zod';
import type { FieldOptions, Scalar, TagOptions } from '../rules/rule-options.js';
import { isTemplate } from '../rules/rule-options.js';
import {
  finiteNumber,
  numberRange,
  oneOf,
  scalar,
  scalars,
  settingInfos,
  text,
  textOrTexts,
  trueOrFalse,
  wholeNumber,
  wordMap,
} from './setting.js';
import { section } from './structured-setting.js';

// The values of a rule: where tags and fields come from, and what becomes of them.

const reference = 'reference such as payload.a.b, topic.name, device, clientId or user';

/** A section in whose place a text or a list stands for its `path`, and a text with braces for its `template`. */
export function pathOr<Section extends z.ZodType>(larger: Section, description: string, type: string) {
  const schema = z.preprocess((raw) => {
    if (Array.isArray(raw)) return { path: raw };
    if (typeof raw !== 'string') return raw;
    return isTemplate(raw) ? { template: raw } : { path: raw };
  }, larger);
  settingInfos.add(schema, { type, description });
  return schema;
}

/** The keys of a value's source, of which a rule writes exactly one. */
export const source = {
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
export const constant = scalar({ description: 'A constant value.' }).optional();

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
    required: trueOrFalse({
      description:
        'True: a record without a value is parked. False: that there is none is expected, and no mapping warning.',
    }).optional(),
    otherwise: oneOf(['park', 'omit', 'replace'], {
      description:
        'What happens to a value that cannot be a tag: the record is parked, the tag is omitted, or forbidden characters become `_`.',
      unset: 'park',
    }).optional(),
  },
  { description: 'A tag.' },
);

export const tag = pathOr(
  tagSection.transform(({ noValue, ...rest }): TagOptions => ({ ...rest, ...wordsOf(noValue) })),
  'A tag by its name; a text is short for its path, and one with braces for its template.',
  'reference, or section',
);

export const field = pathOr(
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
      expected: numberRange(
        {
          description:
            'Where the stored number usually lies. Charts draw it, and a device outside of it is listed under "Needs a look"; nothing is parked.',
        },
        { isWide: true },
      ).optional(),
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
      required: trueOrFalse({
        description:
          'True: a record without a value is parked. False: that there is none is expected, and no mapping warning.',
      }).optional(),
      unit: text({
        type: 'unit such as celsius, kWh or hPa',
        pattern: /^[^\p{C}\p{Z}][^\p{C}]{0,39}$/u,
        description:
          'Unit of the stored number, which the live page and `sluice dashboard` show; without `from` it changes nothing.',
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
