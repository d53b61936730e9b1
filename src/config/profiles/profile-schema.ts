import type * as z from 'zod';
import { rules } from '../schema-rules.js';
import { keysOfRule, scalarOrTexts, text, texts } from '../setting.js';
import { named, section } from '../structured-setting.js';

/** The value of a setting of a profile. */
export type SettingValue = string | number | boolean | readonly string[];

/** An item of `rules` that stands for the rules of a profile. */
export const profileUse = section(
  {
    profile: text({
      type: 'name, or path of a file',
      description:
        'Profile whose rules stand in this place: one of `sluice profiles list`, or a file such as `./plant.yaml`.',
    }),
    name: text({
      description: 'Prefix of the names of its rules.',
      unset: 'the name of the profile',
    }).optional(),
    settings: named(
      scalarOrTexts({ description: 'The value of a setting, instead of the default in the profile.' }),
      { type: 'settings with their values', description: 'Settings of the profile.' },
    ).prefault({}),
    override: named(
      keysOfRule({
        description:
          'Keys that replace those of this rule. Sections such as `tags` and `fields` are merged, and null removes a key.',
      }),
      {
        type: 'rules with their keys',
        description: 'Changes of rules of the profile, by their names in it.',
      },
    ).prefault({}),
    omit: texts({ description: 'Rules of the profile that are omitted.' }).optional(),
  },
  { description: 'The use of a profile.' },
);

export type ProfileUse = z.output<typeof profileUse>;

const profileTexts = {
  name: text({ description: 'Name of the profile.' }),
  title: text({ description: 'What the profile is for, in a few words.' }),
  description: text({ description: 'What becomes of the messages.' }),
  source: text({ description: 'Address of the documentation that the profile was written from.' }),
};

/** A file with a profile. */
export const profileFile = section(
  {
    ...profileTexts,
    settings: named(
      section(
        {
          default: scalarOrTexts({ description: 'The value where the user gives none.' }),
          description: text({ description: 'What it is for.' }),
        },
        { description: 'A setting.' },
      ),
      { type: 'names with default and description', description: 'What the user can set.' },
    ).prefault({}),
    rules: rules.unwrap(),
  },
  { description: 'A profile.' },
);

export type ProfileFile = z.output<typeof profileFile>;
