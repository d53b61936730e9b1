import { byId, element, Redrawn } from './dom.js';
import { count, foreign } from './format.js';

/** @import { ParkedView } from './types.js' */

/** As many choices as a person can look through; the rarest reasons are omitted. */
const MAX_CHOICES = 200;

/** The ledger's code for parked records that were deleted; they are in no list. */
const PURGED = 'purged';

/** Which dead letters are shown: by reason, rule and topic. */
export class DeadLetterFilter {
  #code = byId('filter-code', HTMLSelectElement);
  #rule = byId('filter-rule', HTMLSelectElement);
  #topic = byId('filter-topic', HTMLInputElement);
  #codes = new Redrawn(this.#code);
  #rules = new Redrawn(this.#rule);
  #topics = new Redrawn(byId('known-topics'));
  /** @type {Set<string>} */
  #seenRules = new Set();
  /** @type {Set<string>} */
  #seenTopics = new Set();

  /**
   * `changed`: called when the person chose something else.
   *
   * @param {() => void} changed
   */
  constructor(changed) {
    for (const control of [this.#code, this.#rule, this.#topic]) control.addEventListener('change', changed);
    byId('filter-clear').addEventListener('click', () => {
      for (const control of [this.#code, this.#rule, this.#topic]) control.value = '';
      changed();
    });
  }

  /** As parameters of the API; empty while everything is shown. */
  get chosen() {
    const topic = this.#topic.value.trim();
    return {
      ...(this.#code.value === '' ? {} : { code: this.#code.value }),
      ...(this.#rule.value === '' ? {} : { rule: this.#rule.value }),
      ...(topic === '' ? {} : { topic }),
    };
  }

  get isEmpty() {
    return Object.keys(this.chosen).length === 0;
  }

  /** As a sentence for the confirmation. */
  get words() {
    return wordsOf(this.chosen);
  }

  /**
   * Shows only the messages of one reason and rule.
   *
   * @param {string} code
   * @param {string | undefined} rule
   */
  choose(code, rule) {
    if (rule !== undefined && !this.#seenRules.has(rule)) this.#seenRules.add(rule);
    fill(this.#rule, this.#rules, 'any rule', [...this.#seenRules].sort());
    const known = [...this.#code.options].map(({ value }) => value).filter((value) => value !== '');
    if (!known.includes(code)) fill(this.#code, this.#codes, 'any reason', [...known, code]);
    this.#code.value = code;
    this.#rule.value = rule ?? '';
    this.#topic.value = '';
  }

  /**
   * `parkedByReason`: of the ledger.
   *
   * @param {Readonly<Record<string, number>>} parkedByReason
   */
  showReasons(parkedByReason) {
    const codes = Object.entries(parkedByReason)
      .filter(([code, records]) => records > 0 && code !== PURGED)
      .sort((a, b) => b[1] - a[1])
      .slice(0, MAX_CHOICES)
      .map(([code]) => code);
    fill(this.#code, this.#codes, 'any reason', codes);
  }

  /**
   * Rules and topics are known from what was listed.
   *
   * @param {readonly ParkedView[]} deadLetters
   */
  showSeen(deadLetters) {
    for (const { rule, topic } of deadLetters) {
      if (rule !== undefined && this.#seenRules.size < MAX_CHOICES) this.#seenRules.add(rule);
      if (this.#seenTopics.size < MAX_CHOICES) this.#seenTopics.add(topic);
    }
    fill(this.#rule, this.#rules, 'any rule', [...this.#seenRules].sort());
    byId('filter-rule-label').hidden = this.#seenRules.size === 0;
    const topics = [...this.#seenTopics].sort();
    this.#topics.show(topics.join('\n'), () => topics.map((topic) => element('option', { value: topic })));
  }
}

/**
 * What parameters of the API select, as a sentence.
 *
 * @param {{ code?: string, rule?: string, topic?: string }} chosen
 */
export function wordsOf({ code, rule, topic }) {
  const parts = [
    ...(code === undefined ? [] : [`for the reason ${foreign(code)}`]),
    ...(rule === undefined ? [] : [`by the rule ${foreign(rule)}`]),
    ...(topic === undefined ? [] : [`of the topic ${foreign(topic)}`]),
  ];
  return parts.length === 0 ? 'All that is set aside.' : `What was set aside ${parts.join(', ')}.`;
}

/**
 * Keeps what was chosen.
 *
 * @param {HTMLSelectElement} select
 * @param {Redrawn} options
 * @param {string} anything
 * @param {readonly string[]} values
 */
function fill(select, options, anything, values) {
  const chosen = select.value;
  const all = chosen === '' || values.includes(chosen) ? values : [chosen, ...values];
  options.show(all.join('\n'), () => [
    element('option', { value: '' }, all.length === 0 ? anything : `${anything} (${count(all.length)})`),
    ...all.map((value) => element('option', { value }, foreign(value, 60))),
  ]);
  select.value = chosen;
}
