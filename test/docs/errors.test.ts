import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { ERROR_CODES } from '../../src/lib/errors.js';
import { NEXT_STEPS, WARNING_CODES } from '../../src/lib/warnings.js';

const DOC = join(import.meta.dirname, '..', '..', 'docs', 'errors.md');
const text = readFileSync(DOC, 'utf8');
const [errors, afterErrors] = text.split('## Codes of warnings');
const [warnings, parking] = afterErrors!.split('## Reasons for parking');
const rows = (part: string) =>
  [...part.matchAll(/^\| `([^`]+)` \| ([^|]*)\|/gm)].map((m) => [m[1]!, m[2]!.trim()] as const);

describe('docs/errors.md', () => {
  it('has every error code with its exit code, and no other', () => {
    expect(Object.fromEntries(rows(errors!))).toEqual(
      Object.fromEntries(Object.entries(ERROR_CODES).map(([code, { exitCode }]) => [code, String(exitCode)])),
    );
  });

  it('has every other code that a warning can have, in the order of the code, and no other', () => {
    const others = WARNING_CODES.filter((code) => !Object.hasOwn(ERROR_CODES, code));
    expect(rows(warnings!).map(([code]) => code)).toEqual(others);
    for (const [code, means] of rows(warnings!)) expect(means, code).not.toBe('');
  });

  it('says of each what the log line says as its next step', () => {
    const nextOf: Readonly<Record<string, string>> = NEXT_STEPS;
    const updated = text.replace(/^(\| `([^`]+)` \|.*\|)[^|]*\|$/gm, (row, cells: string, code: string) =>
      Object.hasOwn(nextOf, code) ? `${cells} ${nextOf[code]} |` : row,
    );
    if (process.env.UPDATE_DOCS === '1') writeFileSync(DOC, updated);
    expect(text, 'run UPDATE_DOCS=1 npx vitest run test/docs/errors.test.ts').toBe(updated);
  });

  it('has every reason for parking, in the order of the code, and no other', () => {
    expect(rows(parking!).map(([code]) => code)).toEqual([...PARK_CODES]);
  });
});
