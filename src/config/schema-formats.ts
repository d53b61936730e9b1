import * as z from 'zod';
import { COMPRESSIONS } from '../formats/compression/inflate.js';
import { FORMAT_TYPES } from '../formats/format-options.js';
import { LENIENCIES } from '../formats/json/lenient-json.js';
import { PRECISIONS } from '../formats/line-protocol/line-protocol-format.js';
import { SENML_ENCODINGS } from '../formats/senml/senml-format.js';
import { duration, oneOf, settingInfos, text, texts, trueOrFalse } from './setting.js';
import { listOf, section } from './structured-setting.js';

const ONE_CHARACTER = /^[^"\r\n]$/;

const leniency = oneOf(LENIENCIES, { description: 'A fault that is repaired.' });
const lenient = z.preprocess(
  (raw) => (raw === true ? [...LENIENCIES] : typeof raw === 'string' ? [raw] : raw),
  listOf(leniency, {
    placeholder: 'bom',
    description: 'Faults that are repaired; `true` means all of them.',
  }),
);
settingInfos.add(lenient, {
  type: `true, or list of ${LENIENCIES.join(', ')}`,
  unset: 'strict',
  description:
    'Faults of JSON that are repaired and counted; `true` means all of them. CBOR and MessagePack have `nan` alone.',
});

/** The options of all formats; which belong to which type is checked with the rules. */
const larger = section(
  {
    type: oneOf(FORMAT_TYPES, { description: 'Name of the format.' }),
    compression: oneOf(COMPRESSIONS, {
      description: 'How the payloads are compressed; `deflate` is raw DEFLATE.',
      unset: 'none; for `json` as the first bytes say',
    }).optional(),
    lenient: lenient.optional(),
    delimiter: text({
      type: 'one character',
      pattern: ONE_CHARACTER,
      description: 'Character between two cells of CSV.',
      unset: ', or ; with `decimalComma`',
    }).optional(),
    header: trueOrFalse({
      description: 'Whether the first row of CSV has the names of the columns.',
      unset: 'true without `columns`',
    }).optional(),
    columns: texts({ description: 'Names of the columns of CSV; `_` skips a column.' }).optional(),
    comment: text({
      type: 'one character',
      pattern: ONE_CHARACTER,
      description: 'Lines of CSV that begin with it are skipped.',
    }).optional(),
    decimalComma: trueOrFalse({ description: 'Numbers in CSV have a decimal comma.' }).optional(),
    rows: oneOf(['one', 'many'], {
      description: 'CSV with `many` rows is a list of objects; with `one` row it is that object.',
      unset: 'many',
    }).optional(),
    file: text({
      type: 'path',
      description: 'ES module with a decoder. It is trusted: it can do what the gateway can.',
    }).optional(),
    timeout: duration({
      min: 1,
      max: 10_000,
      description: 'How long a decoder may take for one payload.',
      unset: '100ms',
    }).optional(),
    precision: oneOf(PRECISIONS, {
      description: 'Unit of the timestamps of line protocol.',
      unset: 'ns',
    }).optional(),
    encoding: oneOf(SENML_ENCODINGS, {
      unset: 'auto',
      description: 'How SenML is written; `auto` decides by the first byte.',
    }).optional(),
  },
  { description: 'A format with its options.' },
);

/** The format of a payload: its name, or a section with its options. */
export const format = z.preprocess((raw) => (typeof raw === 'string' ? { type: raw } : raw), larger);
settingInfos.add(format, {
  type: `${FORMAT_TYPES.join(', ')}, or section`,
  description: 'Format of the payloads; without it what `consumer.formats` says, and else JSON.',
});

export const topicFormats = listOf(
  section(
    {
      topic: text({ type: 'MQTT topic filter', description: 'Topics whose payloads have the format.' }),
      format,
    },
    { description: 'The format of some topics.' },
  ),
  {
    placeholder: { topic: '#', format: 'json' },
    description:
      'Formats by topic, for rules that name none and for the built-in rule; the first that matches counts.',
  },
).optional();
