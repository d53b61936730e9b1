import { budgetRows, budgetSummary } from './budget-words.js';
import { byId, element, Redrawn, setText } from './dom.js';
import { AnswerError, getJson } from './poll.js';

/** @import { BudgetRow } from './budget-words.js' */
/** @import { BudgetsAnswer, Refresh } from './types.js' */

const REFRESH_MS = 10_000;

/** The measurements whose series or fields come near to a budget; nothing while each has room. */
export class BudgetsPanel {
  #isInView = false;
  #section = byId('budgets-section');
  #words = byId('budgets-words');
  #list = new Redrawn(byId('budgets-list'));

  /**
   * `refresh`: asks the page to call `update` soon.
   *
   * @param {Refresh} refresh
   */
  constructor(refresh) {
    new IntersectionObserver(([{ isIntersecting }]) => {
      const cameIntoView = isIntersecting && !this.#isInView;
      this.#isInView = isIntersecting;
      if (cameIntoView) refresh();
    }).observe(byId('view-pipeline'));
  }

  get refreshMs() {
    return REFRESH_MS;
  }

  /** Asks for the budgets, unless the view is not shown. */
  async update() {
    if (!this.#isInView) return;
    /** @type {BudgetsAnswer} */
    let answer;
    try {
      answer = await getJson('/api/budgets');
    } catch (thrown) {
      // What was shown stays: the header says when the gateway does not answer.
      if (thrown instanceof AnswerError) return;
      throw thrown;
    }
    const rows = budgetRows(answer);
    this.#section.hidden = rows.length === 0;
    setText(this.#words, rows.length === 0 ? '' : budgetSummary(rows));
    this.#list.show(JSON.stringify(rows), () => rows.map(itemOf));
  }
}

/** @param {BudgetRow} row */
function itemOf({ measurement, level, state, use, next, isParking }) {
  const head = element(
    'p',
    { class: 'budget-head' },
    element('strong', { class: 'code' }, measurement),
    element('span', { class: `state ${level}` }, state),
  );
  const item = element('li', { class: 'budget' }, head, element('p', {}, use));
  if (next === '') return item;
  const step = element('p', { class: 'muted' }, next);
  if (isParking) {
    const letters = element('a', { href: '/set-aside' }, 'set aside');
    step.append(' Then replay what is ', letters, '.');
  }
  item.append(step);
  return item;
}
