import { element, Redrawn, setClass, setText } from './dom.js';
import { showFacts } from './fact-list.js';
import { count, foreign, rate } from './format.js';
import { stagesOf } from './stages.js';
import { warningRow } from './warning-row.js';

const MAX_WARNINGS = 10;

/** All that the page knows of one stage, in the drawer; goes on changing while it is open. */
export class StageDetails {
  #drawer;
  #shown = null;

  constructor(drawer) {
    this.#drawer = drawer;
  }

  open(stageId, ...seen) {
    const shown = makeParts();
    const stage = stagesOf(seen[0]).find(({ id }) => id === stageId);
    this.#drawer.open(stage.title, shown.nodes, () => {
      this.#shown = null;
    });
    this.#shown = { ...shown, stageId };
    this.show(...seen);
  }

  /** `warnings`: all that the page holds, newest first. */
  show(state, states, rates, history, warnings) {
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
    showFacts(parts.facts, [
      ['rate now', `${rate(rates.perSecond(stageId))} ${stage.unit}`],
      ['highest of 3 minutes', `${rate(history.peak(stageId))} ${stage.unit}`],
      ...stage.facts(state),
      ...stage.branches(state).map(({ name, total, isBad }) => [name, count(total), isBad && total > 0]),
    ]);
    const own = warnings.filter(({ code }) => stage.codes.test(code)).slice(0, MAX_WARNINGS);
    parts.warnings.show(own.map(({ key }) => key).join(), () =>
      own.length === 0
        ? [element('li', { class: 'note' }, 'None that this page has heard of.')]
        : own.map((warning) => warningRow(warning, state.nowMs)),
    );
    parts.metrics.show(stage.metrics.join(), () =>
      stage.metrics.map((name) => element('li', { class: 'code' }, name)),
    );
  }
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
