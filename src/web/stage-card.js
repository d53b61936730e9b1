import { element, Redrawn, setClass, setText } from './dom.js';
import { explain, explainedWord } from './explained-word.js';
import { showFacts } from './fact-list.js';
import { FillGauge } from './fill-gauge.js';
import { FlowPipe } from './flow-pipe.js';
import { count, foreign, rate } from './format.js';
import { Sparkline } from './sparkline.js';

/** @import { Branch, FullState, RateHistory, Rates, Stage, StageId, StageState } from './types.js' */

/** One stage of the picture: the connection into it with its rate, the stage, and what leaves the path there. */
export class StageCard {
  node;
  #stage;
  #card;
  #state = element('span', { class: 'state' });
  #rate;
  #pipe = new FlowPipe();
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
    this.#rate = element('span', { class: 'rate', 'data-rate': stage.id }, '–');
    this.#gauge = stage.fill && new FillGauge();
    const opener = element(
      'button',
      { type: 'button', class: 'stage-open', 'aria-haspopup': 'dialog' },
      stage.title,
    );
    opener.addEventListener('click', open);
    this.#card = element(
      'div',
      { class: 'stage' },
      element('div', { class: 'stage-head' }, element('h3', {}, opener), this.#state),
      this.#spark.node,
      ...(this.#gauge ? [this.#gauge.node] : []),
      this.#facts,
      this.#sentence,
    );
    this.#branches = element('ul', { class: 'branches', 'aria-label': `Leaving the path at ${stage.title}` });
    this.#branchList = new Redrawn(this.#branches);
    this.node = element(
      'li',
      { class: 'step', 'data-stage': stage.id },
      element(
        'p',
        { class: 'link' },
        element(
          'span',
          { class: 'link-rate' },
          this.#rate,
          ' ',
          element('span', { class: 'unit' }, stage.unit),
        ),
        this.#pipe.node,
      ),
      this.#card,
      this.#branches,
    );
  }

  /**
   * @param {FullState} state
   * @param {StageState} stageState
   * @param {Rates} rates
   * @param {RateHistory} history
   */
  show(state, { level, word, sentence }, rates, history) {
    const { id, unit, facts, fill, branches } = this.#stage;
    const perSecond = rates.perSecond(id);
    setClass(this.node, `step ${level}`);
    setClass(this.#state, `state ${level}`);
    setText(this.#state, word);
    setText(this.#rate, rate(perSecond));
    this.#pipe.show(perSecond);
    this.#spark.show(history, id, state.sampledAtMs, unit);
    if (fill !== undefined) this.#gauge?.show(fill(state));
    showFacts(this.#facts, facts(state));
    setText(this.#sentence, foreign(sentence, 400));
    this.#sentence.hidden = sentence === '';
    this.#showBranches(branches(state), rates);
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
      setText(row.rate, `${rate(perSecond)}/s`);
      setText(row.total, count(total));
      const isMoving = perSecond !== null && perSecond > 0;
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
  const link = element('a', { href: `#${to}` }, name);
  explain(link, name);
  return link;
}
