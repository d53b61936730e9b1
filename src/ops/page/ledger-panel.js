import { byId, element, Redrawn, setClass, setText } from './dom.js';
import { count, foreign, rate } from './format.js';

const TERMS = [
  { name: 'received', sign: '' },
  { name: 'written', sign: '=' },
  { name: 'parked', sign: '+' },
  { name: 'filtered', sign: '+' },
  { name: 'buffered', sign: '+' },
  { name: 'lost', sign: '+' },
];
const REASONS = [
  { fate: 'parked', title: 'Parked by reason' },
  { fate: 'filtered', title: 'Filtered by rule' },
  { fate: 'lost', title: 'Lost by cause' },
];
const MAX_REASONS = 8;

/** What the rates of the ledger are made of; buffered is no total, it goes up and down. */
export function ledgerTotals(ledger) {
  const totals = {};
  for (const { name } of TERMS) if (name !== 'buffered') totals[`ledger:${name}`] = ledger[name];
  for (const { fate } of REASONS) {
    for (const [reason, records] of mostOf(ledger.reasons[fate]))
      totals[`ledger:${fate}:${reason}`] = records;
  }
  return totals;
}

/** How far the books are off; 0 while they balance. */
export function imbalance({ received, written, parked, filtered, buffered, lost }) {
  return received - (written + parked + filtered + buffered + lost);
}

/** received = written + parked + filtered + buffered (+ lost), and whether it does. */
export class LedgerPanel {
  #balance = byId('balance');
  #terms = new Map();
  #box = byId('reasons');
  #reasons = new Redrawn(this.#box);
  #rows = new Map();

  constructor() {
    const equation = byId('equation');
    for (const { name, sign } of TERMS) {
      const value = element('dd', { class: 'term-value', 'data-ledger': name });
      const change = element('dd', { class: 'term-rate' });
      const term = element(
        'div',
        { class: 'term', 'data-sign': sign },
        element('dt', {}, name),
        value,
        change,
      );
      this.#terms.set(name, { term, value, change });
      equation.append(term);
    }
  }

  /** Returns what to warn of: '' while the books balance. */
  show(ledger, rates) {
    for (const [name, { term, value, change }] of this.#terms) {
      setText(value, count(ledger[name]));
      setText(change, name === 'buffered' ? 'now' : growth(rates.perSecond(`ledger:${name}`)));
      setClass(term, `term${name === 'lost' ? ' bad' : ''}`);
    }
    // Most installations never lose a record: then the word is not there to worry about.
    this.#terms.get('lost').term.hidden = ledger.lost === 0;
    this.#showReasons(ledger.reasons, rates);
    return this.#showBalance(ledger);
  }

  #showBalance(ledger) {
    const off = imbalance(ledger);
    const isBalanced = ledger.balanced && off === 0;
    setClass(this.#balance, `balance ${isBalanced ? 'healthy' : 'stopped'}`);
    setText(this.#balance, isBalanced ? '✓ Balanced' : `✗ Off by ${count(off)}`);
    return isBalanced ? '' : `Ledger: off by ${count(off)}`;
  }

  /** Rows change in place; they are made anew only when there are other reasons, or another order. */
  #showReasons(reasons, rates) {
    const groups = REASONS.map(({ fate, title }) => ({
      fate,
      title,
      rows: mostOf(reasons[fate]),
      rest: Object.keys(reasons[fate]).length - MAX_REASONS,
    })).filter(({ rows }) => rows.length > 0);
    const key = JSON.stringify(
      groups.map(({ fate, rows, rest }) => [fate, rest, rows.map(([reason]) => reason)]),
    );
    this.#reasons.show(key, () => {
      this.#rows.clear();
      return groups.map((group) => this.#reasonGroup(group));
    });
    this.#box.hidden = groups.length === 0;
    for (const { fate, rows } of groups) {
      for (const [reason, records] of rows) {
        const name = `${fate}:${reason}`;
        setText(this.#rows.get(name).records, count(records));
        setText(this.#rows.get(name).change, growth(rates.perSecond(`ledger:${name}`)));
      }
    }
  }

  #reasonGroup({ fate, title, rows, rest }) {
    const list = element('ul');
    for (const [reason] of rows) {
      const records = element('span', { class: 'reason-count' });
      const change = element('span', { class: 'reason-rate' });
      list.append(element('li', {}, element('span', { class: 'code' }, foreign(reason)), records, change));
      this.#rows.set(`${fate}:${reason}`, { records, change });
    }
    if (rest > 0) list.append(element('li', { class: 'note' }, `and ${count(rest)} more`));
    return element('div', { class: 'reason-group' }, element('h3', {}, title), list);
  }
}

/** The reasons that count most; a gateway with ten thousand rule names has as many. */
function mostOf(counts) {
  return Object.entries(counts)
    .filter(([, records]) => records > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, MAX_REASONS);
}

/** Nothing is said of what stands still. */
function growth(perSecond) {
  return perSecond === null || perSecond === 0 ? '' : `+${rate(perSecond)}/s`;
}
