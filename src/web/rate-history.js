/** @import { LiveState, StageHistory, Sample } from './types.js' */

export const HISTORY_MS = 180_000;
/** A state comes every second; the stream may be quicker only for a moment. */
const MAX_SAMPLES = 400;
/** Wider gaps are drawn as gaps: the tab was hidden, or the gateway away. */
const GAP_MS = 5_000;

/** The rates of the last three minutes, by name: what the gateway knew when the page came, and what the page has seen since. */
export class RateHistory {
  /** @type {Map<string, Sample[]>} */
  #samples = new Map();
  /** @type {StageHistory | null} */
  #before = null;

  /**
   * Keeps what the gateway knew until the next state tells how its two clocks differ.
   *
   * @param {StageHistory} before
   */
  seed(before) {
    this.#before = before;
  }

  /**
   * Begins the curves with what the gateway knew. To be called with each state, before its own rates are added.
   *
   * @param {Pick<LiveState, 'nowMs' | 'sampledAtMs'>} state
   */
  takeBefore({ nowMs, sampledAtMs }) {
    if (this.#before === null) return;
    const { stepMs, fromMs, rates } = this.#before;
    this.#before = null;
    this.#samples.clear();
    for (const [name, of] of Object.entries(rates)) {
      for (const [index, perSecond] of of.entries()) {
        const atMs = fromMs + (index + 1) * stepMs - nowMs + sampledAtMs;
        if (atMs < sampledAtMs) this.add(name, atMs, perSecond);
      }
    }
  }

  /**
   * `perSecond`: null (not known yet) leaves no trace.
   *
   * @param {string} name
   * @param {number} atMs
   * @param {number | null} perSecond
   */
  add(name, atMs, perSecond) {
    if (perSecond === null) return;
    const samples = this.#samples.get(name) ?? [];
    if ((samples.at(-1)?.atMs ?? 0) > atMs) samples.length = 0;
    samples.push({ atMs, perSecond });
    while (samples.length > MAX_SAMPLES || samples[0].atMs < atMs - HISTORY_MS) samples.shift();
    this.#samples.set(name, samples);
  }

  /**
   * Oldest first.
   *
   * @param {string} name
   * @returns {readonly Sample[]}
   */
  of(name) {
    return this.#samples.get(name) ?? [];
  }

  /**
   * The highest rate of the last three minutes; 0 without one.
   *
   * @param {string} name
   */
  peak(name) {
    return this.of(name).reduce((highest, { perSecond }) => Math.max(highest, perSecond), 0);
  }
}

/**
 * The samples as SVG path data in a box of `width` × `height`, the newest at the right edge, 0 at the bottom:
 * `line`, and `area` down to the bottom.
 *
 * @param {readonly Sample[]} samples
 * @param {{ width: number; height: number; nowMs: number; peak: number }} box
 */
export function sparkPaths(samples, { width, height, nowMs, peak }) {
  const top = Math.max(peak, Number.MIN_VALUE);
  /** @type {string[]} */
  const lines = [];
  /** @type {string[]} */
  const areas = [];
  /** @type {{ x: number, y: number }[]} */
  let piece = [];
  const end = () => {
    // A single point has no length to be seen.
    if (piece.length > 1) {
      const line = piece.map(({ x, y }) => `${x} ${y}`).join('L');
      lines.push(`M${line}`);
      areas.push(`M${piece[0].x} ${height}L${line}L${piece[piece.length - 1].x} ${height}Z`);
    }
    piece = [];
  };
  /** @type {number | null} */
  let lastAtMs = null;
  for (const { atMs, perSecond } of samples) {
    if (lastAtMs !== null && atMs - lastAtMs > GAP_MS) end();
    lastAtMs = atMs;
    const x = round(width * (1 - (nowMs - atMs) / HISTORY_MS));
    piece.push({ x, y: round(height - (perSecond / top) * height) });
  }
  end();
  return { line: lines.join(''), area: areas.join('') };
}

/** @param {number} pixels */
function round(pixels) {
  return Math.round(pixels * 10) / 10;
}
