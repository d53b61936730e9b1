import { svgElement } from './dom.js';

/** An arrow from one stage to the next. The style sheet moves its dashes while something flows, unless less motion is wanted. */
export class FlowArrow {
  node = svgElement(
    'svg',
    { class: 'flow-arrow', viewBox: '0 0 22 8', 'aria-hidden': 'true' },
    svgElement('path', { d: 'M0 4h20' }),
    svgElement('path', { d: 'm16 1 4 3-4 3' }),
  );

  /** @param {boolean} isFlowing */
  show(isFlowing) {
    this.node.classList.toggle('flowing', isFlowing);
  }
}
