import { setAttribute } from './dom.js';
import { StageCard } from './stage-card.js';
import { fullState, stagesOf } from './stages.js';

/** @import { LiveState, RateHistory, Rates, Stage, StageId, StageStates } from './types.js' */

/** Narrower than this a stage cannot show its facts beside the next one, px. */
const MIN_STEP_WIDTH = 204;
/** Before the first answer: the stages of most gateways. */
const USUAL_STAGES = 4;

/** The path of a message as a picture: the stages with arrows between them, and what leaves the path at each. */
export class PathView {
  #list;
  #open;
  /** @type {Map<StageId, StageCard>} */
  #cards = new Map();

  /**
   * `open(stageId)` is called when the person opens a stage.
   *
   * @param {HTMLElement} list
   * @param {(stageId: StageId) => void} open
   */
  constructor(list, open) {
    this.#list = list;
    this.#open = open;
    new ResizeObserver(() => this.#arrange()).observe(list);
  }

  /**
   * `states`: as stageStates gives them.
   *
   * @param {LiveState} state
   * @param {StageStates} states
   * @param {Rates} rates
   * @param {RateHistory} history
   */
  show(state, states, rates, history) {
    this.#showCards(stagesOf(state));
    for (const [id, card] of this.#cards) card.show(fullState(state), states[id], rates, history);
  }

  /**
   * A gateway that was restarted in another role has other stages.
   *
   * @param {readonly Stage[]} stages
   */
  #showCards(stages) {
    if (stages.length === this.#cards.size && stages.every(({ id }) => this.#cards.has(id))) return;
    this.#cards = new Map(
      stages.map((stage) => [stage.id, new StageCard(stage, () => this.#open(stage.id))]),
    );
    this.#list.replaceChildren(...[...this.#cards.values()].map((card) => card.node));
    setAttribute(this.#list, 'data-stages', String(stages.length));
    this.#list.removeAttribute('aria-busy');
    this.#arrange();
  }

  #arrange() {
    const stages = this.#cards.size || USUAL_STAGES;
    this.#list.classList.toggle('row', this.#list.clientWidth >= stages * MIN_STEP_WIDTH);
  }
}
