import { reservedFilterFault, topicFilterFault } from '../../lib/mqtt-names.js';
import type { ImportRemark } from './mosquitto-passwords.js';

/** One line of an ACL file of Mosquitto, with `{user}` and `{client}` for `%u` and `%c`. */
export interface AclTopic {
  readonly filter: string;
  readonly access: 'read' | 'write' | 'readwrite' | 'deny';
  readonly line: number;
}

export interface MosquittoAcl {
  /** `topic` lines behind a `user` line, by user. */
  readonly users: ReadonlyMap<string, { readonly line: number; readonly topics: readonly AclTopic[] }>;
  /** `pattern` lines, which count for everybody. */
  readonly patterns: readonly AclTopic[];
  readonly remarks: readonly ImportRemark[];
}

const ACCESSES = ['readwrite', 'read', 'write', 'deny'] as const;

/** Reads an ACL file of Mosquitto (`acl_file`). What it cannot be sure of becomes a remark, never a permission. */
export function parseMosquittoAcl(text: string): MosquittoAcl {
  const users = new Map<string, { line: number; topics: AclTopic[] }>();
  const patterns: AclTopic[] = [];
  const remarks: ImportRemark[] = [];
  let current: AclTopic[] | undefined;
  for (const [index, written] of text.split('\n').entries()) {
    const line = index + 1;
    const entry = written.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const [, keyword, rest] = /^(\S+)\s*(.*)$/.exec(entry)!;
    if (keyword === 'user') {
      const user = users.get(rest!) ?? { line, topics: [] };
      users.set(rest!, user);
      current = user.topics;
      continue;
    }
    const into = keyword === 'pattern' ? patterns : keyword === 'topic' ? current : undefined;
    if (into === undefined) {
      remarks.push({ line, remark: `not imported: ${whyNowhere(keyword!)}` });
      continue;
    }
    const topic = topicOf(rest!, line, keyword === 'pattern');
    if (typeof topic === 'string') remarks.push({ line, remark: `not imported: ${topic}` });
    else into.push(topic);
  }
  return { users, patterns, remarks };
}

function whyNowhere(keyword: string): string {
  if (keyword !== 'topic') return 'the line begins with none of user, topic and pattern';
  return 'it is for clients without a user, and with access rules there are none';
}

/** Returns why the line cannot be expressed. */
function topicOf(rest: string, line: number, isPattern: boolean): AclTopic | string {
  const found = ACCESSES.find((access) => rest.startsWith(`${access} `) || rest.startsWith(`${access}\t`));
  const access = found ?? 'readwrite';
  const written = (found === undefined ? rest : rest.slice(found.length)).trim();
  const levels = written.split('/');
  if (levels.some((level) => /\{\w+\}/.test(level))) return 'a level is a placeholder of Sluice';
  if (isPattern && levels.some((level) => /%[uc]/.test(level) && level !== '%u' && level !== '%c')) {
    return '%u and %c must be whole levels';
  }
  const filter = isPattern ? levels.map((level) => PLACEHOLDERS.get(level) ?? level).join('/') : written;
  const fault = topicFilterFault(filter) ?? reservedFilterFault(filter);
  return fault ?? { filter, access, line };
}

const PLACEHOLDERS: ReadonlyMap<string, string> = new Map([
  ['%u', '{user}'],
  ['%c', '{client}'],
]);
