import { element, setText } from './dom.js';
import { foreign } from './format.js';
import { columnValue } from './value-scale.js';

/** @import { ChartLook, LineStyle, ShownLine, Value } from './types.js' */

/**
 * What stands beside the lines, in their order.
 *
 * @typedef {object} LegendValues
 * @property {readonly (Value | undefined)[]} values
 * @property {readonly string[]} ranges lowest to highest, or how old the newest is
 * @property {string} at what the values are of
 * @property {string} unit
 * @property {string} rangeHead
 * @property {number} step the step of the axis, which decides about decimals
 */

const LOOK_WORDS = { silent: 'silent', outside: 'outside its range', unreadable: 'cannot be read' };

/**
 * The lines of a chart by name, each with its value and its lowest to highest. A press hides a line; pointing at it brings
 * it forward.
 */
export class LineLegend {
  node;
  #head = element('p', { class: 'lines-head' });
  #at = element('span', { class: 'at' });
  #unit = element('span', { class: 'value' });
  #rangeHead = element('span', { class: 'range' });
  #list = element('ul', { class: 'lines', 'aria-label': 'Lines' });
  #onToggle;
  #onPoint;
  /** @type {readonly string[]} */
  #names = [];
  /** @type {readonly { value: HTMLElement, range: HTMLElement }[]} */
  #cells = [];
  #key = '';

  /**
   * `note` stands below the lines. `onPoint(name | undefined)`: the line that is pointed at.
   *
   * @param {HTMLElement} note
   * @param {{ onToggle: (name: string) => void, onPoint: (name: string | undefined) => void }} listener
   */
  constructor(note, { onToggle, onPoint }) {
    this.#onToggle = onToggle;
    this.#onPoint = onPoint;
    this.#head.append(this.#at, this.#unit, this.#rangeHead);
    this.node = element('div', { class: 'legend' }, this.#head, this.#list, note);
  }

  /** @param {readonly ShownLine[]} lines @param {readonly ChartLook[]} looks */
  show(lines, looks) {
    const rows = lines.map((line) => ({
      ...line,
      state: looks.find(({ name }) => name === line.name)?.state,
    }));
    const key = JSON.stringify(
      rows.map(({ name, label, style, isShown, state }) => [name, label, style, isShown, state]),
    );
    if (key === this.#key) return;
    this.#key = key;
    /** @type {readonly (Element | null)[]} */
    const buttons = [...this.#list.querySelectorAll('button')];
    const focused = buttons.indexOf(document.activeElement);
    const focusedName = this.#names[focused];
    this.#names = lines.map(({ name }) => name);
    this.#cells = lines.map(() => ({
      value: element('span', { class: 'value' }),
      range: element('span', { class: 'range' }),
    }));
    this.#list.replaceChildren(...rows.map((row, nth) => this.#row(row, nth)));
    if (focused < 0) return;
    // A line that came or went moves the others.
    const place = this.#names.indexOf(focusedName);
    this.#list.querySelectorAll('button')[place < 0 ? focused : place]?.focus();
  }

  /** @param {LegendValues} shown */
  showValues({ values, ranges, at, unit, rangeHead, step }) {
    for (const [nth, cells] of this.#cells.entries()) {
      setText(cells.value, columnValue(values[nth], step));
      setText(cells.range, ranges[nth] ?? '');
    }
    setText(this.#at, at);
    setText(this.#unit, foreign(unit, 12));
    setText(this.#rangeHead, rangeHead);
  }

  /** @param {ShownLine & { state: ChartLook['state'] | undefined }} row @param {number} nth */
  #row({ name, label, style, isShown, state }, nth) {
    const { value, range } = this.#cells[nth];
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': String(isShown), title: foreign(label) },
      swatch(style),
      element(
        'span',
        { class: 'line-name' },
        element('bdi', { class: 'name' }, foreign(label, 80)),
        ...markOf(state),
      ),
      value,
      range,
    );
    button.addEventListener('click', () => this.#onToggle(name));
    button.addEventListener('pointerenter', () => this.#onPoint(name));
    button.addEventListener('pointerleave', () => this.#onPoint(undefined));
    button.addEventListener('focus', () => this.#onPoint(name));
    button.addEventListener('blur', () => this.#onPoint(undefined));
    return element('li', {}, button);
  }
}

/** @param {ChartLook['state'] | undefined} state */
function markOf(state) {
  if (state === undefined) return [];
  return [
    element('span', {
      class: `look-mark is-${state}`,
      role: 'img',
      'aria-label': LOOK_WORDS[state],
      title: LOOK_WORDS[state],
    }),
  ];
}

/**
 * A short stretch of the line as it is drawn.
 *
 * @param {LineStyle} style
 */
export function swatch({ colour, dash }) {
  return element('span', { class: `swatch line-${colour} dash-${dash}` });
}
