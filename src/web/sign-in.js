import { byId, setText } from './dom.js';
import { foreign } from './format.js';
import { closeWithEscape } from './menu.js';
import { failureOf, getJson, onSignInNeeded, sendJson } from './poll.js';

/** @import { LiveState, SessionAnswer } from './types.js' */

const ROLES = { none: 'may not read', read: 'may read, not change', change: 'may read and change' };

/**
 * Who has signed in, the dialog to do so, and the way out. Both load the page again: nothing stays that belongs to another
 * user. Where the gateway has no users nothing of it is shown.
 */
export class SignIn {
  #dialog = byId('sign-in', HTMLDialogElement);
  #form = byId('sign-in-form', HTMLFormElement);
  #user = byId('sign-in-user', HTMLInputElement);
  #password = byId('sign-in-password', HTMLInputElement);
  #problem = byId('sign-in-problem');
  #submit = byId('sign-in-submit', HTMLButtonElement);
  #open = byId('sign-in-open');
  #who = byId('who', HTMLDetailsElement);
  /** @type {SessionAnswer | null} */
  #session = null;
  /** A person who has closed the dialog opens it again himself. */
  #wasClosed = false;

  constructor() {
    onSignInNeeded(() => this.#ask());
    closeWithEscape(this.#who);
    this.#open.addEventListener('click', () => this.#show());
    byId('sign-in-cancel').addEventListener('click', () => this.#dialog.close());
    byId('sign-out').addEventListener('click', () => this.#signOut());
    this.#dialog.addEventListener('close', () => {
      this.#wasClosed = true;
      this.#password.value = '';
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#signIn();
    });
    void this.#update();
  }

  /** Another tab may have signed in. */
  answered() {
    if (this.#dialog.open && this.#session?.role === 'none') location.reload();
  }

  /**
   * Why nothing can be changed here, as a sentence; '' when it can.
   *
   * @param {Pick<LiveState, 'mayChange'>} state
   */
  whyNoChanges({ mayChange }) {
    if (!mayChange) return 'Changes are switched off here (http.changes).';
    const { hasUsers, user, role } = this.#session ?? { hasUsers: false, user: null, role: 'change' };
    if (!hasUsers || role === 'change') return '';
    return user === null ? 'Sign in to change something.' : `${foreign(user, 64)} may read here, not change.`;
  }

  async #update() {
    try {
      this.#session = await getJson('/api/session');
    } catch {
      return; // The strip says that the gateway does not answer.
    }
    const { hasUsers, user, role } = this.#session ?? {};
    this.#open.hidden = !hasUsers || user !== null;
    this.#who.hidden = user === null;
    if (user) setText(byId('who-name'), foreign(user, 64));
    if (user) setText(byId('who-role'), `${foreign(user, 256)} ${ROLES[role ?? 'none']}`);
    if (role === 'none') this.#ask();
  }

  #ask() {
    if (!this.#wasClosed) this.#show();
    if (this.#session !== null && this.#session.role !== 'none') void this.#update();
  }

  #show() {
    if (this.#dialog.open) return;
    this.#problem.hidden = true;
    // Another dialog is about what can only be seen with a sign-in.
    for (const other of document.querySelectorAll('dialog[open]')) {
      if (other instanceof HTMLDialogElement) other.close();
    }
    this.#dialog.showModal();
    (this.#user.value === '' ? this.#user : this.#password).focus();
  }

  async #signIn() {
    this.#problem.hidden = true;
    this.#submit.disabled = true;
    try {
      const body = { user: this.#user.value.trim(), password: this.#password.value };
      await sendJson('POST', '/api/sign-in', body);
      location.reload();
    } catch (thrown) {
      this.#problem.hidden = false;
      setText(this.#problem, foreign(failureOf(thrown).message, 300));
      this.#submit.disabled = false;
      this.#password.select();
    }
  }

  async #signOut() {
    try {
      await sendJson('POST', '/api/sign-out', {});
    } finally {
      // Also without an answer: the page then shows what the gateway says.
      location.reload();
    }
  }
}
