import { bridgeShortGaps } from './chart-lines.js';
import { axisTime, value } from './format.js';
import uPlot from './uplot.js';

const HEIGHT_PX = 190;
const COLOURS = 8;
const CHARACTER_PX = 6.6;

/** Colour and stroke of the nth line: eight colours, then the same ones dashed. */
export function lineStyle(nth) {
  return { colour: (nth % COLOURS) + 1, isDashed: nth >= COLOURS };
}

/** One uPlot in a box, rebuilt only when its set of lines, or the theme, changes. */
export class LinePlot {
  #box;
  #plot = null;
  #key = '';
  #window = { fromMs: 0, toMs: 1 };
  #onPoint;

  /** `onPoint(index | null)`: the bucket under the pointer. */
  constructor(box, onPoint) {
    this.#box = box;
    this.#onPoint = onPoint;
    new ResizeObserver(() => this.#fit()).observe(box);
    document.addEventListener('themechange', () => {
      this.#key = '';
    });
  }

  /** `lines`: `{ name, style, isShown, values }` in the order of drawing. */
  show({ fromMs, toMs }, timesMs, lines) {
    this.#window = { fromMs, toMs };
    const columns = [timesMs, ...lines.map((line) => bridgeShortGaps(line.values))];
    const key = JSON.stringify(
      lines.map(({ name, style, isShown }) => [name, style.colour, style.isDashed, isShown]),
    );
    if (key === this.#key) {
      this.#plot.setData(columns);
      return;
    }
    this.#key = key;
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(lines), columns, this.#box);
  }

  clear() {
    this.#plot?.destroy();
    this.#plot = null;
    this.#key = '';
  }

  #fit() {
    if (this.#plot !== null && this.#plot.width !== this.#box.clientWidth) {
      this.#plot.setSize({ width: this.#box.clientWidth, height: HEIGHT_PX });
    }
  }

  #options(lines) {
    const theme = getComputedStyle(document.documentElement);
    const colour = (name) => theme.getPropertyValue(name).trim();
    const axis = {
      stroke: colour('--muted'),
      font: `11px ${theme.getPropertyValue('--sans')}`,
      grid: { stroke: colour('--rule'), width: 1 },
      ticks: { show: false },
    };
    return {
      width: this.#box.clientWidth,
      height: HEIGHT_PX,
      ms: 1,
      padding: [10, 14, 0, 0],
      // uPlot's own legend is not used: ours takes the names as text and is operated by keyboard.
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: { x: { time: true, range: () => [this.#window.fromMs, this.#window.toMs] } },
      axes: [
        {
          ...axis,
          size: 26,
          gap: 6,
          space: 64,
          values: (_plot, ticks, _axis, _space, step) => ticks.map((at) => axisTime(at, step)),
        },
        {
          ...axis,
          gap: 6,
          space: 34,
          size: (_plot, labels) => labelWidth(labels),
          values: (_plot, ticks) => ticks.map(value),
        },
      ],
      series: [
        {},
        ...lines.map(({ style, isShown }) => ({
          show: isShown,
          stroke: colour(`--line-${style.colour}`),
          dash: style.isDashed ? [6, 4] : [],
          width: 1.75,
          points: { size: 5 },
        })),
      ],
      hooks: { setCursor: [(plot) => this.#onPoint(plot.cursor.idx ?? null)] },
    };
  }
}

function labelWidth(labels) {
  const longest = Math.max(2, ...(labels ?? []).map((label) => label.length));
  return Math.ceil(longest * CHARACTER_PX) + 12;
}
