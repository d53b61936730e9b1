import { element, Redrawn, setAttribute } from './dom.js';
import { foreign } from './format.js';
import { StageCard } from './stage-card.js';
import { stagesOf } from './stages.js';

/** Narrower than this a stage cannot show its facts beside the next one, px. */
const MIN_STEP_WIDTH = 187;

/** The path as a picture: stages, connections between them and branches off them. */
export class PathView {
  #list;
  #open;
  #notes;
  #cards = new Map();

  /** `notes`: a list below the path. `open(stageId)`: called when the person wants to know more of a stage. */
  constructor(list, notes, open) {
    this.#list = list;
    this.#notes = new Redrawn(notes);
    this.#open = open;
    new ResizeObserver(() => this.#arrange()).observe(list);
  }

  /** `states`: as stageStates gives them. */
  show(state, states, rates, history) {
    const stages = stagesOf(state);
    this.#showCards(stages);
    for (const { id } of stages) this.#cards.get(id).show(state, states[id], rates, history);
    this.#showNotes(stages, states);
  }

  /** Side by side the stages are too narrow for sentences: those stand below the path then. */
  #showNotes(stages, states) {
    const said = stages.filter(({ id }) => states[id].sentence !== '');
    this.#notes.show(JSON.stringify(said.map(({ id }) => states[id])), () =>
      said.map(({ id, title }) => {
        const { level, sentence } = states[id];
        return element('li', {}, element('span', { class: `state ${level}` }, title), foreign(sentence, 400));
      }),
    );
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
