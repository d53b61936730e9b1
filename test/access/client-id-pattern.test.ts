import { describe, expect, it } from 'vitest';
import { fitsClientIdPattern } from '../../src/access/client-id-pattern.js';

describe('a pattern of client ids [access 2]', () => {
  it.each([
    ['{user}', 'dev1', 'dev1', true],
    ['{user}', 'dev1', 'dev10', false],
    ['{user}', 'dev10', 'dev1', false],
    ['{user}-+', 'dev1', 'dev1-a', true],
    ['{user}-+', 'dev1', 'dev1-', false],
    ['{user}-+', 'dev1', 'dev10-a', false],
    ['+', 'dev1', 'anything', true],
    ['+', 'dev1', '', false],
    ['a+b', 'u', 'ab', false],
    ['a+b', 'u', 'abb', true],
    ['a+b+c', 'u', 'a1b2c', true],
    ['a+b+c', 'u', 'a1bc', false],
    ['a++', 'u', 'ab', false],
    ['a++', 'u', 'abc', true],
    ['nodered', 'u', 'nodered', true],
    ['nodered', 'u', 'nodered2', false],
  ])('%s for %s: %s fits: %s', (pattern, user, clientId, isFitting) => {
    expect(fitsClientIdPattern(pattern, user, clientId)).toBe(isFitting);
  });

  it('takes the name of the user as it is: nothing in it is a wildcard or a replacement', () => {
    expect(fitsClientIdPattern('{user}', '+', 'anything')).toBe(false);
    expect(fitsClientIdPattern('{user}', '+', '+')).toBe(true);
    expect(fitsClientIdPattern('{user}', '$&', '$&')).toBe(true);
    expect(fitsClientIdPattern('x{user}', '{user}', 'x{user}')).toBe(true);
  });
});
