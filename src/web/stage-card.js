import { element, Redrawn, setClass, setText } from './dom.js';
import { explain, explainedWord, wordFor } from './explained-word.js';
import { showFacts } from './fact-list.js';
import { FillGauge } from './fill-gauge.js';
import { FlowArrow } from './flow-arrow.js';
import { count, foreign, rate } from './format.js';
import { Sparkline } from './sparkline.js';

/** @import { Branch, FullState, RateHistory, Rates, Stage, StageId, StageState } from './types.js' */

/** One stage of the picture: the arrow into it, what it does now, and what leaves the path there. */
export class StageCard {
  node;
  #stage;
  #card;
  #opener;
  #state = element('span', { class: 'state' });
  #about = element('p', { class: 'muted' });
  #rate;
  #figure;
  #arrow = new FlowArrow();
  #spark = new Sparkline();
  #gauge;
  #facts = element('dl', { class: 'facts' });
  #sentence = element('p', { class: 'sentence' });
  #branches;
  /** @type {Map<string, { node: HTMLElement, rate: HTMLElement, total: HTMLElement }>} */
  #branchRows = new Map();
  #branchList;

  /**
   * `open`: called when the person wants to know more.
   *
   * @param {Stage} stage
   * @param {() => void} open
   */
  constructor(stage, open) {
    this.#stage = stage;
    this.#rate = element('span', { 'data-rate': stage.id }, '–');
    this.#figure = new Redrawn(element('dl', { class: 'figure' }));
    this.#gauge = stage.fill && new FillGauge();
    this.#opener = element('button', { type: 'button', class: 'stage-open', 'aria-haspopup': 'dialog' });
    this.#opener.addEventListener('click', open);
    this.#branches = element('ul', { class: 'branches', 'aria-label': 'Leaving the path here' });
    this.#branchList = new Redrawn(this.#branches);
    this.#card = element(
      'div',
      { class: 'stage panel' },
      element('div', { class: 'stage-head' }, element('h2', {}, this.#opener), this.#state),
      this.#about,
      this.#figure.box,
      ...(this.#gauge ? [this.#gauge.node] : []),
      this.#spark.node,
      this.#facts,
      this.#branches,
      this.#sentence,
    );
    this.node = element('li', { class: 'step', 'data-stage': stage.id }, this.#arrow.node, this.#card);
  }

  /**
   * @param {FullState} state
   * @param {StageState} stageState
   * @param {Rates} rates
   * @param {RateHistory} history
   */
  show(state, { level, word, sentence }, rates, history) {
    const { id, unit, title, about, facts, fill, branches } = this.#stage;
    const perSecond = rates.perSecond(id);
    setClass(this.node, `step ${level}`);
    setText(this.#opener, foreign(title(state)));
    setText(this.#about, about(state));
    setClass(this.#state, `state ${level}`);
    setText(this.#state, word);
    this.#showFigure(state);
    setText(this.#rate, rate(perSecond));
    this.#arrow.show(level !== 'stopped' && perSecond !== null && perSecond > 0);
    this.#spark.show(history, id, state.sampledAtMs, unit);
    if (fill !== undefined) this.#gauge?.show(fill(state));
    showFacts(this.#facts, facts(state));
    setText(this.#sentence, foreign(sentence, 400));
    this.#sentence.hidden = sentence === '';
    this.#showBranches(branches(state), rates);
  }

  /**
   * Large: what counts most at this stage. Where that is not its rate, the rate stands below.
   *
   * @param {FullState} state
   */
  #showFigure(state) {
    const { flow, unit } = this.#stage;
    const own = this.#stage.figure?.(state) ?? null;
    const large = (
      /** @type {string} */ name,
      /** @type {Node | string} */ value,
      /** @type {string} */ of,
    ) =>
      element(
        'div',
        {},
        element('dt', {}, name),
        element('dd', { class: 'figure-value' }, value, ' ', element('span', { class: 'unit' }, of)),
      );
    this.#figure.show(JSON.stringify(own), () => {
      if (own === null) return [large(flow, this.#rate, unit)];
      const below = element(
        'dd',
        { class: 'figure-rate' },
        this.#rate,
        ' ',
        element('span', { class: 'unit' }, unit),
      );
      return [
        large(own.name, own.value, own.unit),
        element('div', { class: 'figure-below' }, element('dt', {}, flow), below),
      ];
    });
  }

  /** @param {readonly Branch[]} branches @param {Rates} rates */
  #showBranches(branches, rates) {
    this.#branches.hidden = branches.length === 0;
    this.#branchList.show(branches.map(({ name }) => name).join(), () => {
      this.#branchRows = new Map(branches.map((branch) => [branch.name, branchRow(branch, this.#stage.id)]));
      return [...this.#branchRows.values()].map(({ node }) => node);
    });
    for (const { name, total, isBad } of branches) {
      const row = this.#branchRows.get(name);
      if (row === undefined) continue;
      const perSecond = rates.perSecond(`${this.#stage.id}:${name}`);
      const isMoving = perSecond !== null && perSecond > 0;
      setText(row.rate, isMoving ? `${rate(perSecond)}/s` : '');
      setText(row.total, count(total));
      setClass(row.node, `branch${isMoving ? ' moving' : ''}${isBad && total > 0 ? ' bad' : ''}`);
    }
  }
}

/** @param {Branch} branch @param {StageId} stageId */
function branchRow({ name, to }, stageId) {
  const perSecond = element('span', { class: 'branch-rate' });
  const sum = element('span', { class: 'branch-total', title: 'in all' });
  const label = element('span', {}, to === undefined ? explainedWord(name) : explainedLink(name, to));
  const node = element('li', { class: 'branch', 'data-branch': `${stageId}:${name}` }, label, perSecond, sum);
  return { node, rate: perSecond, total: sum };
}

/**
 * On a touch screen a tap follows the link; the word is explained there.
 *
 * @param {string} name
 * @param {string} to
 */
function explainedLink(name, to) {
  const link = element('a', { href: `#${to}` }, wordFor(name));
  explain(link, name);
  return link;
}
