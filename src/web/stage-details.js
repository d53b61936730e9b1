import { element, Redrawn, setClass, setText } from './dom.js';
import { wordFor } from './explained-word.js';
import { showFacts } from './fact-list.js';
import { count, foreign, rate } from './format.js';
import { fullState, stagesOf } from './stages.js';
import { warningRow } from './warning-row.js';

/** @import { Drawer } from './drawer.js' */
/**
 * @import {
 *   Branch,
 *   Fact,
 *   KnownWarning,
 *   LiveState,
 *   RateHistory,
 *   Rates,
 *   StageId,
 *   StageStates,
 * } from './types.js'
 */

/**
 * @typedef {object} Seen
 * @property {LiveState} state
 * @property {StageStates} states
 * @property {Rates} rates
 * @property {RateHistory} history
 * @property {readonly KnownWarning[]} warnings all that the page has, newest first
 */

const MAX_WARNINGS = 10;

/** Everything that the page knows about one stage, in the drawer; it is updated while it is open. */
export class StageDetails {
  #drawer;
  /** @type {(ReturnType<typeof makeParts> & { stageId: StageId }) | null} */
  #shown = null;

  /** @param {Drawer} drawer */
  constructor(drawer) {
    this.#drawer = drawer;
  }

  /** @param {StageId} stageId @param {Seen} seen */
  open(stageId, seen) {
    const shown = makeParts();
    const stage = stagesOf(seen.state).find(({ id }) => id === stageId);
    if (stage === undefined) return;
    this.#drawer.open(foreign(stage.title(fullState(seen.state))), shown.nodes, () => {
      this.#shown = null;
    });
    this.#shown = { ...shown, stageId };
    this.show(seen);
  }

  /** @param {Seen} seen */
  show({ state, states, rates, history, warnings }) {
    if (this.#shown === null) return;
    const { stageId, parts } = this.#shown;
    const stage = stagesOf(state).find(({ id }) => id === stageId);
    // The gateway was started again in another role.
    if (stage === undefined) {
      this.#drawer.close();
      return;
    }
    const { level, word, sentence } = states[stageId];
    setText(parts.does, stage.does);
    setClass(parts.state, `state ${level}`);
    setText(parts.state, word);
    setText(parts.sentence, foreign(sentence, 2_000));
    parts.sentence.hidden = sentence === '';
    const full = fullState(state);
    showFacts(parts.facts, [
      ['rate now', `${rate(rates.perSecond(stageId))} ${stage.unit}`],
      ['highest of 3 minutes', `${rate(history.peak(stageId))} ${stage.unit}`],
      ...stage.facts(full),
      ...stage.branches(full).map(branchFact),
      ...backlogFact(stageId, state),
    ]);
    const own = warnings.filter(({ code }) => stage.codes.test(code)).slice(0, MAX_WARNINGS);
    parts.warnings.show(own.map(({ key }) => key).join(), () =>
      own.length === 0
        ? [element('li', { class: 'note' }, 'None that this page has received.')]
        : own.map((warning) => warningRow(warning, state.nowMs)),
    );
    parts.metrics.show(stage.metrics.join(), () =>
      stage.metrics.map((name) => element('li', { class: 'code' }, name)),
    );
  }
}

/**
 * @param {Branch} branch
 * @returns {Fact}
 */
function branchFact({ name, total, isBad }) {
  return [wordFor(name), count(total), isBad && total > 0];
}

/**
 * What waits, and for how long it will: at the stages where it waits.
 *
 * @param {StageId} stageId
 * @param {LiveState} state
 * @returns {readonly Fact[]}
 */
function backlogFact(stageId, { backlog }) {
  return stageId === 'log' || stageId === 'consumer' ? [['backlog', backlog.summary]] : [];
}

function makeParts() {
  const does = element('p', { class: 'note' });
  const state = element('span', { class: 'state' });
  const sentence = element('p', { class: 'sentence' });
  const facts = element('dl', { class: 'facts wide' });
  const warnings = element('ul', { class: 'warning-list' });
  const metrics = element('ul', { class: 'metric-names' });
  const nodes = [
    does,
    element('p', {}, state),
    sentence,
    facts,
    element('h3', {}, 'Its last warnings'),
    warnings,
    element('h3', {}, 'Its metrics'),
    element(
      'p',
      { class: 'note' },
      'At ',
      element('a', { href: '/metrics' }, '/metrics'),
      ', for Prometheus and Grafana.',
    ),
    metrics,
  ];
  return {
    nodes,
    parts: { does, state, sentence, facts, warnings: new Redrawn(warnings), metrics: new Redrawn(metrics) },
  };
}
