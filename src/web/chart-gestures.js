/** @import { LinePlot } from './line-plot.js' */
/** @import { Area, Edges, RangeGestures } from './types.js' */

/**
 * @typedef {object} Drag
 * @property {'scrub' | 'pan' | 'zoom'} kind
 * @property {Area} area where it began
 * @property {number} startX
 * @property {number} startMs
 * @property {boolean} hasMoved
 */
/** @typedef {{ area: Area, apartPx: number, middleX: number, spanMs: number, middleMs: number }} Pinch */

/** A press that moved less is a press. */
const DRAG_AFTER_PX = 5;
const ZOOM_A_KEY = 2;
const PAN_A_KEY = 0.25;
/** A wheel notch is 100 px in most browsers; this makes it a zoom by about a quarter. */
const ZOOM_A_WHEEL_PX = 0.0022;
const WHEEL_LINE_PX = 16;

/**
 * Translates drags, wheels, pinches and keys over a plot into calls on `range`: `zoom(factor, aroundMs?)`,
 * `pan(share)`, `between(fromMs, toMs, isStep)`, `live()`, `undo()`.
 *
 * The page stays scrollable: one finger up and down is the browser's (`touch-action: pan-y`), and the wheel zooms
 * only with Ctrl or ⌘ (a pinch on a touchpad is that, too) or while the chart has the focus.
 */
export class ChartGestures {
  #box;
  #plot;
  #range;
  #onStep;
  /** @type {Map<number, PointerEvent>} */
  #pointers = new Map();
  /** @type {Drag | null} */
  #drag = null;
  /** @type {Pinch | null} */
  #pinch = null;

