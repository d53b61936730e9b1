import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/lib/package-root.js';

const css = readFileSync(join(packageRoot(), 'src/web/theme.css'), 'utf8');
const LIGHT = css.match(/^:root \{([^}]*)\}/m)![1]!;
const DARK = css.match(/^:root\[data-theme="dark"\] \{([^}]*)\}/m)![1]!;

/** Name → `#rrggbb`; other values are omitted. */
function colours(block: string): Record<string, string> {
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+): (#[\da-f]{6});/g)].map(([, name, hex]) => [name, hex]),
  );
}

/** Contrast ratio by WCAG 2.2. */
function contrast(one: string, other: string): number {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Text on what is behind it somewhere on the page. */
const TEXT_PAIRS: readonly (readonly [string, string])[] = [
  ...['ground', 'surface', 'sunk'].flatMap((behind): [string, string][] => [
    ['ink', behind],
    ['muted', behind],
    ['accent', behind],
    ['ok', behind],
    ['warn', behind],
    ['bad', behind],
  ]),
  ['ok', 'ok-ground'],
  ['warn', 'warn-ground'],
  ['bad', 'bad-ground'],
  // The strip in trouble.
  ...['ink', 'accent'].flatMap((text): [string, string][] => [
    [text, 'warn-ground'],
    [text, 'bad-ground'],
  ]),
  ['on-accent', 'accent'],
  ['on-bad', 'bad'],
];

/** Edges and shapes that one must see to know what is there. */
const SHAPE_PAIRS: readonly (readonly [string, string])[] = [
  ['control', 'surface'],
  ['control', 'ground'],
  ['flow', 'surface'],
  ['flow', 'ground'],
  ['accent', 'surface'],
  ...Array.from({ length: 8 }, (_, index): [string, string] => [`line-${index + 1}`, 'surface']),
];

describe.each([
  ['light', colours(LIGHT)],
  ['dark', colours(DARK)],
])('the %s theme', (_name, theme) => {
  it('has all of its colours', () => {
    expect(Object.keys(theme).length).toBeGreaterThan(25);
    expect(Object.keys(theme).sort()).toEqual(Object.keys(colours(LIGHT)).sort());
  });

  it.each(TEXT_PAIRS)('shows %s on %s with a contrast of 4.5 at least (WCAG 1.4.3)', (text, behind) => {
    expect(contrast(theme[text]!, theme[behind]!)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(SHAPE_PAIRS)('shows %s on %s with a contrast of 3 at least (WCAG 1.4.11)', (shape, behind) => {
    expect(contrast(theme[shape]!, theme[behind]!)).toBeGreaterThanOrEqual(3);
  });
});

describe('contrast', () => {
  it('is 21 between black and white and 1 between equals', () => {
    expect(contrast('#000000', '#ffffff')).toBe(21);
    expect(contrast('#14606b', '#14606b')).toBe(1);
  });
});
