import { setAttribute } from './dom.js';
import { StageCard } from './stage-card.js';
import { stagesOf } from './stages.js';

/** Narrower than this a stage cannot show its facts beside the next one, px. */
const MIN_STEP_WIDTH = 187;

/** The path as a picture: stages, connections between them and branches off them. */
export class PathView {
  #list;
  #open;
  #cards = new Map();

  /** `open(stageId)`: called when the person wants to know more of a stage. */
  constructor(list, open) {
    this.#list = list;
    this.#open = open;
    new ResizeObserver(() => this.#arrange()).observe(list);
  }

  /** `states`: as stageStates gives them. */
  show(state, states, rates, history) {
    const stages = stagesOf(state);
    this.#showCards(stages);
    for (const { id } of stages) this.#cards.get(id).show(state, states[id], rates, history);
  }

  /** A gateway that was started again in another role has other stages. */
  #showCards(stages) {
    if (stages.length === this.#cards.size && stages.every(({ id }) => this.#cards.has(id))) return;
    this.#cards = new Map(
      stages.map((stage) => [stage.id, new StageCard(stage, () => this.#open(stage.id))]),
    );
    this.#list.replaceChildren(...[...this.#cards.values()].map((card) => card.node));
    setAttribute(this.#list, 'data-stages', String(stages.length));
    this.#arrange();
  }

  #arrange() {
    this.#list.classList.toggle('row', this.#list.clientWidth >= this.#cards.size * MIN_STEP_WIDTH);
  }
}
