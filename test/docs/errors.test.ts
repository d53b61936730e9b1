import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { ERROR_CODES } from '../../src/errors.js';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'errors.md'), 'utf8');
const [errors, parking] = text.split('## Reasons for parking');
const rows = (part: string) =>
  [...part.matchAll(/^\| `([^`]+)` \| ([^|]*)\|/gm)].map((m) => [m[1]!, m[2]!.trim()] as const);

describe('docs/errors.md', () => {
  it('has every error code with its exit code, and no other', () => {
    expect(Object.fromEntries(rows(errors!))).toEqual(
      Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { exitCode }]) => [code, String(exitCode)])),
    );
  });

  it('has every reason for parking, in the order of the code, and no other', () => {
    expect(rows(parking!).map(([code]) => code)).toEqual([...PARK_CODES]);
  });
});
