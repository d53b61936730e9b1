import { ExactNumber, type JsonValue } from '../formats/json/json-value.js';

/** This much of a value shows a person which one it is. */
const MAX_CHARACTERS = 80;

/** A value as JSON, cut after 80 characters; numbers as the device wrote them. `undefined`: there is none. */
export function valueText(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = jsonText(value, MAX_CHARACTERS);
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS)}…`;
}

/** The beginning of the JSON, a little more than `maxCharacters`: the rest of a long list is not written. */
function jsonText(value: JsonValue, maxCharacters: number): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, maxCharacters + 1));
  if (value instanceof ExactNumber) return value.text.slice(0, maxCharacters + 1);
  if (typeof value !== 'object' || value === null) return String(value);
  const isArray = Array.isArray(value);
  let text = isArray ? '[' : '{';
  let isFirst = true;
  for (const key in value) {
    if (text.length > maxCharacters) return text;
    const member = jsonText((value as Record<string, JsonValue>)[key]!, maxCharacters - text.length);
    text += `${isFirst ? '' : ','}${isArray ? '' : `${JSON.stringify(key)}:`}${member}`;
    isFirst = false;
  }
  return `${text}${isArray ? ']' : '}'}`;
}
