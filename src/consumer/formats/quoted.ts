const MAX_QUOTED = 64;
const MAX_LINE = 300;

/**
 * Text of a device or a rule inside a reason: in quotes, at most 64 characters, unprintable characters escaped,
 * so that a payload can neither flood nor forge a log line.
 */
export function quoted(text: string): string {
  const shown = text.length <= MAX_QUOTED ? text : text.slice(0, MAX_QUOTED);
  const inQuotes = escapeUnprintable(JSON.stringify(shown));
  return shown === text ? inQuotes : `${inQuotes}…`;
}

/** On one line, at most 300 characters, without quotes: for text that is already a sentence. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return escapeUnprintable(line.length <= MAX_LINE ? line : `${line.slice(0, MAX_LINE)}…`);
}

/** Control and format characters (they move the cursor or turn the text) and every blank but the plain one. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}]|(?! )\p{Z}/gu;

/** Makes visible what a terminal or a log reader would not show as it is. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => hexEscape(character.charCodeAt(unit))).join(''),
  );
}

function hexEscape(codeUnit: number): string {
  return `\\u${codeUnit.toString(16).padStart(4, '0')}`;
}
