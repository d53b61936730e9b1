import { element } from './dom.js';

/** Slowest and fastest that still read as flowing. */
const MIN_SPEED = 0.25;
const MAX_SPEED = 4;
const SPEED_A_DECADE = 0.75;

/**
 * How fast the dots on a connection move, as a multiple of their usual speed: by the logarithm of the rate,
 * because between one and a hundred thousand records a second no other scale shows both. 0: nothing moves.
 *
 * @param {number | null} perSecond
 */
export function flowSpeed(perSecond) {
  if (perSecond === null || perSecond <= 0) return 0;
  return Math.min(MAX_SPEED, MIN_SPEED + SPEED_A_DECADE * Math.log10(1 + perSecond));
}

/** A connection between two stages. Its dots are drawn and moved by the style sheet; only their speed is set here. */
export class FlowPipe {
  node;
  #flow;

  constructor() {
    this.#flow = element('span', { class: 'flow' });
    this.node = element('span', { class: 'pipe', 'aria-hidden': 'true' }, this.#flow);
  }

  /** @param {number | null} perSecond */
  show(perSecond) {
    const speed = flowSpeed(perSecond);
    this.node.classList.toggle('flowing', speed > 0);
    // None with reduced motion. Changing the playback rate, unlike the duration, does not make the dots jump.
    for (const animation of this.#flow.getAnimations()) {
      if (speed > 0 && animation.playbackRate !== speed) animation.updatePlaybackRate(speed);
    }
  }
}
