import { expect, it } from 'vitest';
import { PARK_CODES } from '../../src/dead-letter/park-codes.js';
import { pageModule } from '../support/page-module.js';

const { parkWords, isRefusal } = await pageModule<{
  parkWords(code: string): { words: string; advice: string };
  isRefusal(code: string): boolean;
}>('park-words.js');

it('every code has words and advice of its own', () => {
  const words = PARK_CODES.map((code) => parkWords(code).words);
  expect(new Set(words).size).toBe(PARK_CODES.length);
  for (const code of PARK_CODES) {
    expect(parkWords(code).advice, code).toMatch(/\.$/);
    expect(words, code).not.toContain(parkWords('unknown').words);
  }
});

it('a code that the page does not know has words, too', () => {
  for (const code of ['unknown', 'constructor', '__proto__']) expect(parkWords(code).words).toBe('Set aside');
});

it('only a store or a stream refuses', () => {
  expect(PARK_CODES.filter(isRefusal)).toEqual([
    'store-refused',
    'store-too-large',
    'not-expressible',
    'field-type-conflict',
    'stream-record-too-large',
    'stream-refused',
  ]);
});
