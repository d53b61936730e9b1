import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_STREAMS } from '../../src/http/event-streams.js';
import type { WarningView } from '../../src/http/gateway-view.js';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';

interface Frame {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

/** A real client of server-sent events that a test can make slow. */
class Client {
  readonly frames: Frame[] = [];
  readonly request: ClientRequest;
  response: IncomingMessage | undefined;
  isEnded = false;
  #text = '';

  constructor(url: string, headers: Record<string, string> = {}) {
    this.request = httpRequest(`${url}/api/live`, { agent: false, headers });
    this.request.on('error', () => (this.isEnded = true));
  }

  /** Resolves with the head. */
  async open(): Promise<this> {
    this.response = await new Promise<IncomingMessage>((resolve, reject) => {
      this.request.once('response', resolve).once('error', reject).end();
    });
    this.response.on('data', (chunk) => this.#take(String(chunk)));
    this.response.on('close', () => (this.isEnded = true));
    this.response.on('error', () => (this.isEnded = true));
    return this;
  }

  named(event: string): Frame[] {
    return this.frames.filter((frame) => frame.event === event);
  }

  async states(count: number): Promise<void> {
    await expect.poll(() => this.named('state').length).toBe(count);
  }

  warningSeqs(): number[] {
    return this.named('warnings').flatMap(({ data }) =>
      (data as unknown as WarningView[]).map(({ seq }) => seq),
    );
  }

  close(): void {
    this.request.destroy();
  }

  #take(text: string): void {
    this.#text += text;
    const parts = this.#text.split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const lines = new Map(part.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]));
      if (!lines.has('event')) continue;
      const id = lines.get('id');
      this.frames.push({
        event: lines.get('event') ?? '',
        data: JSON.parse(lines.get('data') ?? '') as Record<string, unknown>,
        id,
      });
    }
  }
}

const cleanups: (() => unknown)[] = [];
let view: FakeGatewayView;
let ledgers: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  // Only the timer of the feed is fake: sockets and HTTP need the real clock.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  view = new FakeGatewayView();
  ledgers = vi.spyOn(view, 'ledger');
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  vi.useRealTimers();
});

async function start(options: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, view, ...options });
  cleanups.push(() => server.close());
  return server;
}

async function opened(server: HttpServer, headers: Record<string, string> = {}): Promise<Client> {
  const client = await new Client(server.url, headers).open();
  cleanups.push(() => client.close());
  return client;
}

const second = () => vi.advanceTimersByTime(1_000);

function warn(...seqs: number[]): void {
  view.warningLines.push(
    ...seqs.map((seq) => ({
      seq,
      atMs: seq,
      level: 'warn' as const,
      code: 'LOG_FULL',
      sentence: 'two\n\nlines',
      next: 'n',
      fields: {},
      heldBack: 0,
    })),
  );
}

