import { byId, element, Redrawn, setText } from './dom.js';
import { count, foreign, moment } from './format.js';
import { durationWords, outcomeWords, weekWords } from './incident-words.js';
import { getJson } from './poll.js';
import { titleOf } from './strip-words.js';
import { weekBar } from './week-bar.js';

/** @import { Incident, LiveState, Refresh } from './types.js' */

const ROWS_AT_FIRST = 6;

/** The incidents that the gateway remembers, newest first, and a bar of the last seven days. */
export class IncidentsPanel {
  #rows = new Redrawn(byId('incidents'));
  #week = new Redrawn(byId('incidents-week'));
  #note = byId('incidents-note');
  #more = byId('more-incidents');
  #refresh;
  /** @type {readonly Incident[]} */
  #incidents = [];
  #isKnown = false;
  /** @type {Incident | null} */
  #current = null;
  #nowMs = 0;
  #showsAll = false;

  /**
   * `refresh`: asks the page to call `update` soon.
   *
   * @param {Refresh} refresh
   */
  constructor(refresh) {
    this.#refresh = refresh;
    this.#more.addEventListener('click', () => {
      this.#showsAll = true;
      this.#draw();
    });
  }

  /** All that are known, newest first; the one that goes on as it is now. */
  get all() {
    const current = this.#current;
    if (current === null) return this.#incidents;
    return [current, ...this.#incidents.filter(({ id }) => id !== current.id)];
  }

  /** @param {Pick<LiveState, 'incident' | 'nowMs'>} state */
  show({ incident, nowMs }) {
    const hasChanged = incident?.id !== this.#current?.id;
    this.#current = incident;
    this.#nowMs = nowMs;
    if (hasChanged) this.#refresh();
    if (this.#isKnown) this.#draw();
  }

  /** Asks for the list. What was shown stays when there is no answer: the strip says so. */
  async update() {
    try {
      /** @type {{ incidents: readonly Incident[] }} */
      const { incidents } = await getJson('/api/incidents');
      this.#incidents = incidents;
      this.#isKnown = true;
    } catch {
      if (!this.#isKnown) setText(this.#note, 'The gateway did not say. Asked again in half a minute.');
      return;
    }
    this.#draw();
  }

  #draw() {
    const { all } = this;
    const nowMs = this.#nowMs;
    const shown = this.#showsAll ? all : all.slice(0, ROWS_AT_FIRST);
    const rows = shown.map((incident) => ({ incident, ...wordsOf(incident, nowMs) }));
    this.#rows.show(JSON.stringify(rows.map(({ incident: { id }, ...words }) => ({ id, ...words }))), () =>
      rows.map(rowOf),
    );
    // A minute is less than a pixel of the bar.
    this.#week.show(
      JSON.stringify([Math.floor(nowMs / 60_000), all.map(({ id, toMs }) => [id, toMs])]),
      () => [weekBar(all, nowMs)],
    );
    setText(byId('incidents-words'), weekWords(all, nowMs));
    this.#note.hidden = all.length > 0;
    setText(this.#note, 'None since the data directory was made.');
    this.#more.hidden = shown.length === all.length;
    setText(this.#more, `Show all ${count(all.length)}`);
  }
}

/** @param {Incident} incident @param {number} nowMs */
function wordsOf(incident, nowMs) {
  return {
    since: moment(incident.fromMs, nowMs).replace(/:\d\d$/, ''),
    title: titleOf(incident),
    outcome: outcomeWords(incident, nowMs),
    lasted: durationWords(incident, nowMs),
  };
}

/** @param {{ incident: Incident } & ReturnType<typeof wordsOf>} row */
function rowOf({ incident, since, title, outcome, lasted }) {
  const { fromMs, level, detail = '' } = incident;
  const iso = new Date(fromMs).toISOString();
  return element(
    'li',
    { class: 'incident-row', 'data-incident': incident.id },
    element('time', { datetime: iso, title: iso }, since),
    element(
      'div',
      {},
      element('span', { class: `state ${level}` }, title),
      element('p', { class: 'muted' }, outcome),
      ...(detail === '' ? [] : [element('p', { class: 'code muted' }, foreign(detail, 300))]),
    ),
    element('span', { class: 'muted lasted' }, lasted),
  );
}
