import * as z from 'zod';
import { COMPRESSIONS } from '../formats/compression/inflate.js';
import { FORMAT_TYPES } from '../formats/format-options.js';
import { LENIENCIES } from '../formats/json/lenient-json.js';
import { oneOf, settingInfos, text } from './setting.js';
import { listOf, section } from './structured-setting.js';

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
  description: 'Faults of JSON that are repaired and counted; `true` means all of them.',
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
