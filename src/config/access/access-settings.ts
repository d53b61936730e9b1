import { isTokenHash } from '../../access/access-token.js';
import { parsePasswordHash } from '../../access/password-hash.js';
import { fitsOneLevel } from '../../access/topic-permission.js';
import {
  clientIdFault,
  isValidName,
  MAX_USER_NAME_BYTES,
  reservedFilterFault,
  topicFilterFault,
} from '../../lib/mqtt-names.js';
import { nearestName } from '../../lib/nearest-name.js';
import { leaf, type SettingText } from '../setting.js';

/** The single values of an access file. */

const PLACEHOLDERS = ['{user}', '{client}'];
const STAND_IN = 'x';

/** A topic filter whose levels may be `{user}` and `{client}`. */
export function permission(info: SettingText) {
  const type = 'topic filter';
  return leaf<string>({ type, ...info }, (raw) => {
    if (typeof raw !== 'string') return { expected: `a ${type}`, hint: quotesHint(raw) };
    const levels = raw.split('/');
    const fault = levels.map(placeholderFault).find((one) => one !== undefined);
    if (fault !== undefined) return { expected: '{user} and {client} as whole levels', hint: fault };
    const filled = levels.map((level) => (PLACEHOLDERS.includes(level) ? STAND_IN : level)).join('/');
    const malformed = topicFilterFault(filled) ?? reservedFilterFault(filled);
    return malformed === undefined ? { value: raw } : { expected: `a ${type}`, hint: malformed };
  });
}

/** `{word}` stands for something, so an unknown one is not taken for a level of this name. */
function placeholderFault(level: string): string | undefined {
  const [found] = /\{\w+\}/.exec(level) ?? [];
  if (found === undefined || PLACEHOLDERS.includes(level)) return undefined;
  const meant = nearestName(found, PLACEHOLDERS);
  if (meant === undefined) return `${found} stands for nothing`;
  return found === meant
    ? `${level} is more than ${found}: put a / between them`
    : `did you mean "${meant}"?`;
}

/** A pattern of client ids: `{user}` stands for the name of the user, `+` for one or more characters. */
export function clientIdPattern(info: SettingText) {
  const expected = 'a client id in which {user} and + may stand for a part';
  return leaf<string>({ type: 'pattern of client ids', ...info }, (raw) => {
    if (typeof raw !== 'string' || raw === '') return { expected, hint: quotesHint(raw) };
    const [unknown] = /\{(?!user\})\w+\}/.exec(raw) ?? [];
    if (unknown !== undefined) return { expected, hint: `${unknown} stands for nothing` };
    if (/[*#?]/.test(raw)) return { expected, hint: 'the wildcard is +, for one or more characters' };
    const fault = clientIdFault(raw);
    return fault === undefined ? { value: raw } : { expected, hint: fault };
  });
}

/** What `sluice users add --token` writes for a token. */
export function tokenHash(info: SettingText) {
  return leaf<string>({ type: 'hash', isSecret: true, ...info }, (raw) =>
    typeof raw === 'string' && isTokenHash(raw)
      ? { value: raw }
      : {
          expected: 'sha256: with the hash of a token, 43 characters',
          hint: '`sluice users add NAME --token` makes the token and writes its hash',
        },
  );
}

/** What `sluice users add --password-stdin` writes for a password. */
export function passwordHash(info: SettingText) {
  return leaf<string>({ type: 'hash', isSecret: true, ...info }, (raw) => {
    const parsed = parsePasswordHash(typeof raw === 'string' ? raw : '');
    if (parsed.ok) return { value: raw as string };
    const hint = '`sluice users add NAME --password-stdin` reads the password and writes its hash';
    return { expected: parsed.expected, hint };
  });
}

/** Why nobody can sign in under a name, or `undefined`. */
export function userNameFault(name: string): string | undefined {
  return name !== '' && isValidName(name, MAX_USER_NAME_BYTES)
    ? undefined
    : 'a name without control characters, of at most 256 bytes';
}

/** Returns whether a permission uses the name of the user, and the name cannot fill a level. */
export function isUnusableFor(filter: string, user: string): boolean {
  return filter.split('/').includes('{user}') && !fitsOneLevel(user);
}

function quotesHint(raw: unknown): string | undefined {
  return typeof raw === 'number' || typeof raw === 'boolean' ? 'write it in quotes' : undefined;
}
