import type { YamlSource } from '../yaml-source.js';

/** A user as `sluice users` writes it: `meter-17: { token: "sha256:…", roles: [device] }`. */
const USER =
  /^( +)([A-Za-z0-9][\w.@-]*): \{ ?(token|password): ("?)([^\s"'\\,{}[\]#&*!|>%`]+)\4(?:, roles: \[ ?([A-Za-z][\w-]*(?:, [A-Za-z][\w-]*)*) ?\])? ?\}$/;
/** What YAML does not take for a text. */
const NO_TEXT = /^(?:null|true|false)$/i;

/** Smaller files are read as YAML alone. */
const MIN_CHARACTERS = 16 * 1_024;

export interface OneLineUsers {
  /** The text with an empty line for each of the users. */
  readonly rest: string;
  readonly users: ReadonlyMap<string, OneLineUser>;
}

interface OneLineUser {
  readonly value: object;
  readonly line: number;
  readonly column: number;
}

/**
 * Takes the users that are written in one line out of a large access file: the YAML parser needs about 60 µs for a user, and
 * 100,000 of them would take seconds and a gigabyte. Returns undefined when there are none or something is unusual, such as a
 * name that is there twice: the file is then read as a whole, which finds the problem.
 */
export function takeOneLineUsers(text: string, minCharacters = MIN_CHARACTERS): OneLineUsers | undefined {
  if (text.length < minCharacters) return undefined;
  const lines = text.split('\n');
  const users = new Map<string, OneLineUser>();
  const start = lines.findIndex((line) => /^users: *(?:#.*)?\r?$/.test(line));
  if (start < 0) return undefined;
  let indent: number | undefined;
  for (let index = start + 1; index < lines.length; index += 1) {
    const line = lines[index]!;
    if (/^\s*(?:#|$)/.test(line)) continue;
    if (!line.startsWith(' ')) break;
    // What is indented deeper belongs to the entry before it.
    indent ??= line.length - line.trimStart().length;
    const [, blanks, name, secret, , hash, roles = ''] = USER.exec(line) ?? [];
    if (blanks?.length !== indent || name === undefined || secret === undefined) continue;
    const names = roles === '' ? undefined : roles.split(', ');
    if (users.has(name) || [name, ...(names ?? [])].some((word) => NO_TEXT.test(word))) return undefined;
    users.set(name, {
      value: { [secret]: hash, ...(names !== undefined && { roles: names }) },
      line: index + 1,
      column: indent + 1,
    });
    lines[index] = '';
  }
  return users.size === 0 ? undefined : { rest: lines.join('\n'), users };
}

/** Puts the users back into what was read of the rest; undefined when one of them is in the rest, too. */
export function withOneLineUsers(source: YamlSource, { users }: OneLineUsers): YamlSource | undefined {
  const root = source.value;
  if (!isSection(root)) return undefined;
  const others = root.users ?? {};
  if (!isSection(others) || Object.keys(others).some((name) => users.has(name))) return undefined;
  const { file } = source.locationOf([]);
  const all = Object.fromEntries([...users].map(([name, { value }]) => [name, value]));
  return {
    ...source,
    value: { ...root, users: { ...others, ...all } },
    locationOf: (path) => {
      const user = path[0] === 'users' ? users.get(String(path[1])) : undefined;
      return user === undefined ? source.locationOf(path) : { file, line: user.line, column: user.column };
    },
  };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
