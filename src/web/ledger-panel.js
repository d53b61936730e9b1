import { byId, element, Redrawn, setClass, setText } from './dom.js';
import { explainedWord } from './explained-word.js';
import { count, foreign, rate } from './format.js';

/** @import { LedgerCounts, LedgerView, Rates } from './types.js' */

/** @typedef {'received' | 'written' | 'parked' | 'filtered' | 'buffered' | 'lost'} TermName */
/** @typedef {'parked' | 'parkedWithoutPayload' | 'filtered' | 'lost'} ReasonOutcome */
/**
 * @typedef {object} ReasonGroup
 * @property {ReasonOutcome} outcome
 * @property {string} title
 * @property {readonly [reason: string, records: number][]} rows
 * @property {number} rest how many reasons are not listed
 */

/** @type {readonly { name: TermName, sign: string }[]} */
const TERMS = [
  { name: 'received', sign: '' },
  { name: 'written', sign: '=' },
  { name: 'parked', sign: '+' },
  { name: 'filtered', sign: '+' },
  { name: 'buffered', sign: '+' },
  { name: 'lost', sign: '+' },
];
/** @type {readonly { outcome: ReasonOutcome, title: string }[]} */
const REASONS = [
  { outcome: 'parked', title: 'Parked by reason' },
  { outcome: 'parkedWithoutPayload', title: 'Of these without payload' },
  { outcome: 'filtered', title: 'Filtered by rule' },
  { outcome: 'lost', title: 'Lost by cause' },
];
const MAX_REASONS = 8;

/**
 * The totals behind the rates of the ledger. `buffered` is not one of them: it goes up and down.
 *
 * @param {LedgerView} ledger
 */
export function ledgerTotals(ledger) {
  /** @type {Record<string, number>} */
  const totals = {};
  for (const { name } of TERMS) if (name !== 'buffered') totals[`ledger:${name}`] = ledger[name];
  for (const { outcome } of REASONS) {
    for (const [reason, records] of mostOf(ledger.reasons[outcome] ?? {}))
      totals[`ledger:${outcome}:${reason}`] = records;
  }
  return totals;
}

/**
 * The difference between both sides of the ledger; 0 while it balances.
 *
 * @param {LedgerCounts} ledger
 */
export function imbalance({ received, written, parked, filtered, buffered, lost }) {
  return received - (written + parked + filtered + buffered + lost);
}

/** received = written + parked + filtered + buffered (+ lost), and whether it does. */
export class LedgerPanel {
  #balance = byId('balance');
  /** @type {Map<TermName, { term: HTMLElement, value: HTMLElement, change: HTMLElement }>} */
  #terms = new Map();
  #box = byId('reasons');
  #reasons = new Redrawn(this.#box);
  /** @type {Map<string, { records: HTMLElement, change: HTMLElement }>} */
  #rows = new Map();

  constructor() {
    const equation = byId('equation');
    for (const { name, sign } of TERMS) {
      const value = element('dd', { class: 'term-value', 'data-ledger': name });
      const change = element('dd', { class: 'term-rate' });
      const term = element(
        'div',
        { class: 'term', 'data-sign': sign },
        element('dt', {}, explainedWord(name)),
        value,
        change,
      );
      this.#terms.set(name, { term, value, change });
      equation.append(term);
    }
  }

  /**
   * Returns a warning, or '' while the ledger balances.
   *
   * @param {LedgerView} ledger
   * @param {Rates} rates
   */
  show(ledger, rates) {
    for (const [name, { term, value, change }] of this.#terms) {
      setText(value, count(ledger[name]));
      setText(change, name === 'buffered' ? 'now' : growth(rates.perSecond(`ledger:${name}`)));
      setClass(term, `term${name === 'lost' ? ' bad' : ''}`);
      // Most installations never lose a record. The word is hidden there so that it worries nobody.
      term.hidden = name === 'lost' && ledger.lost === 0;
    }
    this.#showReasons(ledger.reasons, rates);
    return this.#showBalance(ledger);
  }

  /** @param {LedgerView} ledger */
  #showBalance(ledger) {
    const off = imbalance(ledger);
    const isBalanced = ledger.balanced && off === 0;
    setClass(this.#balance, `balance ${isBalanced ? 'healthy' : 'stopped'}`);
    setText(this.#balance, isBalanced ? '✓ Balanced' : `✗ Off by ${count(off)}`);
    return isBalanced ? '' : `Ledger: off by ${count(off)}`;
  }

  /**
   * Rows change in place. They are rebuilt only when the reasons or their order have changed.
   *
   * @param {LedgerCounts['reasons']} reasons
   * @param {Rates} rates
   */
  #showReasons(reasons, rates) {
    const groups = REASONS.map(({ outcome, title }) => ({
      outcome,
      title,
      rows: mostOf(reasons[outcome] ?? {}),
      rest: Object.keys(reasons[outcome] ?? {}).length - MAX_REASONS,
    })).filter(({ rows }) => rows.length > 0);
    const key = JSON.stringify(
      groups.map(({ outcome, rows, rest }) => [outcome, rest, rows.map(([reason]) => reason)]),
    );
    this.#reasons.show(key, () => {
      this.#rows.clear();
      return groups.map((group) => this.#reasonGroup(group));
    });
    this.#box.hidden = groups.length === 0;
    for (const { outcome, rows } of groups) {
      for (const [reason, records] of rows) {
        const name = `${outcome}:${reason}`;
        const row = this.#rows.get(name);
        if (row === undefined) continue;
        setText(row.records, count(records));
        setText(row.change, growth(rates.perSecond(`ledger:${name}`)));
      }
    }
  }

  /** @param {ReasonGroup} group */
  #reasonGroup({ outcome, title, rows, rest }) {
    const list = element('ul');
    for (const [reason] of rows) {
      const records = element('span', { class: 'reason-count' });
      const change = element('span', { class: 'reason-rate' });
      list.append(element('li', {}, element('span', { class: 'code' }, foreign(reason)), records, change));
      this.#rows.set(`${outcome}:${reason}`, { records, change });
    }
    if (rest > 0) list.append(element('li', { class: 'note' }, `and ${count(rest)} more`));
    return element('div', { class: 'reason-group' }, element('h3', {}, title), list);
  }
}

/**
 * The reasons with the most records. A gateway with ten thousand rules has as many reasons.
 *
 * @param {Readonly<Record<string, number>>} counts
 */
function mostOf(counts) {
  return Object.entries(counts)
    .filter(([, records]) => records > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_REASONS);
}

/**
 * '' when the total does not grow.
 *
 * @param {number | null} perSecond
 */
function growth(perSecond) {
  return perSecond === null || perSecond === 0 ? '' : `+${rate(perSecond)}/s`;
}
