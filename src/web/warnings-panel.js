import { byId, element, Redrawn, setText } from './dom.js';
import { count, foreign } from './format.js';
import { groupByIncident } from './warning-groups.js';
import { WarningList } from './warning-list.js';
import { warningRow } from './warning-row.js';

/** @import { Incident, KnownWarning, LiveState, SeenWarning, WarningView } from './types.js' */
/** @import { WarningGroup } from './warning-groups.js' */

const KEPT_AS = 'sluice.seenWarning';
const ROWS_AT_FIRST = 10;
/** What each choice shows. */
/** @type {Readonly<Record<string, readonly WarningView['level'][]>>} */
const LEVELS = { all: ['warn', 'error', 'fatal'], warn: ['warn'], error: ['error', 'fatal'] };

/**
 * The gateway's warnings, newest first, and how many came since the person last looked at them. Those of one incident are
 * one row, which opens.
 */
export class WarningsPanel {
  #list = new WarningList(keptSeen());
  #rows = new Redrawn(byId('warnings'));
  #note = byId('warnings-note');
  #more = byId('more-warnings');
  #levels = [...byId('warning-levels').querySelectorAll('input')];
  #isInView = false;
  #showsAll = false;
  #nowMs = Date.now();
  /** @type {readonly Incident[]} */
  #incidents = [];

  constructor() {
    byId('warning-levels').addEventListener('change', () => this.#draw());
    this.#more.addEventListener('click', () => {
      this.#showsAll = true;
      this.#draw();
    });
    const view = new IntersectionObserver(([entry]) => {
      this.#isInView = entry.isIntersecting;
      this.#showUnread();
    });
    view.observe(byId('warnings-title'));
  }

  /**
   * Takes warnings oldest first.
   *
   * @param {readonly WarningView[]} warnings
   */
  receive(warnings) {
    this.#list.receive(warnings);
  }

  get all() {
    return this.#list.all;
  }

  /**
   * @param {Pick<LiveState, 'startedAtMs' | 'nowMs'>} state
   * @param {readonly Incident[]} incidents
   */
  show({ startedAtMs, nowMs }, incidents) {
    this.#nowMs = nowMs;
    this.#incidents = incidents;
    this.#list.addReceived(startedAtMs);
    this.#draw();
    this.#showUnread();
  }

  #draw() {
    const chosen = this.#levels.find(({ checked }) => checked)?.value ?? 'all';
    const fitting = this.#list.all.filter(({ level }) => LEVELS[chosen]?.includes(level));
    const groups = groupByIncident(fitting, this.#incidents);
    const shown = this.#showsAll ? groups : groups.slice(0, ROWS_AT_FIRST);
    const key = shown.map(({ incident, warnings }) => [
      incident?.id,
      incident?.title,
      warnings.map(({ key }) => key),
    ]);
    this.#rows.show(JSON.stringify(key), () => shown.map((group) => groupRow(group, this.#nowMs)));
    byId('warnings').hidden = shown.length === 0;
    this.#note.hidden = shown.length > 0;
    setText(
      this.#note,
      this.#list.all.length === 0 ? 'The log has had no warning.' : 'No warning of this level.',
    );
    this.#more.hidden = shown.length === groups.length;
    setText(this.#more, `Show all ${count(fitting.length)}`);
  }

  #showUnread() {
    if (this.#isInView && !document.hidden) keepSeen(this.#list.markSeen());
    const unread = groupByIncident(this.#list.unread, this.#incidents).filter(
      ({ incident }) => incident === null,
    ).length;
    /** @type {HTMLElement | null} */
    const badge = byId('pipeline-badge');
    badge.hidden = unread === 0;
    setText(badge, count(unread));
    badge.title = `${count(unread)} since you last looked`;
  }
}

/**
 * @param {WarningGroup} group
 * @param {number} nowMs
 */
function groupRow({ incident, warnings }, nowMs) {
  /** @type {(warning: KnownWarning) => HTMLElement} */
  const row = (warning) => warningRow(warning, nowMs);
  if (incident === null) return row(warnings[0]);
  const lines = `${count(warnings.length)} ${warnings.length === 1 ? 'line' : 'lines'}`;
  return element(
    'li',
    { class: 'warning', 'data-of-incident': incident.id },
    element(
      'details',
      {},
      element(
        'summary',
        {},
        element('span', { class: `state ${incident.level}` }, foreign(incident.title, 300)),
        element('span', { class: 'muted' }, ` ${lines} of one incident`),
      ),
      element('ul', { class: 'warning-list' }, ...warnings.map(row)),
    ),
  );
}

// A browser may refuse storage. Then the page forgets what was seen when it is closed.
function keptSeen() {
  try {
    const [startedAtMs, seq] = (localStorage.getItem(KEPT_AS) ?? '').split('-').map(Number);
    if (Number.isSafeInteger(startedAtMs) && Number.isSafeInteger(seq)) return { startedAtMs, seq };
  } catch {}
  return undefined;
}

/** @param {SeenWarning} seen */
function keepSeen({ startedAtMs, seq }) {
  try {
    localStorage.setItem(KEPT_AS, `${startedAtMs}-${seq}`);
  } catch {}
}
