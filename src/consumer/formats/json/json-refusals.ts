import type { ParkCode } from '../../../dead-letter/park-codes.js';
import { quoted } from '../quoted.js';
import type { JsonLimits } from './json-limits.js';
import { literalHint } from './unescape.js';

/** What the reader says when it refuses: the code, and one line that names the place and the key before it. */
export class JsonRefusals {
  code: ParkCode = 'payload-not-json';
  reason = '';

  protected text = '';
  /** The key read last, '' before the first. */
  protected lastKey = '';
  protected limits: JsonLimits;

  constructor(limits: JsonLimits) {
    this.limits = limits;
  }

  protected unexpected(at: number, expected: string): undefined {
    if (at >= this.text.length) {
      return this.fail('payload-not-json', `the text ends where ${expected} should be${this.afterKey()}`);
    }
    const found = quoted(String.fromCodePoint(this.text.codePointAt(at) as number));
    return this.fail('payload-not-json', `expected ${expected} but found ${found}${this.place(at)}`);
  }

  protected notANumber(start: number, at: number): undefined {
    const notFinite = literalHint(this.text, at);
    if (notFinite === undefined) return this.unexpected(at, start === at ? 'a value' : 'a digit');
    return this.fail(
      'payload-number-out-of-range',
      `${notFinite} is not a number that can be stored${this.place(start)}`,
    );
  }

  protected beyondFloat(literal: string, at: number, size: 'large' | 'small'): undefined {
    return this.fail(
      'payload-number-out-of-range',
      `the number ${quoted(literal)} is too ${size} for a 64-bit float${this.place(at)}`,
    );
  }

  protected tooDeep(at: number): undefined {
    return this.fail(
      'payload-too-deep',
      `objects and arrays are nested more than ${this.limits.maxDepth} levels deep${this.place(at)}`,
    );
  }

  protected duplicateKey(key: string): undefined {
    return this.fail('payload-duplicate-key', `the key ${quoted(key)} appears twice in one object`);
  }

  protected tooManyKeys(key: string): undefined {
    return this.fail(
      'payload-too-many-keys',
      `more than ${this.limits.maxKeys} keys (${quoted(key)} is one too many)`,
    );
  }

  protected forbiddenKey(key: string, at: number): undefined {
    const problem =
      key.length > this.limits.maxKeyLength
        ? `has ${key.length} characters; at most ${this.limits.maxKeyLength} are allowed`
        : 'is not allowed';
    return this.fail('payload-forbidden-key', `the key ${quoted(key)} ${problem}${this.place(at)}`);
  }

  protected fail(code: ParkCode, reason: string): undefined {
    this.code = code;
    this.reason = reason;
    return undefined;
  }

  protected place(at: number): string {
    return ` at character ${at + 1}${this.afterKey()}`;
  }

  private afterKey(): string {
    return this.lastKey === '' ? '' : ` (last key: ${quoted(this.lastKey)})`;
  }
}
