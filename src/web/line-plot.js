import { focusOf } from './band-focus.js';
import { bridgeShortGaps } from './chart-lines.js';
import { drawAbove, drawBehind } from './plot-marks.js';
import { plotColours, plotOptions, weigh } from './plot-options.js';
import uPlot from './uplot.js';
import { extentOf, valueScale } from './value-scale.js';

/** @import { ChartMarks, Edges, ShownLine } from './types.js' */

/** Room of the axis of time and above the plot. */
const AROUND_PX = 32;
const PX_A_TICK = 48;
/** A pointer that is further away points at no line. */
const NEAR_PX = 24;
/** @type {ChartMarks} */
const NO_MARKS = { unit: '', nowMs: 0, callouts: [], looks: [], hasWords: false };

/** One uPlot in a box, rebuilt only when its set of lines, or the theme, changes. */
export class LinePlot {
  #box;
  /** @type {uPlot | null} */
  #plot = null;
  #key = '';
  /** @type {Edges} */
  #edges = { fromMs: 0, toMs: 1 };
  /** @type {readonly number[]} */
  #timesMs = [];
  /** @type {readonly ShownLine[]} */
  #lines = [];
  #marks = NO_MARKS;
  #scale = valueScale(0, 1, 1);
  #colours = plotColours();
  /** @type {number | null} */
  #heldAtMs = null;
  #isPointerHere = false;
  #isWaiting = false;
  /**
   * The line that is pointed at, in the plot or in the legend.
   *
   * @type {string | undefined}
   */
  #pointed;
  /** @type {string | undefined} */
  #focus;
  #onPoint;

