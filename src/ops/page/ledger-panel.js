import { element, setClass, setText } from './dom.js';
import { count, foreign } from './format.js';

const TERMS = [
  { name: 'received', sign: '' },
  { name: 'written', sign: '=' },
  { name: 'parked', sign: '+' },
  { name: 'filtered', sign: '+' },
  { name: 'buffered', sign: '+' },
  { name: 'lost', sign: '+' },
];
const MAX_REASONS = 8;

/** received = written + parked + filtered + buffered (+ lost), and whether it does. */
export class LedgerPanel {
  #balance;
  #values = new Map();
  #reasons;
  #shownReasons = '';

  constructor({ equation, balance, reasons }) {
    this.#balance = balance;
    this.#reasons = reasons;
    for (const { name, sign } of TERMS) {
      const value = element('dd', { 'data-ledger': name });
      const term = element('div', { class: 'term', 'data-sign': sign }, element('dt', {}, name), value);
      this.#values.set(name, { term, value });
      equation.append(term);
    }
  }

  /** Returns what to warn of: '' while the books balance. */
  show(ledger) {
    for (const { name } of TERMS) setText(this.#values.get(name).value, count(ledger[name]));
    const lost = this.#values.get('lost').term;
    // Most installations never lose a record: then the word is not there to worry about.
    lost.hidden = ledger.lost === 0;
    setClass(lost, 'term bad');
    this.#showReasons(ledger.reasons);
    return this.#showBalance(ledger);
  }

  #showBalance(ledger) {
    const { received, written, parked, filtered, buffered, lost, balanced } = ledger;
    const off = received - (written + parked + filtered + buffered + lost);
    const isBalanced = balanced && off === 0;
    setClass(this.#balance, `balance ${isBalanced ? 'healthy' : 'stopped'}`);
    setText(this.#balance, isBalanced ? '✓ Balanced' : `✗ Off by ${count(off)}`);
    return isBalanced ? '' : `Ledger: off by ${count(off)}`;
  }

  #showReasons({ parked, filtered, lost }) {
    const key = JSON.stringify([parked, filtered, lost]);
    if (key === this.#shownReasons) return;
    this.#shownReasons = key;
    const groups = [
      reasonList('Parked by reason', parked),
      reasonList('Filtered by rule', filtered),
      reasonList('Lost by cause', lost),
    ].filter((group) => group !== null);
    this.#reasons.replaceChildren(...groups);
    this.#reasons.hidden = groups.length === 0;
  }
}

function reasonList(title, counts) {
  const rows = Object.entries(counts)
    .filter(([, records]) => records > 0)
    .sort((a, b) => b[1] - a[1]);
  if (rows.length === 0) return null;
  const shown = rows.slice(0, MAX_REASONS).map(([reason, records]) => row(foreign(reason), records));
  const rest = rows.slice(MAX_REASONS);
  if (rest.length > 0) {
    shown.push(
      row(
        `${rest.length} more`,
        rest.reduce((sum, [, records]) => sum + records, 0),
      ),
    );
  }
  return element('div', {}, element('h3', {}, title), element('ul', {}, ...shown));
}

function row(reason, records) {
  return element('li', {}, element('span', { class: 'code' }, reason), element('span', {}, count(records)));
}
