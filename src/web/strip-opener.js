/** Stands for the id of an incident while the gateway does not answer. */
export const GONE = 'gone';
const KEPT_AS = 'sluice.strip';
/** On a phone an incident is announced by its line; a tap opens it. */
const PHONE = '(max-width: 720px)';

/**
 * Opens the strip once when an incident begins, and closes it when the incident is over. Between the two, and after a press
 * of the reader, it stays as the reader has put it, also when the page is loaded again.
 */
export class StripOpener {
  #strip;
  /** The incident that it was opened for. */
  #incident = '';
  /** What the strip was made by this class; another state of it is the reader's. */
  #isOpen = false;

  /** @param {HTMLDetailsElement} strip */
  constructor(strip) {
    this.#strip = strip;
    strip.addEventListener('toggle', () => {
      if (strip.open === this.#isOpen) return;
      this.#isOpen = strip.open;
      if (this.#incident !== '' && this.#incident !== GONE)
        keep({ incident: this.#incident, isOpen: strip.open });
    });
  }

  /**
   * `incident`: the id of the one that goes on, or null.
   *
   * @param {string | null} incident
   */
  show(incident) {
    if (incident === null) {
      if (this.#incident !== '') this.#open(false);
      this.#incident = '';
      return;
    }
    if (incident === this.#incident) return;
    this.#incident = incident;
    const kept = keptChoice();
    this.#open(kept.incident === incident ? kept.isOpen : !matchMedia(PHONE).matches);
  }

  /** @param {boolean} isOpen */
  #open(isOpen) {
    this.#isOpen = isOpen;
    this.#strip.open = isOpen;
  }
}

// A browser may refuse storage. Then the strip opens again when the page is loaded again.
/** @returns {{ incident: string, isOpen: boolean }} */
function keptChoice() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT_AS) ?? '{}');
    if (typeof kept?.incident === 'string') return { incident: kept.incident, isOpen: kept.isOpen === true };
  } catch {}
  return { incident: '', isOpen: false };
}

/** @param {{ incident: string, isOpen: boolean }} choice */
function keep(choice) {
  try {
    localStorage.setItem(KEPT_AS, JSON.stringify(choice));
  } catch {}
}