  /**
   * `onPoint(index | null)`: the bucket under the cursor.
   *
   * @param {HTMLElement} box
   * @param {(index: number | null) => void} onPoint
   */
  constructor(box, onPoint) {
    this.#box = box;
    this.#onPoint = onPoint;
    new ResizeObserver(() => this.#fit()).observe(box);
    box.addEventListener('pointerenter', () => {
      this.#isPointerHere = true;
    });
    box.addEventListener('pointerleave', () => {
      this.#isPointerHere = false;
      this.pointAt(undefined);
    });
    document.addEventListener('themechange', () => {
      this.#colours = plotColours();
      this.#key = '';
      if (this.#plot !== null) this.show(this.#edges, this.#timesMs, this.#lines, this.#marks);
    });
  }

  /** The step between two ticks of the axis of values. */
  get tickStep() {
    return this.#scale.step;
  }

  /**
   * `lines` in the order of drawing; none leaves the axis of time.
   *
   * @param {Edges} edges
   * @param {readonly number[]} timesMs
   * @param {readonly ShownLine[]} lines
   * @param {ChartMarks} [marks]
   */
  show(edges, timesMs, lines, marks = NO_MARKS) {
    this.#edges = edges;
    this.#marks = marks;
    this.#lines = timesMs.length === 0 ? [] : lines;
    this.#timesMs = this.#lines.length === 0 ? [] : timesMs;
    this.#scale = this.#scaleOf(this.#lines, marks);
    this.#focus = focusOf(this.#lines, this.#pointed, marks.looks);
    // Out of sight there is no room to draw in; it is drawn when it comes into sight.
    this.#isWaiting = this.#box.clientWidth === 0;
    if (this.#isWaiting) return;
    const columns = columnsOf(edges, this.#timesMs, this.#lines);
    const key = JSON.stringify(this.#lines.map(({ name, style, isShown }) => [name, style, isShown]));
    if (key === this.#key && this.#plot !== null) {
      weigh(this.#plot, this.#lines, this.#focus);
      this.#plot.setData(columns);
    } else {
      this.#key = key;
      this.#plot?.destroy();
      this.#plot = this.#made(columns);
    }
    if (this.#heldAtMs !== null) this.holdAt(this.#heldAtMs);
  }

  /**
   * The line that a legend points at; undefined: none.
   *
   * @param {string | undefined} name
   */
  pointAt(name) {
    this.#pointed = name;
    const focus = focusOf(this.#lines, name, this.#marks.looks);
    if (focus === this.#focus || this.#plot === null) return;
    this.#focus = focus;
    weigh(this.#plot, this.#lines, focus);
    this.#plot.redraw(false);
  }

  /**
   * Stretches what is drawn to other edges, until the answer for them is here.
   *
   * @param {Edges} edges
   */
  scaleTo(edges) {
    this.#edges = edges;
    this.#plot?.setScale('x', { min: edges.fromMs, max: edges.toMs });
  }

  /** The plotting area on the screen, and the time that it spans. */
  get area() {
    const rect = this.#plot?.over.getBoundingClientRect();
    return rect === undefined || rect.width === 0 ? undefined : { rect, ...this.#edges };
  }

  /** The bucket under the cursor, or null. */
  get cursorIndex() {
    const { left = -1, idx } = this.#plot?.cursor ?? {};
    return this.#timesMs.length === 0 || left < 0 ? null : (idx ?? null);
  }

  /**
   * Keeps the cursor at a moment while the chart moves on; null lets go of it.
   *
   * @param {number | null} atMs
   */
  holdAt(atMs) {
    this.#heldAtMs = atMs;
    if (this.#plot === null) return;
    const isOutside = atMs === null || atMs < this.#edges.fromMs || atMs > this.#edges.toMs;
    const left = isOutside ? -10 : this.#plot.valToPos(atMs, 'x');
    this.#plot.setCursor({ left, top: isOutside ? -10 : 1 });
  }

  /** The cursor belongs to the pointer again, wherever it is. */
  letGo() {
    this.#heldAtMs = null;
  }

  /**
   * Steps the cursor from bucket to bucket that is in sight; from nowhere it begins at the newest. Returns it or null.
   *
   * @param {number} by
   */
  step(by) {
    const { fromMs, toMs } = this.#edges;
    const first = this.#timesMs.findIndex((atMs) => atMs >= fromMs);
    const last = this.#timesMs.findLastIndex((atMs) => atMs <= toMs);
    if (first === -1 || last < first) return null;
    const present = this.cursorIndex;
    const index = present === null ? last : Math.min(last, Math.max(first, present + by));
    this.holdAt(this.#timesMs[index]);
    return index;
  }

  /**
   * Marks the stretch that a drag would zoom to; null takes the mark away.
   *
   * @param {Edges | null} stretch
   */
  mark(stretch) {
    if (this.#plot === null) return;
    const left = stretch === null ? 0 : this.#plot.valToPos(stretch.fromMs, 'x');
    const right = stretch === null ? 0 : this.#plot.valToPos(stretch.toMs, 'x');
    const height = stretch === null ? 0 : this.#plot.over.clientHeight;
    this.#plot.setSelect({ left, width: right - left, top: 0, height }, false);
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#box;
    if (width === 0) return;
    if (this.#isWaiting) this.show(this.#edges, this.#timesMs, this.#lines, this.#marks);
    if (this.#plot === null) return;
    if (this.#plot.width === width && this.#plot.height === height) return;
    this.#scale = this.#scaleOf(this.#lines, this.#marks);
    this.#plot.setSize({ width, height });
  }

  /** @param {uPlot.AlignedData} columns */
  #made(columns) {
    const { clientWidth: width, clientHeight: height } = this.#box;
    const options = plotOptions(this.#lines, { width, height }, this.#colours, {
      edges: () => this.#edges,
      scale: () => this.#scale,
      unit: () => this.#marks.unit,
      focus: () => this.#focus,
      onCursor: () => this.#noteCursor(),
      drawBehind: (plot) => drawBehind(plot, this.#marks, this.#colours),
      drawAbove: (plot) => drawAbove(plot, this.#lines, this.#marks, this.#colours, this.#focus),
    });
    const plot = new uPlot(options, columns, this.#box);
    weigh(plot, this.#lines, this.#focus);
    return plot;
  }

  /** @param {readonly ShownLine[]} lines @param {ChartMarks} marks */
  #scaleOf(lines, { expected }) {
    const { low, high } = extentOf(lines);
    const isEmpty = low > high;
    const [least, most] = expected === undefined || isEmpty ? [low, high] : expected;
    const intervals = Math.max(2, Math.round((this.#box.clientHeight - AROUND_PX) / PX_A_TICK));
    return valueScale(Math.min(low, least), Math.max(high, most), intervals);
  }

  #noteCursor() {
    this.#onPoint(this.cursorIndex);
    if (this.#isPointerHere) this.pointAt(this.#lineUnderCursor());
  }

  #lineUnderCursor() {
    const index = this.cursorIndex;
    const top = this.#plot?.cursor.top ?? -1;
    if (this.#plot === null || index === null || top < 0) return undefined;
    let nearest = { name: /** @type {string | undefined} */ (undefined), px: NEAR_PX };
    for (const { name, values, isShown } of this.#lines) {
      const value = values[index];
      if (!isShown || value === null) continue;
      const px = Math.abs(this.#plot.valToPos(value, 'y') - top);
      if (px < nearest.px) nearest = { name, px };
    }
    return nearest.name;
  }
}

/**
 * The columns of uPlot: times, a column for each line, and behind them two for the edges of each band.
 *
 * @param {Edges} edges
 * @param {readonly number[]} timesMs
 * @param {readonly ShownLine[]} lines
 * @returns {uPlot.AlignedData}
 */
function columnsOf({ fromMs, toMs }, timesMs, lines) {
  if (lines.length === 0) return [[fromMs, toMs], ...[1, 2, 3].map(() => [null, null])];
  const bands = lines.flatMap(({ highs, lows }) => [bridgeShortGaps(highs), bridgeShortGaps(lows)]);
  return [[...timesMs], ...lines.map(({ values }) => bridgeShortGaps(values)), ...bands];
}
