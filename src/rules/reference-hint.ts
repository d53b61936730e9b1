import { nearestName } from '../lib/nearest-name.js';

const PARTS_OF_EACH: ReadonlySet<string> = new Set(['element', 'key', 'index']);
/** Signs of a calculation or comparison, which a reference never has. */
const CALCULATES = /\s[-+*/%?<>]\s|[=!<>]=|&&|\|\|/;
const ALL_ELEMENTS = /\[\*?\]|\.\*/;

/**
 * Returns how a reference that cannot be read was probably meant, as a hint; undefined when there is no guess.
 *
 * @param roots the names that a reference may begin with
 */
export function referenceHint(text: string, roots: readonly string[]): string | undefined {
  if (CALCULATES.test(text)) return `a calculation is written { cel: '${text.replaceAll("'", "''")}' }`;
  if (ALL_ELEMENTS.test(text)) return 'each makes a point of every element of a list';
  const jsonPath = /^\$\.(?=.)/.exec(text);
  if (jsonPath !== null) return `write payload.${text.slice(jsonPath[0].length)}`;
  const [root] = /^[A-Za-z_]\w*(?=[.[]|$)/.exec(text) ?? [];
  if (root === undefined || roots.includes(root)) return undefined;
  if (PARTS_OF_EACH.has(root)) return hintForElement(root, roots);
  const nearest = nearestName(root, roots);
  return nearest === undefined
    ? `values of the payload are written payload.${text}`
    : `did you mean ${nearest}${text.slice(root.length)}?`;
}

/** `each` without names of its own has all three. */
function hintForElement(root: string, roots: readonly string[]): string {
  const isRenamed = roots.some((name) => PARTS_OF_EACH.has(name));
  return isRenamed
    ? `each of the rule gives its ${root} another name`
    : `a rule has an ${root === 'element' ? 'element' : `element, and its ${root},`} only with each`;
}
