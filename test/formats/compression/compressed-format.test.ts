import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { FormatCache } from '../../../src/formats/create-format.js';
import type { FormatOptions } from '../../../src/formats/format-options.js';
import { outcomeIn, ruleOf, ruleSetOf } from '../../rules/rule-outcome.js';
import { decodeContext } from '../decode-context.js';
import { decodeMutations } from '../mutated-payloads.js';

const JSON_TEXT = '{"t":19.5}';
const GZIP = gzipSync(JSON_TEXT);
const ZSTD = Buffer.from('28b52ffd240a5100007b2274223a31392e357d88b8b1f1', 'hex');
const CBOR = Buffer.from('d9d9f7a16174f94ce0', 'hex');
const WRITTEN = ['telemetry,device=plant,topic=plant/a t=19.5 1773000312500000000'];

function decode(options: FormatOptions, payload: Buffer) {
  const format = new FormatCache().get(options);
  const decoded = format.decode(payload, decodeContext());
  return decoded.ok ? [decoded.format ?? format.name, decoded.value] : decoded.code;
}

describe('compression that a rule names', () => {
  test.each([
    [{ type: 'json', compression: 'gzip' }, GZIP, ['json, gzip', { t: 19.5 }]],
    [{ type: 'json', compression: 'zstd' }, ZSTD, ['json, zstd', { t: 19.5 }]],
    [{ type: 'json', compression: 'zlib' }, deflateSync(JSON_TEXT), ['json, zlib', { t: 19.5 }]],
    [{ type: 'json', compression: 'gzip' }, Buffer.from(JSON_TEXT), 'payload-not-decodable'],
    [{ type: 'json', compression: 'gzip' }, gzipSync(GZIP), 'payload-not-utf8'],
    [{ type: 'json', compression: 'none' }, GZIP, 'payload-not-utf8'],
    [{ type: 'text', compression: 'gzip' }, gzipSync('21.5'), ['text, gzip', 21.5]],
    [{ type: 'text' }, gzipSync('21.5'), 'payload-not-utf8'],
  ] as const)('%j, payload %#', (options, payload, outcome) => {
    expect(decode(options, payload)).toEqual(outcome);
  });
});

describe('what is no JSON, by its first bytes', () => {
  test.each([
    ['gzip', GZIP],
    ['zstd', ZSTD],
    ['CBOR that describes itself', CBOR],
  ])('%s: where no rule names a format, and where it is JSON', (_what, payload) => {
    expect(outcomeIn(ruleSetOf(''), payload, { topic: 'plant/a' }).lines).toEqual(WRITTEN);
    const named = outcomeIn(ruleOf('format: json, fields: auto'), payload);
    expect(named.lines).toEqual(['m t=19.5 1773000312500000000']);
  });

  test('JSON with faults in it, where the rule is lenient', () => {
    const rules = ruleOf('format: { type: json, lenient: true }, fields: auto');
    const { lines, notes } = outcomeIn(rules, gzipSync(`${JSON_TEXT}\0`));
    expect(lines).toEqual(['m t=19.5 1773000312500000000']);
    expect(notes).toEqual({ 'payload-repaired': 1 });
  });

  test('is decoded once: what is in it must be JSON', () => {
    expect(outcomeIn(ruleSetOf(''), gzipSync(GZIP)).outcome).toBe('parked as payload-not-utf8');
    expect(outcomeIn(ruleSetOf(''), gzipSync(CBOR)).outcome).toBe('parked as payload-not-utf8');
  });

  test('the reason is that of what it says it is', () => {
    const { outcome, reason } = outcomeIn(ruleSetOf(''), GZIP.subarray(0, 20));
    expect(outcome).toBe('parked as payload-not-decodable');
    expect(reason).toBe('the payload is not gzip: unexpected end of file');
  });

  test('zlib and DEFLATE have no bytes that say so', () => {
    expect(outcomeIn(ruleSetOf(''), deflateSync(JSON_TEXT)).outcome).toBe('parked as payload-not-utf8');
  });
});

test.each([
  ['gzip', GZIP],
  ['zlib', deflateSync(JSON_TEXT)],
  ['zstd', ZSTD],
] as const)(
  'mutated %s never throws',
  (compression, payload) => {
    const format = new FormatCache().get({ type: 'json', compression });
    const context = decodeContext();
    const { codes } = decodeMutations([payload], 7, (mutation) => format.decode(mutation, context));
    expect(codes).toContain('payload-not-decodable');
  },
  600_000,
);
