import { z } from 'zod';

export const MAX_NAME_CHARACTERS = 1024;

export const text = (maxCharacters: number) =>
  z.string().max(maxCharacters, `must not be longer than ${maxCharacters} characters`);

/** A name as it stands in the store or in a topic. */
export const name = text(MAX_NAME_CHARACTERS).min(1, 'must not be empty');

/** In the address of a request; JSON bodies have numbers of their own. */
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

/** As many as a person mends at once; a list of ten thousand wrong ids must not come back as a novel. */
const MAX_SENTENCES = 5;

/** The parameters in the address of a request: what was asked for, or a sentence for each that is wrong. */
export function parseRequest<T extends z.ZodType>(schema: T, parameters: unknown): Parsed<z.output<T>> {
  return parsedBy(schema, parameters, 'query', (issue) =>
    issue.code === 'invalid_type' ? 'must be given once' : undefined,
  );
}

/** The JSON body of a request. */
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
  ofThisPlace: (issue: z.core.$ZodIssue) => string | undefined,
): Parsed<z.output<T>> {
  const parsed = schema.safeParse(asked);
  if (parsed.success) return { ok: true, value: parsed.data };
  const sentences = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || whole}: ${ofThisPlace(issue) ?? sentenceOf(issue)}.`,
  );
  const left = sentences.length - MAX_SENTENCES;
  const shown = sentences.slice(0, MAX_SENTENCES).join(' ');
  return { ok: false, reason: left > 0 ? `${shown} And ${left} more.` : shown };
}

function sentenceOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown ${shownKeys(issue.keys)}`;
  return issue.message;
}

function shownKeys(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_SENTENCES).map((key) => key.slice(0, 64));
  return shown.join(', ') + (keys.length > shown.length ? ` and ${keys.length - shown.length} more` : '');
}
