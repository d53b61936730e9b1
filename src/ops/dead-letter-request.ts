import { z } from 'zod';
import type { ParkedSelection } from './gateway-view.js';
import { name, numberFrom, type Parsed, parseBody, parseRequest } from './request-parameters.js';

const DEFAULT_DEAD_LETTERS = 50;
const MAX_DEAD_LETTERS = 500;
const MAX_IDS = 10_000;

const listParameters = z.strictObject({
  limit: numberFrom(1, MAX_DEAD_LETTERS).optional(),
  code: name.optional(),
  topic: name.optional(),
  rule: name.optional(),
});

export interface DeadLettersRequest extends Omit<ParkedSelection, 'ids' | 'all'> {
  readonly limit: number;
}

/** `limit?` up to 500, `code?`, `topic?`, `rule?`. */
export function parseDeadLettersRequest(parameters: unknown): Parsed<DeadLettersRequest> {
  const parsed = parseRequest(listParameters, parameters);
  if (!parsed.ok) return parsed;
  const { limit = DEFAULT_DEAD_LETTERS, ...filter } = parsed.value;
  return { ok: true, value: { limit, ...given(filter) } };
}

const selection = z
  .strictObject({
    ids: z
      .array(z.string().regex(/^\d{1,20}$/, 'must be an id as the list shows it'))
      .min(1, 'must name at least one')
      .max(MAX_IDS, `must be at most ${MAX_IDS}`)
      .optional(),
    code: name.optional(),
    topic: name.optional(),
    rule: name.optional(),
    all: z.literal(true, 'must be true').optional(),
  })
  .refine((chosen) => Object.values(chosen).some((value) => value !== undefined), {
    message: 'must hold ids, code, topic, rule or all',
  });

/** The body of a replay or purge. */
export function parseSelection(body: unknown): Parsed<ParkedSelection> {
  const parsed = parseBody(selection, body);
  return parsed.ok ? { ok: true, value: given(parsed.value) } : parsed;
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that were left out. */
function given<T extends object>(asked: T): Given<T> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Given<T>;
}
