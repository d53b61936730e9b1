import * as z from 'zod';
import { duration, type SettingText, settingInfos, text } from './setting.js';

/** Settings that are made of other settings. */

/** A section with fixed keys; unknown keys are problems. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, { description }: SettingText) {
  const schema = z.strictObject(shape);
  settingInfos.add(schema, { type: 'section', description });
  return schema;
}

/** A section whose keys are names that the user chooses. */
export function named<Value extends z.ZodType>(
  value: Value,
  { description, type }: SettingText & { readonly type: string },
) {
  const schema = z.record(z.string(), value);
  settingInfos.add(schema, { type, description });
  return schema;
}

/** A list with at least one entry. */
export function listOf<Entry extends z.ZodType>(
  entry: Entry,
  info: SettingText & { readonly placeholder: unknown },
) {
  const schema = z.array(entry).min(1);
  settingInfos.add(schema, { type: 'list', limits: 'at least one', ...info });
  return schema;
}

/** A word, or a larger structure in its place. The larger one is last in the union, because problems are reported for it. */
export function wordOr<const Word extends string | false, Larger extends z.ZodType>(
  word: Word,
  larger: Larger,
  { description, type }: SettingText & { readonly type: string },
) {
  const schema = z.union([z.literal(word), larger]);
  settingInfos.add(schema, { type, description });
  return schema;
}

/** A text, or a larger section in its place. */
export function textOr<Larger extends z.ZodType>(
  larger: Larger,
  { description, type }: SettingText & { readonly type: string },
) {
  const schema = z.union([text({ description }), larger]);
  settingInfos.add(schema, { type, description });
  return schema;
}

/** A duration, or a larger section in its place. */
export function durationOr<Larger extends z.ZodType>(larger: Larger, description: string) {
  const schema = z.union([duration({ description }), larger]);
  settingInfos.add(schema, { type: 'duration, or section', description });
  return schema;
}

/** One entry, or a list of them; the value is a list. */
export function oneOrMany<Entry extends z.ZodType>(
  entry: Entry,
  info: SettingText & { readonly type: string; readonly placeholder?: unknown },
) {
  const schema = z.preprocess(
    (raw) => (Array.isArray(raw) ? raw : raw === undefined ? raw : [raw]),
    z.array(entry).min(1),
  );
  settingInfos.add(schema, info);
  return schema;
}
