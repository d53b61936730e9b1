import { z } from 'zod';

import { type ParkedSelection, readSelection } from '../dead-letter/selection.js';
import { name, numberFrom, type Parsed, parseRequest } from './request-parameters.js';

const DEFAULT_DEAD_LETTERS = 50;
const MAX_DEAD_LETTERS = 500;

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

/** The body of a replay or purge. */
export function parseSelection(body: unknown): Parsed<ParkedSelection> {
  const selection = readSelection(body);
  return typeof selection === 'string'
    ? { ok: false, reason: `${selection}.` }
    : { ok: true, value: selection };
}

type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };

/** Without the keys that were left out. */
function given<T extends object>(asked: T): Given<T> {
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Given<T>;
}
