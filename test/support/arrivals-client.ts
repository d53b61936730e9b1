import { onTestFinished } from 'vitest';
import type { Arrival, ArrivalsScope } from '../../src/arrivals/arrival.js';

/** One who watches `/api/arrivals`, from the moment on which the gateway knows it. */
export class ArrivalsClient {
  readonly arrivals: Arrival[] = [];
  scope: ArrivalsScope | undefined;
  omitted = 0;
  readonly #abort = new AbortController();

  static async open(httpUrl: string, find?: string): Promise<ArrivalsClient> {
    const client = new ArrivalsClient();
    onTestFinished(() => client.close());
    const query = find === undefined ? '' : `?find=${encodeURIComponent(find)}`;
    const answer = await fetch(`${httpUrl}/api/arrivals${query}`, { signal: client.#abort.signal });
    if (answer.status !== 200) throw new Error(await answer.text());
    // It ends when the test does.
    void client.#read(answer.body!).catch(() => undefined);
    return client;
  }

  /** Each message with what is known of it last, in the order of their coming. */
  messages(): Arrival[] {
    return [...new Map(this.arrivals.map((arrival) => [arrival.id, arrival])).values()];
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true });
      const frames = text.split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) this.#take(frame);
    }
  }

  #take(frame: string): void {
    const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(frame) ?? [];
    if (data === undefined) return;
    if (event === 'scope') this.scope = JSON.parse(data) as ArrivalsScope;
    if (event === 'arrival') this.arrivals.push(JSON.parse(data) as Arrival);
    if (event === 'omitted') this.omitted += (JSON.parse(data) as { readonly count: number }).count;
  }
}
