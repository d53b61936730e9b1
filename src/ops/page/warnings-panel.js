import { byId, Redrawn, setText } from './dom.js';
import { count } from './format.js';
import { WarningBook } from './warning-book.js';
import { warningRow } from './warning-row.js';

const KEPT_AS = 'sluice.seenWarning';
const ROWS_AT_FIRST = 10;
/** What each choice shows. */
const LEVELS = { all: ['warn', 'error', 'fatal'], warn: ['warn'], error: ['error', 'fatal'] };

/** The gateway's warnings, newest first, and how many came since the person last looked at them. */
export class WarningsPanel {
  #book = new WarningBook(keptSeen());
  #rows = new Redrawn(byId('warnings'));
  #note = byId('warnings-note');
  #more = byId('more-warnings');
  #isInView = false;
  #showsAll = false;
  #nowMs = Date.now();

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

  /** Oldest first. */
  hear(warnings) {
    this.#book.hear(warnings);
  }

  get all() {
    return this.#book.all;
  }

  show({ startedAtMs, nowMs }) {
    this.#nowMs = nowMs;
    this.#book.settle(startedAtMs);
    this.#draw();
    this.#showUnread();
  }

  #draw() {
    const level = document.querySelector('input[name="warning-level"]:checked').value;
    const fitting = this.#book.all.filter((warning) => LEVELS[level].includes(warning.level));
    const shown = this.#showsAll ? fitting : fitting.slice(0, ROWS_AT_FIRST);
    this.#rows.show(shown.map(({ key }) => key).join(), () =>
      shown.map((warning) => warningRow(warning, this.#nowMs)),
    );
    byId('warnings').hidden = shown.length === 0;
    this.#note.hidden = shown.length > 0;
    setText(
      this.#note,
      this.#book.all.length === 0 ? 'The log has had no warning.' : 'No warning of this level.',
    );
    this.#more.hidden = shown.length === fitting.length;
    setText(this.#more, `Show all ${count(fitting.length)}`);
  }

  #showUnread() {
    if (this.#isInView && !document.hidden) keepSeen(this.#book.markSeen());
    const { unread } = this.#book;
    const badge = document.querySelector('#sections a[href="#warnings-title"] .badge');
    badge.hidden = unread === 0;
    setText(badge, count(unread));
    badge.title = `${count(unread)} since you last looked`;
  }
}

// A browser may refuse storage; then what was seen is forgotten with the page.
function keptSeen() {
  try {
    const [startedAtMs, seq] = (localStorage.getItem(KEPT_AS) ?? '').split('-').map(Number);
    if (Number.isSafeInteger(startedAtMs) && Number.isSafeInteger(seq)) return { startedAtMs, seq };
  } catch {}
  return undefined;
}

function keepSeen({ startedAtMs, seq }) {
  try {
    localStorage.setItem(KEPT_AS, `${startedAtMs}-${seq}`);
  } catch {}
}
