import { bucketChoices, bucketFor, spanOf } from './chart-range.js';
import { shortSpan, widthWords } from './chart-time.js';
import { byId, element, Redrawn, setText } from './dom.js';
import { closeWithEscape } from './menu.js';

/** @import { RangeControl } from './chart-range-control.js' */

/** How much time a point of a line stands for: the button says it, the menu offers others. */
export class ResolutionMenu {
  #range;
  #menu = byId('resolution', HTMLDetailsElement);
  #summary = byId('resolution-value');
  #list = byId('resolution-choices');
  #choices = new Redrawn(this.#list);

  /** @param {RangeControl} range */
  constructor(range) {
    this.#range = range;
    closeWithEscape(this.#menu);
  }

  /**
   * `drawnMs`: the width in the last answer, which is wider than asked for where only coarser rows are left.
   *
   * @param {number | undefined} drawnMs
   */
  update(drawnMs) {
    const { view, bucketMs } = this.#range;
    const spanMs = spanOf(view);
    const usualMs = bucketFor(spanMs);
    setText(this.#summary, `${widthWords(Math.max(drawnMs ?? 0, bucketMs))} a point`);
    const widths = bucketChoices(spanMs);
    this.#choices.show(JSON.stringify([widths, bucketMs, usualMs, drawnMs]), () =>
      widths.map((widthMs) => this.#choice(widthMs, { spanMs, usualMs, drawnMs })),
    );
  }

  /** @param {number} widthMs @param {{ spanMs: number, usualMs: number, drawnMs: number | undefined }} known */
  #choice(widthMs, { spanMs, usualMs, drawnMs }) {
    const isChosen = widthMs === this.#range.bucketMs;
    const points = `${Math.ceil(spanMs / widthMs)} points`;
    const isTooFine = isChosen && drawnMs !== undefined && drawnMs > widthMs;
    const usual = widthMs === usualMs ? `chosen for ${shortSpan(spanMs)}` : points;
    const words = isTooFine ? `only ${widthWords(drawnMs)} is kept` : usual;
    const button = element(
      'button',
      { type: 'button', 'aria-pressed': String(isChosen) },
      element('b', {}, widthWords(widthMs)),
      element('span', { class: 'muted' }, words),
    );
    button.addEventListener('click', () => {
      this.#menu.open = false;
      this.#summary.focus();
      this.#range.chooseBucket(widthMs);
    });
    return element('li', {}, button);
  }
}
