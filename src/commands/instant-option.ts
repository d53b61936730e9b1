import { InvalidArgumentError } from 'commander';
import { parseInstant } from '../lib/parse-instant.js';

/** Reads a time of the command line, in ms since 1970, as the HTTP interface does. */
export function instantOption(written: string, nowMs = Date.now()): number {
  const parsed = parseInstant(written, nowMs);
  if (parsed.ok) return parsed.ms;
  throw new InvalidArgumentError(`It ${parsed.problem}.`);
}
