import { CopiedCommand } from './copied-command.js';
import { element, setText } from './dom.js';
import { duration, timeOfDay } from './format.js';

/** What is known, and what to do, while the gateway does not answer the page. */
export class StripGone {
  node;
  #since = element('p', { class: 'muted' });
  /** By the browser's clock; null while it answers. @type {number | null} */
  #sinceMs = null;

  constructor() {
    const command = new CopiedCommand();
    command.show('systemctl status sluice');
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
          element('li', {}, 'Does Sluice run? Where systemd starts it:', command.node),
          element(
            'li',
            {},
            'Is the way there open? This page came from ',
            element('code', {}, location.origin),
            '.',
          ),
          element('li', {}, 'Nothing else: this page goes on automatically when the gateway answers again.'),
        ),
      ),
    );
  }

  /** Returns for how long there was no answer, in ms. */
  show() {
    const nowMs = Date.now();
    this.#sinceMs ??= nowMs;
    const forMs = nowMs - this.#sinceMs;
    setText(this.#since, `No answer since ${timeOfDay(this.#sinceMs)}, for ${duration(forMs)}.`);
    return forMs;
  }

  end() {
    this.#sinceMs = null;
  }
}
