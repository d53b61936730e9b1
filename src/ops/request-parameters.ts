import { z } from 'zod';

const MAX_NAME_CHARACTERS = 1024;

/** A name as it stands in the store or in a topic. */
export const name = z.string().min(1, 'must not be empty').max(MAX_NAME_CHARACTERS);

export const wholeNumber = z
  .string()
  .regex(/^\d{1,16}$/, 'must be a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be a whole number within 2^53');

export const numberFrom = (min: number, max: number) =>
  wholeNumber.refine((count) => count >= min && count <= max, `must be ${min} to ${max}`);

export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** What was asked for, or one sentence a parameter that is wrong. */
export function parseRequest<T extends z.ZodType>(schema: T, asked: unknown): Parsed<z.output<T>> {
  const parsed = schema.safeParse(asked);
  if (parsed.success) return { ok: true, value: parsed.data };
  return {
    ok: false,
    reason: parsed.error.issues.map((issue) => `${placeOf(issue)}: ${sentenceOf(issue)}.`).join(' '),
  };
}

function placeOf(issue: z.core.$ZodIssue): string {
  return issue.path.join('.') || 'query';
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${issue.keys.join(', ')}`;
  if (issue.code === 'invalid_type') return 'must be given once';
  if (issue.code === 'too_big') return `must not be longer than ${issue.maximum} characters`;
  return issue.message;
}
