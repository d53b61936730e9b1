import { bridgeShortGaps } from './chart-lines.js';
import { axisTimes } from './chart-time.js';
import { value } from './format.js';
import { DASHES } from './line-styles.js';
import uPlot from './uplot.js';

/** @import { Edges, ShownLine } from './types.js' */

const HEIGHT_PX = 200;
const CHARACTER_PX = 6.6;
/** Steps of the time axis, ms: finer than uPlot's own, which jump from one minute to five. */
const TICK_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((hours) => hours * 3_600_000),
];
/** All charts with this key move their cursors together. */
const SYNC_KEY = 'charts';

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
  /** @type {number | null} */
  #heldAtMs = null;
  #onPoint;
  #heightPx;

  /**
   * `onPoint(index | null)`: the bucket under the cursor.
   *
   * @param {HTMLElement} box
   * @param {(index: number | null) => void} onPoint
   * @param {{ heightPx?: number }} [options]
   */
  constructor(box, onPoint, { heightPx = HEIGHT_PX } = {}) {
    this.#box = box;
    this.#heightPx = heightPx;
    this.#onPoint = onPoint;
    new ResizeObserver(() => this.#fit()).observe(box);
    document.addEventListener('themechange', () => {
      this.#key = '';
    });
  }

  /**
   * `lines`: `{ name, style, isShown, values }` in the order of drawing; none leaves the axis of time.
   *
   * @param {Edges} edges
   * @param {readonly number[]} timesMs
   * @param {readonly ShownLine[]} lines
   */
  show(edges, timesMs, lines) {
    this.#edges = edges;
    const isEmpty = lines.length === 0 || timesMs.length === 0;
    this.#timesMs = isEmpty ? [] : timesMs;
    /** @type {uPlot.AlignedData} */
    const columns = isEmpty
      ? [[edges.fromMs, edges.toMs], ...noValues(3 * Math.max(1, lines.length))]
      : [[...timesMs], ...lines.map((line) => bridgeShortGaps(line.values)), ...bandColumns(lines)];
    const key = JSON.stringify(lines.map(({ name, style, isShown }) => [name, style, isShown]));
    if (key === this.#key && this.#plot !== null) {
      this.#plot.setData(columns);
    } else {
      this.#key = key;
      this.#plot?.destroy();
      this.#plot = new uPlot(this.#options(lines), columns, this.#box);
    }
    if (this.#heldAtMs !== null) this.holdAt(this.#heldAtMs);
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
    if (this.#plot === null || this.#box.clientWidth === 0) return;
    if (this.#plot.width !== this.#box.clientWidth) {
      this.#plot.setSize({ width: this.#box.clientWidth, height: this.#heightPx });
    }
  }

  /** @param {readonly ShownLine[]} lines @returns {uPlot.Options} */
  #options(lines) {
    const theme = getComputedStyle(document.documentElement);
    /** @param {string} name */
    const colour = (name) => theme.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      font: `11px ${theme.getPropertyValue('--sans')}`,
      grid: { stroke: colour('--rule'), width: 1 },
      ticks: { show: false },
    };
    const drawn = lines.length === 0 ? [{ style: { colour: 1, dash: 0 }, isShown: true }] : lines;
    return {
      width: this.#box.clientWidth,
      height: this.#heightPx,
      ms: 1,
      padding: [10, 14, 0, 0],
      // uPlot's own legend is not used: ours takes the names as text and is operated by keyboard.
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false, setScale: false },
        // Presses are read by ChartGestures; uPlot's own reading of them would wipe its mark away.
        bind: { mousedown: notBound, mouseup: notBound, click: notBound, dblclick: notBound },
        sync: { key: SYNC_KEY, setSeries: false },
      },
      scales: { x: { time: true, range: () => [this.#edges.fromMs, this.#edges.toMs] } },
      axes: [
        {
          ...axis,
          incrs: TICK_STEPS_MS,
          size: 22,
          gap: 5,
          space: 72,
          values: (_plot, ticks, _axis, _space, stepMs) => axisTimes(ticks, stepMs),
        },
        {
          ...axis,
          gap: 6,
          space: 34,
          size: (_plot, labels) => labelWidth(labels),
          values: (_plot, ticks) => ticks.map(value),
        },
      ],
      bands: drawn.flatMap((line, nth) =>
        hasBand(lines, line)
          ? [{ series: bandSeries(drawn.length, nth), fill: bandFill(colour(`--line-${line.style.colour}`)) }]
          : [],
      ),
      series: [
        {},
        ...drawn.map(({ style, isShown }) => ({
          show: isShown,
          stroke: colour(`--line-${style.colour}`),
          dash: DASHES[style.dash],
          width: 1.75,
          points: { size: 5 },
        })),
        ...drawn.flatMap(({ isShown }) => [edgeSeries(isShown), edgeSeries(isShown)]),
      ],
      hooks: { setCursor: [() => this.#onPoint(this.cursorIndex)] },
    };
  }
}

/** With more lines their bands would hide one another. */
const MAX_BANDS = 4;
/** Two hexadecimal digits of opacity behind a colour. */
const BAND_OPACITY = '2e';

/**
 * The greatest and the least values of each line, in two columns behind those of all lines.
 *
 * @param {readonly ShownLine[]} lines
 */
function bandColumns(lines) {
  return lines.flatMap(({ highs, lows }) => [bridgeShortGaps(highs), bridgeShortGaps(lows)]);
}

/**
 * @param {readonly { readonly isShown: boolean }[]} lines
 * @param {{ readonly isShown: boolean }} line
 */
function hasBand(lines, line) {
  return line.isShown && lines.filter(({ isShown }) => isShown).length <= MAX_BANDS;
}

/** @param {number} lines @param {number} nth @returns {[number, number]} */
function bandSeries(lines, nth) {
  const high = 1 + lines + 2 * nth;
  return [high, high + 1];
}

/** @param {string} colour */
function bandFill(colour) {
  return /^#[0-9a-f]{6}$/i.test(colour) ? `${colour}${BAND_OPACITY}` : 'transparent';
}

/**
 * An edge of a band: it is not drawn itself, but the scale makes room for it.
 *
 * @param {boolean} isShown
 */
function edgeSeries(isShown) {
  return { show: isShown, stroke: 'transparent', width: 0, points: { show: false } };
}

/**
 * A column without values for each line, between the two ends of the range.
 *
 * @param {number} lines
 * @returns {null[][]}
 */
function noValues(lines) {
  return Array.from({ length: lines }, () => [null, null]);
}

function notBound() {
  return null;
}

/** @param {readonly string[] | null} labels */
function labelWidth(labels) {
  const longest = Math.max(2, ...(labels ?? []).map((label) => label.length));
  return Math.ceil(longest * CHARACTER_PX) + 12;
}
