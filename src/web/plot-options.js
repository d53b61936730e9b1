import { axisTimes } from './chart-time.js';
import { foreign, value } from './format.js';
import { DASHES } from './line-styles.js';
import { ticksOf } from './value-scale.js';

/** @import uPlot from './uplot.js' */
/** @import { Edges, PlotColours, ShownLine } from './types.js' */

/**
 * @typedef {object} PlotSource
 * @property {() => Edges} edges
 * @property {() => { min: number, max: number, step: number }} scale
 * @property {() => string} unit
 * @property {() => string | undefined} focus the name of the line in focus
 * @property {() => void} onCursor
 * @property {(plot: uPlot) => void} drawBehind
 * @property {(plot: uPlot) => void} drawAbove
 */

const CHARACTER_PX = 6.2;
const MAX_UNIT_CHARACTERS = 10;
/** Steps of the time axis, ms: finer than uPlot's own, which jump from one minute to five. */
const TICK_STEPS_MS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 4, 6, 12, 24, 48, 168].map((hours) => hours * 3_600_000),
];
/** All charts with this key move their cursors together. */
const SYNC_KEY = 'charts';
/** Two hexadecimal digits of opacity behind a colour. */
const BAND_OPACITY = '29';
const FOCUS_BAND_OPACITY = '3d';
const LINE_PX = 1.5;
const FOCUS_LINE_PX = 2.25;
/** Of a line beside the one in focus. */
const BESIDE = { width: 1.25, alpha: 0.6 };

/** @returns {PlotColours} as the theme has them now */
export function plotColours() {
  const theme = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const colour = (name) => theme.getPropertyValue(name).trim();
  return {
    ink: colour('--ink'),
    muted: colour('--muted'),
    surface: colour('--surface'),
    grid: colour('--grid-line'),
    warn: colour('--warn'),
    expected: colour('--expected'),
    lines: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`--line-${number}`)),
    font: colour('--sans'),
  };
}

/**
 * Options of uPlot for these lines: a series each, and behind all of them two for the edges of each band.
 *
 * @param {readonly ShownLine[]} lines
 * @param {{ width: number, height: number }} size
 * @param {PlotColours} colours
 * @param {PlotSource} source
 * @returns {uPlot.Options}
 */
export function plotOptions(lines, size, colours, source) {
  const axis = {
    stroke: colours.muted,
    font: `11px ${colours.font}`,
    grid: { stroke: colours.grid, width: 1 },
    ticks: { show: false },
  };
  const drawn = lines.length === 0 ? [{ name: '', style: { colour: 1, dash: 0 }, isShown: true }] : lines;
  /** @param {string} name @param {string} colour */
  const bandFill = (name, colour) => {
    const focus = source.focus();
    if (focus === undefined) return colour + BAND_OPACITY;
    return name === focus ? colour + FOCUS_BAND_OPACITY : 'transparent';
  };
  return {
    ...size,
    ms: 1,
    padding: [10, 14, 0, 0],
    // uPlot's own legend is not used: ours takes the names as text and is operated by keyboard.
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: false, y: false, setScale: false },
      // Presses are read by ChartGestures; uPlot's own reading of them would wipe its mark away.
      bind: { mousedown: notBound, mouseup: notBound, click: notBound, dblclick: notBound },
      sync: { key: SYNC_KEY, setSeries: false },
    },
    scales: {
      x: { time: true, range: () => [source.edges().fromMs, source.edges().toMs] },
      y: { range: () => [source.scale().min, source.scale().max] },
    },
    axes: [
      {
        ...axis,
        incrs: TICK_STEPS_MS,
        size: 22,
        gap: 5,
        space: 68,
        values: (_plot, ticks, _axis, _space, stepMs) => axisTimes(ticks, stepMs),
      },
      {
        ...axis,
        gap: 6,
        size: (_plot, labels) => labelWidth(labels),
        splits: () => ticksOf(source.scale()),
        values: (_plot, ticks) => withUnit(ticks.map(value), source.unit()),
      },
    ],
    bands: drawn.flatMap(({ name, style, isShown }, nth) => {
      const high = 1 + drawn.length + 2 * nth;
      const colour = colours.lines[style.colour - 1];
      return isShown ? [{ series: [high, high + 1], fill: () => bandFill(name, colour) }] : [];
    }),
    series: [
      {},
      ...drawn.map(({ style, isShown }) => ({
        show: isShown,
        stroke: colours.lines[style.colour - 1],
        dash: DASHES[style.dash],
        width: LINE_PX,
        points: { size: 5 },
      })),
      ...drawn.flatMap(({ isShown }) => [edgeSeries(isShown), edgeSeries(isShown)]),
    ],
    hooks: { setCursor: [source.onCursor], drawAxes: [source.drawBehind], draw: [source.drawAbove] },
  };
}

/**
 * Gives the line in focus its weight, and takes it from the others; undefined: all are alike.
 *
 * @param {uPlot} plot
 * @param {readonly ShownLine[]} lines
 * @param {string | undefined} focus
 */
export function weigh(plot, lines, focus) {
  for (const [nth, { name }] of lines.entries()) {
    const series = plot.series[1 + nth];
    const isBeside = focus !== undefined && name !== focus;
    series.width = isBeside ? BESIDE.width : focus === undefined ? LINE_PX : FOCUS_LINE_PX;
    series.alpha = isBeside ? BESIDE.alpha : 1;
  }
}

/**
 * The unit stands at the top tick, once.
 *
 * @param {readonly string[]} labels
 * @param {string} unit
 */
function withUnit(labels, unit) {
  if (unit === '') return [...labels];
  const short = foreign(unit, MAX_UNIT_CHARACTERS);
  return labels.map((label, nth) => (nth === labels.length - 1 ? `${label} ${short}` : label));
}

/**
 * An edge of a band: it is not drawn itself.
 *
 * @param {boolean} isShown
 */
function edgeSeries(isShown) {
  return { show: isShown, stroke: 'transparent', width: 0, points: { show: false } };
}

function notBound() {
  return null;
}

/** @param {readonly string[] | null} labels */
function labelWidth(labels) {
  const longest = Math.max(4, ...(labels ?? []).map((label) => label.length));
  return Math.ceil(longest * CHARACTER_PX) + 12;
}
