import { z } from 'zod';

export const MAX_NAME_CHARACTERS = 1024;

export const text = (maxCharacters: number) =>
  z.string().max(maxCharacters, `must not be longer than ${maxCharacters} characters`);

/** The name of a measurement, field or tag in the store, or a topic. */
export const name = text(MAX_NAME_CHARACTERS).min(1, 'must not be empty');

/** A number in the address of a request, where everything is text. */
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

/** The number of problems in one answer: a list of ten thousand wrong ids must not cause a long one. */
const MAX_SENTENCES = 5;

/** Parses the parameters in the address of a request. The reason has a sentence for each wrong parameter. */
export function parseRequest<T extends z.ZodType>(schema: T, parameters: unknown): Parsed<z.output<T>> {
  return parsedBy(schema, parameters, 'query', (issue) =>
    issue.code === 'invalid_type' ? 'must be given once' : undefined,
  );
}

/** Parses the JSON body of a request. The reason has a sentence for each problem. */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): Parsed<z.output<T>> {
  return parsedBy(schema, body, 'body', (issue) =>
    issue.code === 'invalid_type' ? `expected ${EXPECTED[issue.expected] ?? issue.expected}` : undefined,
  );
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'a JSON object',
  array: 'a list',
  string: 'a text',
};

function parsedBy<T extends z.ZodType>(
  schema: T,
  asked: unknown,
  whole: string,
  sentenceFor: (issue: z.core.$ZodIssue) => string | undefined,
): Parsed<z.output<T>> {
  const parsed = schema.safeParse(asked);
  if (parsed.success) return { ok: true, value: parsed.data };
  const sentences = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || whole}: ${sentenceFor(issue) ?? sentenceOf(issue)}.`,
  );
  const omitted = sentences.length - MAX_SENTENCES;
  const shown = sentences.slice(0, MAX_SENTENCES).join(' ');
  return { ok: false, reason: omitted > 0 ? `${shown} And ${omitted} more.` : shown };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${shownKeys(issue.keys)}`;
  return issue.message;
}

function shownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_SENTENCES).map((key) => key.slice(0, 64));
  return shown.join(', ') + (keys.length > shown.length ? ` and ${keys.length - shown.length} more` : '');
}