describe('/api/live', () => {
  it('sends a state at once and one each second', async () => {
    const client = await opened(await start({ mqttPort: 1884 }));
    expect(client.response?.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    await client.states(1);
    view.connections = 7;
    second();
    await client.states(2);
    expect(client.frames.map(({ event }) => event)).toEqual(['history', 'state', 'state']);
    expect(client.frames[0]?.data).toEqual(view.history('3m'));
    expect(client.frames[1]?.data).toMatchObject({
      incident: null,
      behindMs: 0,
      version: '0.1.0-test',
      mqttPort: 1884,
      ledger: { balanced: true },
      broker: { connections: 0 },
      replay: null,
      logLevel: 'info',
      mayChange: true,
    });
    expect(client.frames[2]?.data).toMatchObject({ broker: { connections: 7 } });
    // While a page is open, it is kept up to date how many devices need a look.
    expect(view.countsAsked).toEqual([true, true]);
  });

  it('builds one state per second for all streams, and none while no stream is open', async () => {
    const server = await start();
    expect(vi.getTimerCount()).toBe(0);
    const clients = await Promise.all(Array.from({ length: 5 }, () => opened(server)));
    for (const client of clients) await client.states(1);
    ledgers.mockClear();
    const warnings = vi.spyOn(view, 'warnings');
    second();
    for (const client of clients) await client.states(2);
    expect(ledgers).toHaveBeenCalledTimes(1);
    expect(warnings).toHaveBeenCalledTimes(1);

    for (const client of clients) client.close();
    await expect.poll(() => vi.getTimerCount()).toBe(0);
    second();
    expect(ledgers).toHaveBeenCalledTimes(1);
  });

  it('sends each warning once and in order, before the state that it came with', async () => {
    const server = await start();
    warn(1, 2);
    const client = await opened(server);
    await client.states(1);
    second();
    await client.states(2);
    warn(3, 4);
    second();
    await client.states(3);
    expect(client.frames.map(({ event }) => event)).toEqual([
      'history',
      'warnings',
      'state',
      'state',
      'warnings',
      'state',
    ]);
    expect(client.warningSeqs()).toEqual([1, 2, 3, 4]);
    expect(client.named('warnings')[0]?.data).toMatchObject([{ sentence: 'two\n\nlines' }, {}]);
  });

  it('begins with the last fifty warnings', async () => {
    warn(...Array.from({ length: 80 }, (_, nth) => nth + 1));
    const client = await opened(await start());
    await client.states(1);
    expect(client.warningSeqs()).toEqual(Array.from({ length: 50 }, (_, nth) => nth + 31));
  });

  it('sends a browser that reconnects only the warnings that it has not received', async () => {
    const server = await start();
    warn(1, 2);
    const first = await opened(server);
    await first.states(1);
    const id = first.named('warnings')[0]?.id ?? '';
    first.close();
    warn(...Array.from({ length: 70 }, (_, nth) => nth + 3));
    const again = await opened(server, { 'last-event-id': id });
    await again.states(1);
    expect(again.warningSeqs()).toEqual(Array.from({ length: 70 }, (_, nth) => nth + 3));
  });

  it.each(['1-99', 'x', '-', `${'9'.repeat(400)}-1`, '__proto__'])(
    'takes the id %.20s of another start for that of a new browser',
    async (id) => {
      warn(1, 2);
      const client = await opened(await start(), { 'last-event-id': id });
      await client.states(1);
      expect(client.warningSeqs()).toEqual([1, 2]);
    },
  );

  it('sends a failure while the gateway cannot give its state, logs it once, and continues', async () => {
    const logged: string[] = [];
    const logger = {
      error: (_fields: object, sentence: string) => logged.push(sentence),
      audit: () => undefined,
    };
    const client = await opened(await start({ logger }));
    await client.states(1);
    view.failure = new Error('ENOENT /home/operator');
    second();
    second();
    await expect.poll(() => client.named('failure').length).toBe(2);
    expect(client.named('failure')[0]?.data).toEqual({
      code: 'INTERNAL',
      reason: 'The gateway failed to answer; its log says why.',
    });
    expect(logged).toHaveLength(1);
    view.failure = undefined;
    second();
    await client.states(2);
    vi.spyOn(view, 'warnings').mockImplementation(() => {
      throw new Error('no warnings');
    });
    second();
    await client.states(3);
    expect(client.named('failure')).toHaveLength(3);
    expect(logged).toHaveLength(2);
    await (await opened(await start())).states(1);
  });

  it('serves 64 pages; the next one must try again, and is served once another has left', async () => {
    const refusals = createHttpRefusalCounts();
    const server = await start({
      maxStreamsPerAddress: MAX_STREAMS + 1,
      maxConnectionsPerAddress: 100,
      refusals,
    });
    const clients = await Promise.all(Array.from({ length: MAX_STREAMS }, () => opened(server)));
    for (const client of clients) await client.states(1);
    const refused = await fetch(`${server.url}/api/live`);
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([
      503,
      '5',
      { code: 'TOO_MANY_STREAMS', reason: '64 pages are open already.' },
    ]);
    expect(refused.headers.get('content-type')).toContain('application/json');
    expect(refusals['too-many-streams']).toBe(1);
    clients[0]?.close();
    await expect.poll(async () => (await new Client(server.url).open()).response?.statusCode).toBe(200);
  });

  it('skips a browser that does not read, and sends it all warnings and the newest state later', async () => {
    const server = await start();
    const reader = await opened(server);
    const slow = await opened(server);
    await slow.states(1);
    slow.response?.pause();
    const name = 'x'.repeat(1 << 20);
    const sent = vi.spyOn(view, 'problems').mockReturnValue([{ stage: 'sink', reason: name }]);
    let seq = 0;
    const wanted = () => [...Array(seq).keys()].map((nth) => nth + 1);
    // More than the sockets of both ends can hold.
    for (let states = 2; states <= 41; states++) {
      warn(++seq);
      second();
      await reader.states(states);
    }
    sent.mockReturnValue([]);
    view.connections = 99;
    slow.response?.resume();
    await expect
      .poll(
        () => {
          second();
          const broker = slow.frames.at(-1)?.data.broker as { connections: number } | undefined;
          return broker?.connections;
        },
        { timeout: 10_000 },
      )
      .toBe(99);
    expect(slow.warningSeqs()).toEqual(wanted());
    expect(slow.named('state').length).toBeLessThan(reader.named('state').length - 10);
  });

  it('disconnects a browser that has not read for a minute', async () => {
    const refusals = createHttpRefusalCounts();
    const server = await start({ refusals });
    const gone = await opened(server);
    await gone.states(1);
    gone.response?.pause();
    vi.spyOn(view, 'problems').mockReturnValue([{ stage: 'sink', reason: 'x'.repeat(8 << 20) }]);
    second();
    second();
    second();
    expect(vi.getTimerCount()).toBe(1);
    for (let nth = 0; nth < 62; nth++) second();
    await expect.poll(() => vi.getTimerCount()).toBe(0);
    expect(refusals['reads-too-slowly']).toBe(1);
  });

  it('ends at once when the gateway stops, also for a reader that does not read', {
    timeout: 5_000,
  }, async () => {
    const server = await start({ closeGraceMs: 60_000 });
    const client = await opened(server);
    const slow = await opened(server);
    await client.states(1);
    await slow.states(1);
    slow.response?.pause();
    vi.spyOn(view, 'problems').mockReturnValue([{ stage: 'sink', reason: 'x'.repeat(32 << 20) }]);
    second();
    await server.close();
    await expect.poll(() => client.isEnded).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it('outlives the time that a request may take', async () => {
    const client = await opened(await start({ requestTimeoutMs: 20 }));
    await client.states(1);
    // The server looks for slow requests every 20 ms: another one that is cut off shows that it has looked.
    const port = Number(new URL(`http://${client.request.getHeader('host')}`).port);
    const unfinished = connect(port, '127.0.0.1');
    cleanups.push(() => unfinished.destroy());
    unfinished.write('GET / HTTP/1.1\r\n');
    let answer = '';
    for await (const chunk of unfinished) answer += String(chunk);
    expect(answer).toContain('408');
    second();
    await client.states(2);
    expect(client.isEnded).toBe(false);
  });

  it('answers HEAD with the headers and does not count it as a stream', async () => {
    const server = await start();
    const answer = await fetch(`${server.url}/api/live`, { method: 'HEAD' });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is refused under a foreign name (DNS rebinding)', async () => {
    const client = new Client((await start()).url, { host: 'evil.example' });
    expect((await client.open()).response?.statusCode).toBe(421);
    expect(vi.getTimerCount()).toBe(0);
  });
});
