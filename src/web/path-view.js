import { element, Redrawn, setAttribute } from './dom.js';
import { foreign } from './format.js';
import { StageCard } from './stage-card.js';
import { fullState, stagesOf } from './stages.js';

/** @import { LiveState, RateHistory, Rates, Stage, StageId, StageStates } from './types.js' */

/** Narrower than this a stage cannot show its facts beside the next one, px. */
const MIN_STEP_WIDTH = 187;

/** The path as a picture: stages, connections between them and branches off them. */
export class PathView {
  #list;
  #open;
  #notes;
  /** @type {Map<StageId, StageCard>} */
  #cards = new Map();

  /**
   * `notes` is a list below the path. `open(stageId)` is called when the person opens a stage.
   *
   * @param {HTMLElement} list
   * @param {HTMLElement} notes
   * @param {(stageId: StageId) => void} open
   */
  constructor(list, notes, open) {
    this.#list = list;
    this.#notes = new Redrawn(notes);
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
    const stages = stagesOf(state);
    this.#showCards(stages);
    for (const [id, card] of this.#cards) card.show(fullState(state), states[id], rates, history);
    this.#showNotes(stages, states);
  }

  /**
   * Stages side by side are too narrow for sentences, which then stand below the path.
   *
   * @param {readonly Stage[]} stages
   * @param {StageStates} states
   */
  #showNotes(stages, states) {
    const noted = stages.filter(({ id }) => states[id].sentence !== '');
    this.#notes.show(JSON.stringify(noted.map(({ id }) => states[id])), () =>
      noted.map(({ id, title }) => {
        const { level, sentence } = states[id];
        return element('li', {}, element('span', { class: `state ${level}` }, title), foreign(sentence, 400));
      }),
    );
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
    this.#arrange();
  }

  #arrange() {
    this.#list.classList.toggle('row', this.#list.clientWidth >= this.#cards.size * MIN_STEP_WIDTH);
  }
}
