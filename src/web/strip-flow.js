import { element, Redrawn, setClass, setText } from './dom.js';
import { FlowArrow } from './flow-arrow.js';
import { foreign } from './format.js';
import { fullState } from './stages.js';
import { flowWords } from './strip-words.js';

/** @import { Level, LiveState, Rates, Stage, StageStates } from './types.js' */

/** The stages in one line, each with what it does now: MQTT 32/s → Log 7 % full → Rules 32/s → InfluxDB 32/s. */
export class StripFlow {
  node = element('span', { class: 'flow' });
  #stages = new Redrawn(this.node);
  /** @type {{ box: HTMLElement, words: HTMLElement, arrow: FlowArrow }[]} */
  #parts = [];

  /**
   * @param {LiveState} state
   * @param {readonly Stage[]} stages
   * @param {StageStates} states
   * @param {Rates} rates
   */
  show(state, stages, states, rates) {
    // Windows are computed from what is stored already: they are not on the way of a message.
    const shown = stages.filter(({ id }) => id !== 'windows');
    const full = fullState(state);
    this.#stages.show(shown.map(({ id, title }) => id + title(full)).join(), () => {
      this.#parts = shown.map(({ id, title }) => {
        const words = element('span');
        const box = element('span', { 'data-flow': id }, element('b', {}, foreign(title(full))), ' ', words);
        return { box, words, arrow: new FlowArrow() };
      });
      return this.#parts.flatMap(({ box, arrow }, index) => (index === 0 ? [box] : [' ', arrow.node, box]));
    });
    for (const [index, stage] of shown.entries()) {
      const { level } = states[stage.id];
      const { box, words, arrow } = this.#parts[index];
      setText(words, flowWords(stage, state, states, rates));
      setClass(box, `flow-stage${isMarked(stage, level, state) ? ` state ${level}` : ''}`);
      arrow.show(level !== 'stopped' && (rates.perSecond(stage.id) ?? 0) > 0);
    }
  }
}

/**
 * Where the trouble is. Stages that only wait for the one with the incident are not marked: it is one trouble.
 *
 * @param {Stage} stage
 * @param {Level} level
 * @param {LiveState} state
 */
function isMarked({ id }, level, { incident }) {
  if (level !== 'slow' && level !== 'stopped') return false;
  return incident === null || incident.stage === id;
}
