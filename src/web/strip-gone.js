import { CopiedCommand } from './copied-command.js';
import { element, setText } from './dom.js';
import { duration, timeOfDay } from './format.js';

/** What is known, and what to do, while the gateway does not answer the page, or only with an error. */
export class StripGone {
  node;
  #since = element('p', { class: 'muted' });
  #silent = element(
    'li',
    {},
    'Does Sluice run, and is the way there open? This page came from ',
    element('code', {}, location.origin),
    '. Where systemd starts it:',
  );
  #failing = element('li', {}, 'Read the log of the gateway: it says why.');
  /** By the browser's clock; null while it answers. @type {number | null} */
  #sinceMs = null;

  constructor() {
    const command = new CopiedCommand();
    command.show('systemctl status sluice');
    this.#silent.append(command.node);
    const unknown =
      'Whether messages are being stored cannot be known from here. What is shown below was true then, not now.';
    this.node = element(
      'section',
      { class: 'strip-body gone', 'aria-label': 'The gateway does not answer' },
      element(
        'div',
        {},
        element('p', { class: 'strip-head' }, 'What is known'),
        this.#since,
        element('p', { class: 'muted' }, unknown),
      ),
      element(
        'div',
        {},
        element('p', { class: 'strip-head' }, 'What to do'),
        element(
          'ol',
          { class: 'numbered' },
          this.#silent,
          this.#failing,
          element('li', {}, 'Nothing else: this page goes on automatically when the gateway answers again.'),
        ),
      ),
    );
  }

  /**
   * Returns for how long there has been no answer, in ms.
   *
   * @param {boolean} isSilent whether there is no answer at all
   */
  show(isSilent) {
    const nowMs = Date.now();
    this.#sinceMs ??= nowMs;
    const forMs = nowMs - this.#sinceMs;
    const what = isSilent ? 'No answer' : 'No state of the gateway';
    setText(this.#since, `${what} since ${timeOfDay(this.#sinceMs)}, for ${duration(forMs)}.`);
    this.#silent.hidden = !isSilent;
    this.#failing.hidden = isSilent;
    return forMs;
  }

  end() {
    this.#sinceMs = null;
  }
}
