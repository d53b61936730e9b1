import { isJsonObject, type JsonValue } from '../formats/json/json-value.js';
import { stepText } from './path.js';

const ROOT = 'payload';
/** More of them tell a person nothing. */
const MAX_PATHS = 100;

/**
 * What of a payload nobody has read: the largest parts of it, at most 100. Paths are texts as `pathText` writes them.
 *
 * @param elements the elements of `each`; those of one list are named together, as `payload.list[*].key`
 */
export function unusedPaths(
  payload: JsonValue,
  used: ReadonlySet<string>,
  elements: ReadonlySet<string>,
): string[] {
  const onTheWay = new Set<string>([ROOT]);
  for (const path of used) addAncestors(path, onTheWay);
  const unused = new Set<string>();
  const walk = (value: JsonValue, path: string, shown: string): void => {
    if (used.has(path) || unused.size >= MAX_PATHS) return;
    const isBranch = Array.isArray(value) || isJsonObject(value);
    if (!onTheWay.has(path) || !isBranch) {
      unused.add(shown);
      return;
    }
    for (const [key, member] of Object.entries(value)) {
      const step = stepText(Array.isArray(value) ? Number(key) : key);
      walk(member, path + step, elements.has(path + step) ? `${shown}[*]` : shown + step);
    }
  };
  walk(payload, ROOT, ROOT);
  unused.delete(ROOT);
  return [...unused];
}

/** Adds every beginning of a path at which a step may begin; one inside a quoted key does no harm. */
function addAncestors(path: string, ancestors: Set<string>): void {
  for (let at = 1; at < path.length; at++) {
    if (path[at] === '.' || path[at] === '[') ancestors.add(path.slice(0, at));
  }
}
