import type { KeyPath } from './problem.js';
import { type HiddenSpan, lineBounds } from './yaml-fault.js';

/** Of a file with more hidden lines it is not worked out which sections they belong to: nothing that is missing is reported. */
const MAX_LINES = 100;

interface Key {
  readonly path: KeyPath;
  readonly offset: number;
  /** Lines below that are indented further belong to it. */
  readonly column: number;
  /** False when it has a single value. */
  readonly mayHaveKeys: boolean;
}

/** HiddenParts finds out which keys are affected by the parts of a file that were hidden because of faults. */
export class HiddenParts {
  readonly #text: string;
  readonly #lines: readonly HiddenSpan[];
  readonly #masks: readonly HiddenSpan[];
  readonly #inValues = new Set<HiddenSpan>();
  readonly #keys: Key[] = [];

  constructor(text: string, spans: readonly HiddenSpan[]) {
    this.#text = text;
    this.#lines = spans.filter(({ affects }) => affects === 'keys');
    this.#masks = spans.filter(({ affects }) => affects === 'value');
  }

  /** Notes a key; called in the order of the file. */
  addKey(key: Key): void {
    if (this.#lines.length + this.#masks.length > 0) this.#keys.push(key);
  }

  /** Whether a part of a value is hidden. */
  isIn([from, to]: readonly [number, number, ...number[]]): boolean {
    const inside = this.#masks.filter(({ start, end }) => start < to && end > from);
    for (const mask of inside) this.#inValues.add(mask);
    return inside.length > 0;
  }

  /** The sections that the hidden parts belong to, apart from those inside of values; known once all keys are noted. */
  sections(): readonly KeyPath[] {
    if (this.#lines.length > MAX_LINES) return [[]];
    const rest = this.#masks.filter((mask) => !this.#inValues.has(mask));
    return [...this.#lines, ...rest].map((span) => this.#sectionAround(span));
  }

  /** The last key before it with a smaller indent. */
  #sectionAround({ start, end }: HiddenSpan): KeyPath {
    const [lineStart] = lineBounds(this.#text, start);
    const column = 1 + this.#text.slice(lineStart, end).search(/\S|$/);
    const above = this.#keys.findLast((key) => key.offset < start && key.column < column);
    if (above === undefined) return [];
    // Below a single value the line is one of its neighbours, with a wrong indent.
    return above.mayHaveKeys ? above.path : above.path.slice(0, -1);
  }
}
