import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DecoderFormat } from '../../../src/formats/decoder/decoder-format.js';
import { DecoderThread } from '../../../src/formats/decoder/decoder-thread.js';
import { ExactNumber, type JsonLimits } from '../../../src/formats/json/json-value.js';
import { tempDirectory } from '../../support/temp-directory.js';
import { decodeContext } from '../decode-context.js';

/** Long enough for a machine under load; a test that waits for it on purpose waits so long. */
const TIMEOUT_MS = 2_000;
const NO_ANSWER = `decoder-failed: the decoder: it gave no answer within 50 ms, or its thread has ended`;

function decoderFile(program: string): string {
  const file = join(tempDirectory(), 'decoder.js');
  writeFileSync(file, program);
  return file;
}

/** A decoder whose payload is the JavaScript that it evaluates, and which counts its calls. */
const EVALUATE = `let calls = 0;
export default (payload, context) => {
  calls++;
  return new Function('payload', 'context', 'calls', String.fromCharCode(...payload))(payload, context, calls);
};`;

function decoder(timeoutMs = TIMEOUT_MS, program = EVALUATE, readMs?: () => number) {
  const format = new DecoderFormat({ file: decoderFile(program), timeoutMs }, readMs);
  return (payload: string, limits: Partial<JsonLimits> = {}) => {
    const decoded = format.decode(Buffer.from(payload), decodeContext(limits));
    return decoded.ok ? decoded.value : `${decoded.code}: ${decoded.reason}`;
  };
}

describe('what a decoder gives', () => {
  test('is the value of the payload', () => {
    const decode = decoder();
    expect(decode('return { n: payload.length, first: payload[0], list: [1, "a", null, true] }')).toEqual({
      n: 75,
      first: 'r'.charCodeAt(0),
      list: [1, 'a', null, true],
    });
    expect(decode('return context.topic')).toBe('a/b');
    expect(decode('return context.receivedAtNs')).toMatchObject({ text: '1773000312500000000' });
  });

  test('may have exact numbers, Maps and bytes', () => {
    const decode = decoder();
    const value = decode('return new Map([["a", 9007199254740993n], ["b", new Uint8Array([1, 2])]])');
    expect(value).toMatchObject({ a: expect.any(ExactNumber), b: 'AQI=' });
  });

  test('holds the limits of a payload', () => {
    const decode = decoder();
    expect(decode('return { a: 1, b: 2 }', { maxKeys: 1 })).toMatch(/^payload-too-many-keys/);
    expect(decode('return [[[1]]]', { maxDepth: 2 })).toMatch(/^payload-too-deep/);
    expect(decode('return { ["__proto__"]: 1 }')).toMatch(/^payload-forbidden-key/);
    expect(decode('return NaN')).toMatch(/^payload-number-out-of-range/);
    expect(decode('return 1', { maxPayloadBytes: 7 })).toMatch(/^payload-too-large/);
  });

  test('is made of the bytes of the payload alone', () => {
    const format = new DecoderFormat({
      file: decoderFile('export default (payload) => payload.buffer.byteLength;'),
      timeoutMs: TIMEOUT_MS,
    });
    expect(format.decode(Buffer.from('before|in|behind').subarray(7, 9), decodeContext())).toMatchObject({
      value: 2,
    });
  });
});

describe('what parks the payload with a reason, and the thread goes on', () => {
  test.each([
    ['throw new TypeError("no such frame\\nmore")', 'TypeError: no such frame'],
    ['throw "a text"', 'a text'],
    ['return () => 1', 'DataCloneError: () => 1 could not be cloned.'],
    ['return Promise.resolve(1)', 'it returns a promise; a decoder returns its value'],
  ])('%s', (program, reason) => {
    const decode = decoder();
    expect(decode(program)).toBe(`decoder-failed: the decoder: ${reason}`);
    expect(decode('return calls')).toBe(2);
  });
});

describe('a thread that gives no answer', () => {
  test.each(['for (;;);', 'process.exit(3)', 'const a = []; for (;;) a.push(new Array(1e5).fill(1.5))'])(
    'parks the payload, and another begins with the next one: %s',
    (program) => {
      let timeoutMs = TIMEOUT_MS;
      // The limit is short only for the call that is meant to meet it.
      const options = {
        file: decoderFile(EVALUATE),
        get timeoutMs() {
          return timeoutMs;
        },
      };
      const format = new DecoderFormat(options);
      const decode = (text: string) => {
        const decoded = format.decode(Buffer.from(text), decodeContext());
        return decoded.ok ? decoded.value : `${decoded.code}: ${decoded.reason}`;
      };
      expect(decode('return calls')).toBe(1);
      timeoutMs = 50;
      expect(decode(program)).toBe(NO_ANSWER);
      timeoutMs = TIMEOUT_MS;
      expect(decode('return calls')).toBe(1);
    },
  );

  test('three times in a row makes all payloads of a second be parked at once', () => {
    let nowMs = 0;
    const decode = decoder(
      50,
      'export default (p) => { if (p[0] === 0x6c) for (;;); return 1; };',
      () => nowMs,
    );
    for (let run = 0; run < 3; run++) expect(decode('l')).toBe(NO_ANSWER);
    const paused =
      'decoder-failed: the decoder: it failed 3 times in a row, and is tried again within a second';
    expect(decode('x')).toBe(paused);
    nowMs = 999;
    expect(decode('l')).toBe(paused);
    nowMs = 1_000;
    expect(decode('l')).toBe(NO_ANSWER);
    expect(decode('x')).toMatch(/failed 4 times/);
  });
});

describe('a file that cannot be loaded', () => {
  test.each([
    ['export const a = 1;', 'its default export is not a function'],
    ['export default () => { const x = ; };', "SyntaxError: Unexpected token ';'"],
    ['throw new Error("at load");\nexport default 1;', 'Error: at load'],
  ])('%s', (program, reason) => {
    const file = decoderFile(program);
    const thread = new DecoderThread(file);
    thread.end();
    expect(thread.startProblem).toBe(reason);
    expect(decoder(TIMEOUT_MS, program)('x')).toBe(`decoder-failed: the decoder: ${reason}`);
  });
});
