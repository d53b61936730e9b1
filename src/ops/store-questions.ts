import { RecentAnswers } from '../recent-answers.js';

/** Questions the store may be working on at once: the page must not take it from the writer. */
export const MAX_STORE_QUESTIONS = 8;
/** Pages ask about as often; many open ones cost the store as much as one. */
const KEEP_ANSWERS_MS = 2_000;
const MAX_ANSWERS = 32;

/** The one place where the HTTP side asks the store. */
export class StoreQuestions {
  readonly #recent = new RecentAnswers<object>(KEEP_ANSWERS_MS, MAX_ANSWERS);
  #open = 0;

  /**
   * What `ask` resolves with, now or for whoever asked the same lately; undefined when the store has enough to do.
   *
   * @param question what makes two of them the same, as plain JSON
   */
  ask(question: object, ask: () => Promise<object>): Promise<object> | undefined {
    const key = JSON.stringify(question);
    if (!this.#recent.has(key) && this.#open >= MAX_STORE_QUESTIONS) return undefined;
    return this.#recent.get(key, () => this.#counted(ask));
  }

  async #counted(ask: () => Promise<object>): Promise<object> {
    this.#open += 1;
    try {
      return await ask();
    } finally {
      this.#open -= 1;
    }
  }
}
