import { describe, expect, it } from 'vitest';
import type { WarningView } from '../../../src/ops/gateway-view.js';
import { warningLine } from '../../support/live-page.js';
import { pageModule } from '../../support/page-module.js';

interface Book {
  hear(warnings: readonly WarningView[]): void;
  settle(startedAtMs: number): boolean;
  readonly all: readonly WarningView[];
  readonly unread: number;
  markSeen(): { startedAtMs: number; seq: number };
}
const { WarningBook } = await pageModule<{
  WarningBook: new (seen?: { startedAtMs: number; seq: number }) => Book;
}>('warning-book.js');

const warning = (seq: number, sentence = `line ${seq}`) => warningLine({ seq, sentence });
const sentences = (book: Book) => book.all.map(({ sentence }) => sentence);

describe('WarningBook', () => {
  it('holds each warning once although a new connection tells it again, newest first', () => {
    const book = new WarningBook();
    book.hear([warning(1), warning(2)]);
    expect(book.settle(100)).toBe(true);
    book.hear([warning(1), warning(2), warning(3)]);
    expect(book.settle(100)).toBe(true);
    expect(sentences(book)).toEqual(['line 3', 'line 2', 'line 1']);
    book.hear([warning(3)]);
    expect(book.settle(100)).toBe(false);
  });

  it('knows the numbers of a new start from those of the last one, whose warnings stay', () => {
    const book = new WarningBook();
    book.hear([warning(1, 'before')]);
    book.settle(100);
    book.hear([warning(1, 'after')]);
    book.settle(200);
    expect(sentences(book)).toEqual(['after', 'before']);
    expect(book.unread).toBe(2);
  });

  it('waits with what it heard until it knows which start it belongs to', () => {
    const book = new WarningBook();
    book.hear([warning(1)]);
    book.hear([warning(2)]);
    expect(book.all).toEqual([]);
    book.settle(100);
    expect(sentences(book)).toEqual(['line 2', 'line 1']);
  });

  it('counts as unread what came after the last look, of this start or an earlier one', () => {
    const book = new WarningBook({ startedAtMs: 100, seq: 2 });
    book.hear([warning(1), warning(2), warning(3)]);
    book.settle(100);
    expect(book.unread).toBe(1);
    expect(book.markSeen()).toEqual({ startedAtMs: 100, seq: 3 });
    expect(book.unread).toBe(0);
    book.hear([warning(1)]);
    book.settle(200);
    expect(book.unread).toBe(1);
  });

  it('keeps two hundred', () => {
    const book = new WarningBook();
    book.hear(Array.from({ length: 250 }, (_, index) => warning(index + 1)));
    book.settle(100);
    expect(book.all.length).toBe(200);
    expect(book.all.at(-1)?.seq).toBe(51);
  });
});
