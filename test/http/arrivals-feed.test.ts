import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Arrival } from '../../src/arrivals/arrival.js';
import { ArrivalsFeed } from '../../src/http/arrivals-feed.js';
import { createHttpRefusalCounts } from '../../src/http/http-refusals.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A browser that reads as a test says. */
class Response extends EventEmitter {
  writableLength = 0;
  isDestroyed = false;
  readonly written: string[] = [];

  write(text: string): void {
    this.written.push(text);
  }

  destroy(): void {
    this.isDestroyed = true;
    this.emit('close');
  }

  events(name: string): string[] {
    return this.written.filter((text) => text.startsWith(`event: ${name}\n`));
  }
}

function setUp() {
  const refusals = createHttpRefusalCounts();
  let show: (arrival: Arrival) => void = () => undefined;
  let ends = 0;
  const feed = new ArrivalsFeed(
    {
      scope: { sees: 'whole-path' },
      hasRoomFor: () => true,
      last: () => undefined,
      watch: (_search, onArrival) => {
        show = onArrival;
        return {
          end: () => {
            ends += 1;
          },
          takeOmitted: () => 0,
        };
      },
    },
    { refusals },
  );
  const response = new Response();
  feed.add(response as unknown as ServerResponse, undefined);
  const arrive = () => show({ id: '1' } as Arrival);
  return { refusals, response, arrive, ends: () => ends };
}

it('counts for a browser that reads slowly what it has no room for, and says so once it has read', () => {
  const { response, arrive } = setUp();
  arrive();
  response.writableLength = 256 * 1024 + 1;
  arrive();
  arrive();
  vi.advanceTimersByTime(1_000);
  expect([response.events('arrival').length, response.events('omitted')]).toEqual([1, []]);
  response.writableLength = 0;
  arrive();
  vi.advanceTimersByTime(1_000);
  expect(response.events('arrival').length).toBe(2);
  expect(response.events('omitted')).toEqual(['event: omitted\ndata: {"count":2}\n\n']);
});

it('disconnects a browser that has not read for a minute', () => {
  const { refusals, response, ends } = setUp();
  response.writableLength = 256 * 1024 + 1;
  vi.advanceTimersByTime(60_000);
  expect([response.isDestroyed, ends()]).toEqual([false, 0]);
  vi.advanceTimersByTime(1_000);
  expect([response.isDestroyed, ends()]).toEqual([true, 1]);
  expect(refusals['reads-too-slowly']).toBe(1);
  expect(vi.getTimerCount()).toBe(0);
});

it('gives a quiet stream a sign of life, so that it is not taken for dead', () => {
  const { response } = setUp();
  const before = response.written.length;
  vi.advanceTimersByTime(45_000);
  expect(response.written.slice(before)).toEqual([':\n\n', ':\n\n', ':\n\n']);
});
