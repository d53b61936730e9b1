import { momentOf } from './chart-time.js';
import { foreign } from './format.js';

/** @import uPlot from './uplot.js' */
/** @import { ChartMarks, PlotColours, ShownLine, Value } from './types.js' */

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

const TEXT_PX = 12;
const HATCH_STEP_PX = 7;
const DOT_PX = 3.5;
/** Words that find no room after so many tries are left to the legend. */
const MAX_TRIES = 5;
/** A line that has been without a value for more buckets than this has ended. */
const ENDED_AFTER_BUCKETS = 2;
/** A narrower hatch cannot be seen. */
const LEAST_HATCH_PX = 2;
const MINUTE_MS = 60_000;

/**
 * Draws what lies behind the lines: what waits in the log, and the expected range.
 *
 * @param {uPlot} plot
 * @param {ChartMarks} marks
 * @param {PlotColours} colours
 */
export function drawBehind(plot, { expected, waitingFromMs }, colours) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.lineWidth = devicePixelRatio;
  if (waitingFromMs !== undefined) hatch(plot, waitingFromMs, colours.warn);
  ctx.strokeStyle = colours.expected;
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const bound of expected ?? []) {
    const y = Math.round(plot.valToPos(bound, 'y', true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.restore();
}

/**
 * Draws what lies above the lines: dots where they end, and words. `focus` is the name of the line in focus.
 *
 * @param {uPlot} plot
 * @param {readonly ShownLine[]} lines
 * @param {ChartMarks} marks
 * @param {PlotColours} colours
 * @param {string | undefined} focus
 */
export function drawAbove(plot, lines, marks, colours, focus) {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = colours.surface;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  for (const [nth, { name, style, isShown }] of lines.entries()) {
    if (!isShown) continue;
    const column = plot.data[1 + nth];
    ctx.fillStyle = colours.lines[style.colour - 1];
    for (const index of dotsOf(column, name === focus)) {
      ctx.beginPath();
      const y = plot.valToPos(column[index] ?? 0, 'y', true);
      ctx.arc(plot.valToPos(plot.data[0][index], 'x', true), y, DOT_PX * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
      ctx.stroke();
    }
  }
  if (marks.hasWords) drawWords(plot, lines, marks, colours);
  ctx.restore();
}

/**
 * The values of a column that need a dot: those between two gaps, which no line would show, and the last one of a line
 * that has ended or is in focus.
 *
 * @param {ArrayLike<Value | undefined>} column null is a gap; at `undefined` the line goes on
 * @param {boolean} isInFocus
 * @returns {number[]}
 */
export function dotsOf(column, isInFocus) {
  const values = Array.from(column);
  /** @param {number} index */
  const isGap = (index) => index < 0 || index >= values.length || values[index] === null;
  /** @type {number[]} */
  const dots = [];
  let last = -1;
  for (const [index, value] of values.entries()) {
    if (value === null || value === undefined) continue;
    last = index;
    if (isGap(index - 1) && isGap(index + 1)) dots.push(index);
  }
  const hasEnded = values.length - 1 - last > ENDED_AFTER_BUCKETS;
  if (last >= 0 && (hasEnded || isInFocus) && dots.at(-1) !== last) dots.push(last);
  return dots;
}

/** @param {number} sinceMs @param {number} nowMs */
export function waitingWords(sinceMs, nowMs) {
  return `waiting in the log since ${momentOf(sinceMs, MINUTE_MS, nowMs)}`;
}

/** @param {readonly [number, number]} expected @param {string} unit */
export function expectedWords([low, high], unit) {
  return `expected ${low} to ${high}${unit === '' ? '' : ` ${foreign(unit, 12)}`}`;
}

/** @param {uPlot} plot @param {number} fromMs @param {string} colour */
function hatch({ ctx, bbox, valToPos }, fromMs, colour) {
  const left = Math.max(bbox.left, valToPos(fromMs, 'x', true));
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.globalAlpha = 0.4;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  for (let x = left; x < right + bbox.height; x += HATCH_STEP_PX * devicePixelRatio) {
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x - bbox.height, bbox.top + bbox.height);
  }
  ctx.stroke();
  ctx.restore();
}

/** @param {uPlot} plot @param {readonly ShownLine[]} lines @param {ChartMarks} marks @param {PlotColours} colours */
function drawWords(plot, lines, { unit, expected, waitingFromMs, nowMs, callouts }, colours) {
  const { left, top, width } = plot.bbox;
  const px = devicePixelRatio;
  const words = new Words(plot, colours);
  if (expected !== undefined) {
    const y = plot.valToPos(expected[1], 'y', true) - 9 * px;
    words.write(expectedWords(expected, unit), { x: left + 8 * px, y, isLeft: true, colour: colours.ink });
  }
  const waitsAt = waitingFromMs === undefined ? Number.NaN : plot.valToPos(waitingFromMs, 'x', true);
  if (waitingFromMs !== undefined && waitsAt <= left + width - LEAST_HATCH_PX) {
    const x = Math.max(left, waitsAt) - 6 * px;
    words.write(waitingWords(waitingFromMs, nowMs), {
      x,
      y: top + 9 * px,
      isLeft: false,
      colour: colours.warn,
    });
  }
  for (const callout of callouts) {
    const nth = lines.findIndex(({ name, isShown }) => isShown && name === callout.name);
    if (nth < 0) continue;
    const column = Array.from(plot.data[1 + nth]);
    const last = column.findLastIndex((value) => value !== null && value !== undefined);
    if (last < 0) continue;
    const x = Math.min(left + width - 4 * px, plot.valToPos(plot.data[0][last], 'x', true));
    const y = plot.valToPos(column[last] ?? 0, 'y', true) - 16 * px;
    words.write(callout.words, { x, y, isLeft: false, colour: colours.warn });
  }
}

/** Words on a plot that do not cover one another. */
class Words {
  #plot;
  #surface;
  /** @type {Box[]} */
  #taken = [];

  /** @param {uPlot} plot @param {PlotColours} colours */
  constructor(plot, colours) {
    this.#plot = plot;
    this.#surface = colours.surface;
    plot.ctx.font = `600 ${TEXT_PX * devicePixelRatio}px ${colours.font}`;
    plot.ctx.textBaseline = 'middle';
  }

  /** @param {string} words @param {{ x: number, y: number, isLeft: boolean, colour: string }} where */
  write(words, { x, y, isLeft, colour }) {
    const { ctx, bbox } = this.#plot;
    const width = ctx.measureText(words).width;
    const right = bbox.left + bbox.width;
    const left = Math.min(right - width, Math.max(bbox.left, isLeft ? x : x - width));
    const lineHeight = TEXT_PX * 1.4 * devicePixelRatio;
    for (let nth = 0; nth < MAX_TRIES; nth++) {
      // Above, below, further above …
      const moved = y + (nth % 2 === 0 ? -1 : 1) * Math.ceil(nth / 2) * lineHeight * 1.5;
      const middle = Math.min(
        bbox.top + bbox.height - lineHeight / 2,
        Math.max(bbox.top + lineHeight / 2, moved),
      );
      const box = {
        left,
        right: left + width,
        top: middle - lineHeight / 2,
        bottom: middle + lineHeight / 2,
      };
      if (this.#taken.some((other) => doOverlap(box, other))) continue;
      this.#taken.push(box);
      ctx.textAlign = 'left';
      // A line below the words must not make them unreadable.
      ctx.lineWidth = 3 * devicePixelRatio;
      ctx.lineJoin = 'round';
      ctx.strokeStyle = this.#surface;
      ctx.strokeText(words, left, middle);
      ctx.fillStyle = colour;
      ctx.fillText(words, left, middle);
      return;
    }
  }
}

/** @param {Box} a @param {Box} b */
function doOverlap(a, b) {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}
