import { svgElement } from './dom.js';

/** @import { Arrival } from './types.js' */

/** A shape for each outcome, so that the colour is not needed. */
/** @type {Readonly<Record<Arrival['outcome'], string>>} */
const SHAPES = {
  stored: 'm4.6 10.4-4-4 1.2-1.2 2.8 2.8 5.8-6 1.2 1.2z',
  waiting: 'M2 1h8v1.6L7.2 6 10 9.4V11H2V9.4L4.8 6 2 2.6z',
  'set-aside': 'M1 1h10v10H1z',
  ignored: 'M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1zm0 1.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8z',
  unknown: 'M1 5.2h10v1.6H1z',
};

/** @param {Arrival['outcome']} outcome */
export function arrivalIcon(outcome) {
  return svgElement(
    'svg',
    { class: `arrival-icon is-${outcome}`, viewBox: '0 0 12 12', 'aria-hidden': 'true' },
    svgElement('path', { d: SHAPES[outcome], 'fill-rule': 'evenodd' }),
  );
}
