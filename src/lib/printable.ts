/** Control and format characters (they move a terminal's cursor or turn the text) and every blank but the plain one. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}]|(?! )\p{Z}/gu;
const MAX_QUOTED = 64;
const MAX_LINE = 300;

/**
 * Makes text of foreign origin safe for a log line or a terminal: unprintable characters are escaped, at most
 * `maxLength` UTF-16 units of the original are kept, and an ellipsis marks a cut.
 */
export function printable(text: string, maxLength: number): string {
  if (text.length <= maxLength) return escapeUnprintable(text);
  return `${escapeUnprintable(text.slice(0, maxLength))}…`;
}

/**
 * Puts the text of a device or a rule in quotes, for a reason: at most 64 characters, unprintable ones escaped, so that
 * a payload can neither flood nor forge a log line.
 */
export function quoted(text: string): string {
  const shown = text.length <= MAX_QUOTED ? text : text.slice(0, MAX_QUOTED);
  const inQuotes = escapeUnprintable(JSON.stringify(shown));
  return shown === text ? inQuotes : `${inQuotes}…`;
}

/** Puts text that is already a sentence on one line of at most 300 characters, without quotes. */
export function oneLine(text: string): string {
  return printable(text.replace(/\s+/g, ' ').trim(), MAX_LINE);
}

/** Makes characters visible that a terminal or a log reader would not show as they are. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => escapeUnit(character.charCodeAt(unit))).join(''),
  );
}

function escapeUnit(codeUnit: number): string {
  if (codeUnit === 0x0a) return '\\n';
  if (codeUnit === 0x09) return '\\t';
  if (codeUnit === 0x0d) return '\\r';
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`;
}
