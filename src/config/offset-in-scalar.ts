import { Scalar } from 'yaml';

/** A character of the value with its place in the file; of an escape, such as `\n`, the place is that of its backslash. */
interface Unit {
  readonly text: string;
  readonly offset: number;
}

/**
 * Returns where in the file the character `at` of a text is written (both in UTF-16 units), whatever the style of the
 * scalar; undefined where that cannot be known for sure. The end of the text is a place too.
 *
 * Outside of blanks a scalar has the characters of its value in their order; blanks and line ends may be more or fewer.
 */
export function offsetInScalar(source: string, scalar: Scalar, at: number): number | undefined {
  if (typeof scalar.value !== 'string' || scalar.range == null) return undefined;
  const units = unitsOf(source, scalar.type, scalar.range);
  const offsets: number[] = [];
  let next = 0;
  for (let index = 0; index < scalar.value.length; ) {
    const isBlankRun = isBlank(scalar.value[index]!);
    if (!isBlankRun) while (next < units.length && isBlank(units[next]!.text)) next += 1;
    const unit = units[next];
    if (unit === undefined) return undefined;
    if (!isBlankRun) {
      if (!scalar.value.startsWith(unit.text, index)) return undefined;
      for (let part = 0; part < unit.text.length; part += 1) offsets.push(unit.offset);
      index += unit.text.length;
      next += 1;
      continue;
    }
    const end = endOfBlanks(scalar.value, index);
    const written = blanksFrom(units, next);
    // Of folded and indented lines the first blanks are as good as any.
    for (let blank = 0; blank < end - index; blank += 1)
      offsets.push((written[blank] ?? written.at(-1) ?? unit).offset);
    next += written.length;
    index = end;
  }
  return offsets[at] ?? endOf(units, next, scalar.range);
}

/** The place behind the last character of the value. */
function endOf(units: readonly Unit[], next: number, [start]: readonly number[]): number {
  return units[next]?.offset ?? (units.at(-1)?.offset ?? start!) + 1;
}

function unitsOf(source: string, type: string | undefined, range: readonly number[]): Unit[] {
  const [start, end] = range as [number, number];
  switch (type) {
    case Scalar.QUOTE_SINGLE:
      return unitsBetween(source, start + 1, end - 1, /''|./gsy, () => "'");
    case Scalar.QUOTE_DOUBLE:
      return unitsBetween(source, start + 1, end - 1, ESCAPED, unescaped);
    case Scalar.BLOCK_LITERAL:
    case Scalar.BLOCK_FOLDED:
      // The line of the indicator is not part of the text.
      return unitsBetween(source, source.indexOf('\n', start) + 1, end, /./gsy, () => '');
    default:
      return unitsBetween(source, start, end, /./gsy, () => '');
  }
}

const ESCAPED = /\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|\r?\n[ \t]*|.)|./gsy;
const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};

function unescaped(written: string): string {
  const kind = written[1]!;
  if ('xuU'.includes(kind) && written.length > 2) {
    const code = Number.parseInt(written.slice(2), 16);
    return code <= 0x10_ff_ff ? String.fromCodePoint(code) : '';
  }
  // An escaped line end joins two lines.
  if (kind === '\n' || kind === '\r') return '';
  return ESCAPES[kind] ?? kind;
}

function unitsBetween(
  source: string,
  start: number,
  end: number,
  pattern: RegExp,
  textOf: (written: string) => string,
): Unit[] {
  const units: Unit[] = [];
  pattern.lastIndex = start;
  while (pattern.lastIndex < end) {
    const offset = pattern.lastIndex;
    const [written] = pattern.exec(source) ?? [''];
    if (written === '') break;
    const text = written.length === 1 ? written : textOf(written);
    if (text !== '') units.push({ text, offset });
  }
  return units;
}

function blanksFrom(units: readonly Unit[], from: number): readonly Unit[] {
  let end = from;
  while (end < units.length && isBlank(units[end]!.text)) end += 1;
  return units.slice(from, end);
}

function endOfBlanks(text: string, from: number): number {
  let end = from;
  while (end < text.length && isBlank(text[end]!)) end += 1;
  return end;
}

function isBlank(character: string): boolean {
  return character === ' ' || character === '\n' || character === '\t' || character === '\r';
}
