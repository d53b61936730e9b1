import { stat } from 'node:fs/promises';
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../lib/clock.js';
import { errorText } from '../lib/errors.js';
import { readFile } from '../lib/files.js';
import type { Warn } from '../lib/warnings.js';

const CHECK_EVERY_MS = 1_000;
const MAX_BYTES = 1_048_576;

/** KeySetFile is a JSON Web Key Set (RFC 7517) in a file that an issuer replaces when it changes its keys. */
export class KeySetFile {
  readonly path: string;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #warn: Warn;
  #keys: JWTVerifyGetKey | undefined;
  /** What the file looked like when it was read last. */
  #mark = '';
  #checkedAtMs = Number.NEGATIVE_INFINITY;
  #check: Promise<void> = Promise.resolve();

  constructor(path: string, clock: Pick<Clock, 'monotonicMs'>, warn: Warn) {
    this.path = path;
    this.#clock = clock;
    this.#warn = warn;
  }

  /** The keys as of a second ago or later; those before them when the file has become faulty. Never rejects. */
  async keys(): Promise<JWTVerifyGetKey | undefined> {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#checkedAtMs >= CHECK_EVERY_MS) {
      this.#checkedAtMs = nowMs;
      this.#check = this.#readIfChanged();
    }
    await this.#check;
    return this.#keys;
  }

  async #readIfChanged(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(this.path);
      const mark = `${mtimeMs} ${size} ${ino}`;
      if (mark === this.#mark) return;
      if (size > MAX_BYTES) throw new Error('the file has more than 1 MiB');
      this.#keys = createLocalJWKSet(JSON.parse(await readFile(this.path, 'utf8')) as JSONWebKeySet);
      this.#mark = mark;
    } catch (thrown) {
      const reason = thrown instanceof SyntaxError ? 'the file is no JSON' : errorText(thrown);
      const fields = { code: 'ACCESS_KEYS_UNREADABLE', file: this.path, reason } as const;
      this.#warn(fields, 'the keys that tokens are checked with cannot be read');
    }
  }
}
