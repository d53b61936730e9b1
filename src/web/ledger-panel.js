import { byId, element, Redrawn, setClass, setText } from './dom.js';
import { explainedWord } from './explained-word.js';
import { count, foreign, moment, rate } from './format.js';

/** @import { LedgerCounts, LedgerView, LiveState, Rates } from './types.js' */

/** @typedef {'received' | 'written' | 'parked' | 'filtered' | 'buffered' | 'lost'} TermName */
/** @typedef {'parked' | 'parkedWithoutPayload' | 'filtered' | 'lost'} ReasonOutcome */
/**
 * @typedef {object} ReasonGroup
 * @property {ReasonOutcome} outcome
 * @property {string} title
 * @property {readonly [reason: string, records: number][]} rows
 * @property {number} rest how many reasons are not listed
 */

/**
 * The rows in the order of the table; the sum stands below them. `note` is said after the word.
 *
 * @type {readonly { name: TermName, note: string, to?: string }[]}
 */
const TERMS = [
  { name: 'written', note: '' },
  { name: 'parked', note: ', with their reason', to: '/set-aside' },
  { name: 'filtered', note: ', because a rule says so' },
  { name: 'buffered', note: ' in the log' },
  { name: 'lost', note: '' },
];
/** @type {readonly { outcome: ReasonOutcome, title: string }[]} */
const REASONS = [
  { outcome: 'parked', title: 'Set aside, by reason' },
  { outcome: 'parkedWithoutPayload', title: 'Of these without content' },
  { outcome: 'filtered', title: 'Ignored, by rule' },
  { outcome: 'lost', title: 'Lost, by cause' },
];
const MAX_REASONS = 8;

/**
 * The totals behind the rates of the reasons.
 *
 * @param {LedgerView} ledger
 */
export function ledgerTotals(ledger) {
  /** @type {Record<string, number>} */
  const totals = {};
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

/** What became of the messages, today and in all, and whether it adds up. */
export class LedgerPanel {
  #balance = byId('balance');
  #todayHead = element('th', { scope: 'col', class: 'number' }, 'today');
  /** @type {Map<TermName, { row: HTMLElement, today: Node, total: Node }>} */
  #terms = new Map();
  /** What waited when the day began is a part of today's messages, too. */
  #before = element('p', { class: 'note' });
  #box = byId('reasons');
  #reasons = new Redrawn(this.#box);
  /** @type {Map<string, { records: HTMLElement, change: HTMLElement }>} */
  #rows = new Map();

  constructor() {
    const heads = element(
      'tr',
      {},
      element('th', { scope: 'col' }, 'messages'),
      this.#todayHead,
      element('th', { scope: 'col', class: 'number' }, 'in all'),
    );
    byId('ledger-table').append(
      element('thead', {}, heads),
      element('tbody', {}, ...TERMS.map((term) => this.#row(term))),
      element('tfoot', {}, this.#row({ name: 'received', note: '' })),
    );
    byId('ledger-table').after(this.#before);
  }

  /** @param {{ name: TermName, note: string, to?: string }} term */
  #row({ name, note, to }) {
    const today = to === undefined ? element('span', {}, '–') : element('a', { href: to }, '–');
    const total = to === undefined ? element('span', {}, '–') : element('a', { href: to }, '–');
    const row = element(
      'tr',
      {},
      element('th', { scope: 'row' }, explainedWord(name), note),
      element('td', { class: 'number', 'data-today': name }, today),
      element('td', { class: 'number', 'data-ledger': name }, total),
    );
    this.#terms.set(name, { row, today, total });
    return row;
  }

  /**
   * Returns what is wrong, or '' while the ledger adds up.
   *
   * @param {Pick<LiveState, 'ledger' | 'ledgerToday' | 'nowMs'>} state
   * @param {Rates} rates
   */
  show({ ledger, ledgerToday, nowMs }, rates) {
    for (const [name, { row, today, total }] of this.#terms) {
      setText(total, count(ledger[name]));
      // What waits now is the same today and in all.
      const ofToday = name === 'buffered' ? ledger.buffered : ledgerToday?.[name];
      setText(today, ledgerToday === null || ofToday === undefined ? '–' : count(ofToday));
      setClass(row, name === 'lost' && ledger.lost > 0 ? 'bad' : '');
    }
    const sinceWords =
      ledgerToday === null || ledgerToday.isWholeDay
        ? 'today'
        : `since ${moment(ledgerToday.sinceMs, nowMs)}`;
    setText(this.#todayHead, sinceWords);
    const before = ledgerToday?.waitingBefore ?? 0;
    this.#before.hidden = before === 0;
    setText(this.#before, `Today's are those received, and ${count(before)} that waited when the day began.`);
    this.#showReasons(ledger.reasons, rates);
    return this.#showBalance(ledger);
  }

  /** @param {LedgerView} ledger */
  #showBalance(ledger) {
    const off = imbalance(ledger);
    const isBalanced = ledger.balanced && off === 0;
    setClass(this.#balance, `card-end state ${isBalanced ? 'healthy' : 'stopped'}`);
    setText(this.#balance, isBalanced ? 'adds up' : `off by ${count(off)}`);
    return isBalanced ? '' : `Messages do not add up: off by ${count(off)}`;
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
