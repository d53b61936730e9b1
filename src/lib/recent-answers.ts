/**
 * RecentAnswers shares answers between callers: a caller that asks while an answer is awaited, or within `keepMs` after
 * it, gets the same one. A failure is shared by those who wait for it and is not kept.
 */
export class RecentAnswers<Answer> {
  readonly #keepMs: number;
  readonly #maxAnswers: number;
  readonly #answers = new Map<string, Promise<Answer>>();

  /** Beyond `maxAnswers` the oldest answer is no longer shared. */
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
    // A timer removes it: an answer that nobody asks for again must not stay in memory.
    answer.then(() => setTimeout(forget, this.#keepMs).unref(), forget);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > this.#maxAnswers && oldest !== undefined) this.#answers.delete(oldest);
    return answer;
  }
}