  /**
   * `onStep(by)`: the cursor is to go so many buckets.
   *
   * @param {HTMLElement} box
   * @param {LinePlot} plot
   * @param {RangeGestures} range
   * @param {(by: number) => void} onStep
   */
  constructor(box, plot, range, onStep) {
    this.#box = box;
    this.#plot = plot;
    this.#range = range;
    this.#onStep = onStep;
    box.addEventListener('pointerdown', (press) => this.#press(press));
    box.addEventListener('pointermove', (move) => this.#move(move));
    box.addEventListener('pointerup', (press) => this.#release(press));
    box.addEventListener('pointercancel', (press) => this.#giveUp(press));
    box.addEventListener('wheel', (turn) => this.#wheel(turn), { passive: false });
    box.addEventListener('keydown', (key) => this.#key(key));
    box.addEventListener('blur', () => plot.holdAt(null));
  }

  /** @param {PointerEvent} press */
  #press(press) {
    const area = this.#plot.area;
    if (area === undefined || (press.pointerType === 'mouse' && press.button !== 0)) return;
    this.#pointers.set(press.pointerId, press);
    if (this.#pointers.size === 2) {
      this.#drop();
      this.#pinch = this.#pinchNow(area);
      return;
    }
    if (this.#pointers.size > 2) return;
    const isOnAxis = press.clientY > area.rect.bottom || press.clientX < area.rect.left;
    /** @type {Drag['kind']} */
    const kind = press.pointerType === 'touch' ? 'scrub' : press.shiftKey || isOnAxis ? 'pan' : 'zoom';
    this.#drag = { kind, area, startX: press.clientX, startMs: timeAt(area, press.clientX), hasMoved: false };
  }

  /** @param {PointerEvent} move */
  #move(move) {
    if (!this.#pointers.has(move.pointerId)) {
      this.#plot.letGo();
      return;
    }
    this.#pointers.set(move.pointerId, move);
    if (this.#pinch !== null) {
      this.#pinchTo(move, this.#pinch);
      return;
    }
    if (this.#drag === null) return;
    const isFar = Math.abs(move.clientX - this.#drag.startX) >= DRAG_AFTER_PX;
    if (!this.#drag.hasMoved && !isFar) return;
    this.#drag.hasMoved = true;
    this.#box.setPointerCapture(move.pointerId);
    this.#dragTo(this.#drag, move.clientX);
  }

  /** @param {Drag} drag @param {number} clientX */
  #dragTo({ kind, area, startX, startMs }, clientX) {
    if (kind === 'scrub') {
      this.#plot.holdAt(timeAt(area, clientX));
    } else if (kind === 'zoom') {
      this.#plot.holdAt(null);
      this.#plot.mark(stretch(startMs, timeAt(this.#plot.area ?? area, clientX)));
    } else {
      const movedMs = ((startX - clientX) / area.rect.width) * (area.toMs - area.fromMs);
      this.#range.between(area.fromMs + movedMs, area.toMs + movedMs, true);
    }
  }

  /** @param {PointerEvent} press */
  #release(press) {
    const drag = this.#drag;
    this.#giveUp(press);
    if (drag === null) return;
    if (drag.kind === 'scrub' && !drag.hasMoved) {
      this.#plot.holdAt(drag.startMs);
    } else if (drag.kind === 'zoom' && drag.hasMoved) {
      const { fromMs, toMs } = stretch(drag.startMs, timeAt(this.#plot.area ?? drag.area, press.clientX));
      this.#range.between(fromMs, toMs, false);
    } else if (!drag.hasMoved) {
      this.#plot.holdAt(null);
    }
  }

  /** @param {PointerEvent} press */
  #giveUp({ pointerId }) {
    this.#pointers.delete(pointerId);
    this.#pinch = null;
    this.#drop();
  }

  #drop() {
    if (this.#drag?.kind === 'zoom') this.#plot.mark(null);
    this.#drag = null;
  }

  /**
   * Two fingers: how far apart, and which moment is between them.
   *
   * @param {Area} area
   */
  #pinchNow(area) {
    const [one, other] = [...this.#pointers.values()];
    const apartPx = Math.max(24, Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY));
    const middleX = (one.clientX + other.clientX) / 2;
    return { area, apartPx, middleX, spanMs: area.toMs - area.fromMs, middleMs: timeAt(area, middleX) };
  }

  /** @param {PointerEvent} move @param {Pinch} pinch */
  #pinchTo({ pointerId }, { area, apartPx, spanMs, middleMs }) {
    this.#box.setPointerCapture(pointerId);
    const now = this.#pinchNow(area);
    const newSpanMs = (spanMs * apartPx) / now.apartPx;
    const fromMs = middleMs - ((now.middleX - area.rect.left) / area.rect.width) * newSpanMs;
    this.#range.between(fromMs, fromMs + newSpanMs, true);
  }

  /** @param {WheelEvent} turn */
  #wheel(turn) {
    const area = this.#plot.area;
    if (area === undefined) return;
    const unitPx = turn.deltaMode === 0 ? 1 : WHEEL_LINE_PX;
    const isSideways = Math.abs(turn.deltaX) > Math.abs(turn.deltaY);
    const hasFocus = this.#box.contains(document.activeElement);
    if (!isSideways && !turn.ctrlKey && !turn.metaKey && !hasFocus) return;
    turn.preventDefault();
    if (isSideways || turn.shiftKey) {
      const turnedPx = (isSideways ? turn.deltaX : turn.deltaY) * unitPx;
      this.#range.pan(turnedPx / area.rect.width);
      return;
    }
    // A touchpad's pinch comes as a wheel with Ctrl and much smaller steps.
    const isPinch = turn.ctrlKey && Math.abs(turn.deltaY) < 40;
    const factor = Math.exp(-turn.deltaY * unitPx * ZOOM_A_WHEEL_PX * (isPinch ? 4 : 1));
    this.#range.zoom(factor, timeAt(area, turn.clientX));
  }

  /** @param {KeyboardEvent} key */
  #key(key) {
    if (key.ctrlKey || key.metaKey) return;
    const act = key.altKey ? this.#altKeys[key.key] : this.#keys[key.key];
    if (act === undefined) return;
    key.preventDefault();
    act();
  }

  /** @type {Readonly<Record<string, () => void>>} */
  #altKeys = {
    ArrowLeft: () => this.#onStep(-1),
    ArrowRight: () => this.#onStep(1),
  };

  /** @type {Readonly<Record<string, () => void>>} */
  #keys = {
    ArrowLeft: () => this.#range.pan(-PAN_A_KEY),
    ArrowRight: () => this.#range.pan(PAN_A_KEY),
    '+': () => this.#range.zoom(ZOOM_A_KEY),
    // The key of "+" without Shift on many layouts.
    '=': () => this.#range.zoom(ZOOM_A_KEY),
    '-': () => this.#range.zoom(1 / ZOOM_A_KEY),
    Home: () => this.#range.live(),
    Escape: () => this.#escape(),
    '[': () => this.#onStep(-1),
    ']': () => this.#onStep(1),
  };

  /** Ends a drag first, if there is one. */
  #escape() {
    if (this.#drag === null) this.#range.undo();
    else this.#drop();
  }
}

/** @param {Area} area @param {number} clientX */
function timeAt({ rect, fromMs, toMs }, clientX) {
  const share = Math.min(1, Math.max(0, (clientX - rect.left) / rect.width));
  return fromMs + share * (toMs - fromMs);
}

/** @param {number} oneMs @param {number} otherMs @returns {Edges} */
function stretch(oneMs, otherMs) {
  return { fromMs: Math.min(oneMs, otherMs), toMs: Math.max(oneMs, otherMs) };
}
