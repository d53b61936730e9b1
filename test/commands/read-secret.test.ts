import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { type PasswordInput, readNewPassword } from '../../src/commands/read-secret.js';

/** A terminal on which somebody types an answer as soon as a prompt is shown. */
function terminal(...answers: readonly string[]) {
  const input: PassThrough & PasswordInput = Object.assign(new PassThrough(), { isTTY: true });
  const output = new PassThrough();
  const left = [...answers];
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += String(chunk);
    if (/: $/.test(String(chunk))) setImmediate(() => input.write(left.shift() ?? ''));
  });
  return { read: () => readNewPassword(input, output), shown: () => shown };
}

describe('a new password on a terminal [security 45]', () => {
  it('is asked for twice, and never shown', async () => {
    const { read, shown } = terminal('correct horse\r', 'correct horse\r');
    expect((await read()).toString()).toBe('correct horse');
    expect(shown()).toBe('Password: \nAgain: \n');
  });

  it.each([
    [
      'the two differ',
      ['correct horse', 'correct house'].map((line) => `${line}\r`),
      'the two passwords differ',
    ],
    ['it is short', ['short\r', 'short\r'], 'at least 8 characters'],
    ['Ctrl-C was pressed', ['\u0003'], 'no password was given'],
    ['Ctrl-D was pressed', ['\u0004'], 'no password was given'],
  ])('is refused when %s', async (_what, answers, reason) => {
    const { read, shown } = terminal(...answers);
    await expect(read()).rejects.toThrow(reason);
    expect(shown()).not.toContain('horse');
  });
});
