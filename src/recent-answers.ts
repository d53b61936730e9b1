/**
 * Answers that many ask for at once: whoever asks while one is awaited, or within `keepMs` of it, gets the same.
 * A failure is shared by those who wait for it and not kept.
 */
export class RecentAnswers<Answer> {
  readonly #keepMs: number;
  readonly #maxAnswers: number;
  readonly #answers = new Map<string, Promise<Answer>>();

  /** @param maxAnswers beyond it the oldest is no longer shared */
  constructor(keepMs: number, maxAnswers: number) {
    this.#keepMs = keepMs;
    this.#maxAnswers = maxAnswers;
  }

  has(key: string): boolean {
    return this.#answers.has(key);
  }

  get(key: string, ask: () => Promise<Answer>): Promise<Answer> {
    const recent = this.#answers.get(key);
    if (recent !== undefined) return recent;

    const answer = ask();
    this.#answers.set(key, answer);
    const forget = () => {
      if (this.#answers.get(key) === answer) this.#answers.delete(key);
    };
    // By a timer and not at the next question: an answer nobody asks for again must not stay in memory.
    answer.then(() => setTimeout(forget, this.#keepMs).unref(), forget);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#maxAnswers && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }
}
