import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { accepts, celFunctions, celMethods } from '../../../src/rules/cel/cel-functions.js';

const ROOT = join(import.meta.dirname, '../../..');

describe('the functions of the library', () => {
  test('docs/rules.md names each, so that an update that adds one is seen', () => {
    const page = readFileSync(join(ROOT, 'docs/rules.md'), 'utf8');
    const section = /\*\*Functions\.\*\*(.*?)\n\n/s.exec(page)?.[1] ?? '';
    const named = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect([...new Set(named)].sort()).toEqual(
      [...new Set([...celFunctions.keys(), ...celMethods.keys()])].sort(),
    );
  });

  test('none takes or gives what JSON does not have', () => {
    const overloads = [...celFunctions.values(), ...celMethods.values()].flat();
    expect(overloads.length).toBeGreaterThan(60);
    expect(celMethods.has('orValue') || celFunctions.has('uint') || celFunctions.has('has')).toBe(false);
  });

  test('an overload takes its own types, and those that are not known yet', () => {
    const overloads = celMethods.get('substring')!;
    const taken = (...types: Parameters<typeof accepts>[2]) =>
      overloads.some((one) => accepts(one, 'string', types));
    expect([taken('int'), taken('int', 'int'), taken('dyn'), taken('dyn', 'int')]).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect([taken(), taken('string'), taken('double'), taken('int', 'int', 'int')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(overloads.some((one) => accepts(one, 'int', ['int']))).toBe(false);
    expect(overloads.some((one) => accepts(one, 'dyn', ['int']))).toBe(true);
  });
});
