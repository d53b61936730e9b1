import {
  type PropertyReader,
  propertyReader,
  USER_PROPERTIES,
  unknownProperty,
  userPropertyReader,
} from './message-property.js';
import { type PathProblem, parsePath } from './path.js';

export const PROPERTIES_ROOT = 'properties';

export type PropertyReferenceResult = { readonly ok: true; readonly read: PropertyReader } | PathProblem;

/** Compiles `properties.contentType`, `properties.user.site` or `properties.user["a key"]`. */
export function compilePropertyReference(text: string): PropertyReferenceResult {
  const from = PROPERTIES_ROOT.length;
  const parsed = parsePath(text.slice(from), []);
  if (!parsed.ok) return { ...parsed, at: (parsed.at ?? 0) + from };
  const [name, key, ...more] = parsed.path;
  if (typeof name !== 'string') {
    return invalid('it names no property', from, 'write properties.contentType, or properties.user.NAME');
  }
  if (name === USER_PROPERTIES) {
    if (more.length > 0) return invalid('a property is a text and has nothing in it', from);
    if (typeof key !== 'string') {
      return invalid('it names no user property', from, 'write properties.user.NAME');
    }
    return { ok: true, read: userPropertyReader(key) };
  }
  const read = propertyReader(name);
  if (read === undefined) return { ok: false, ...unknownProperty(name), at: from + 1 };
  if (key !== undefined) return invalid(`${name} is one value and has nothing in it`, from);
  return { ok: true, read };
}

function invalid(problem: string, at: number, hint?: string): PathProblem {
  return { ok: false, problem, at, ...(hint !== undefined && { hint }) };
}
