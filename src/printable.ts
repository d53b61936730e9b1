/** Control and format characters (they move a terminal's cursor or turn the text) and every blank but the plain one. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]|(?! )\p{Z}/gu;

/**
 * Text of foreign origin as it may stand in a log line or on a terminal: unprintable characters escaped, at most
 * `maxLength` UTF-16 units of the original, an ellipsis where it was cut.
 */
export function printable(text: string, maxLength: number): string {
  if (text.length <= maxLength) return escaped(text);
  return `${escaped(text.slice(0, maxLength))}…`;
}

function escaped(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => hexEscape(character.charCodeAt(unit))).join(''),
  );
}

function hexEscape(codeUnit: number): string {
  if (codeUnit === 0x0a) return '\\n';
  if (codeUnit === 0x09) return '\\t';
  if (codeUnit === 0x0d) return '\\r';
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`;
}
