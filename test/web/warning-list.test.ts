import { describe, expect, it } from 'vitest';
import type { WarningView } from '../../src/http/gateway-view.js';
import { warningLine } from '../support/live-page.js';
import { pageModule } from '../support/page-module.js';

interface List {
  receive(warnings: readonly WarningView[]): void;
  addReceived(startedAtMs: number): boolean;
  readonly all: readonly WarningView[];
  readonly unread: readonly WarningView[];
  markSeen(): { startedAtMs: number; seq: number };
}
const { WarningList } = await pageModule<{
  WarningList: new (seen?: { startedAtMs: number; seq: number }) => List;
}>('warning-list.js');

const warning = (seq: number, sentence = `line ${seq}`) => warningLine({ seq, sentence });
const sentences = (list: List) => list.all.map(({ sentence }) => sentence);

describe('WarningList', () => {
  it('holds each warning once although a new connection sends it again, newest first', () => {
    const list = new WarningList();
    list.receive([warning(1), warning(2)]);
    expect(list.addReceived(100)).toBe(true);
    list.receive([warning(1), warning(2), warning(3)]);
    expect(list.addReceived(100)).toBe(true);
    expect(sentences(list)).toEqual(['line 3', 'line 2', 'line 1']);
    list.receive([warning(3)]);
    expect(list.addReceived(100)).toBe(false);
  });

  it('distinguishes the numbers of a new start from those of the last one, whose warnings stay', () => {
    const list = new WarningList();
    list.receive([warning(1, 'before')]);
    list.addReceived(100);
    list.receive([warning(1, 'after')]);
    list.addReceived(200);
    expect(sentences(list)).toEqual(['after', 'before']);
    expect(list.unread.length).toBe(2);
  });

  it('holds new warnings back until it knows which start of the gateway they belong to', () => {
    const list = new WarningList();
    list.receive([warning(1)]);
    list.receive([warning(2)]);
    expect(list.all).toEqual([]);
    list.addReceived(100);
    expect(sentences(list)).toEqual(['line 2', 'line 1']);
  });

  it('counts as unread what came after the last look, of this start or an earlier one', () => {
    const list = new WarningList({ startedAtMs: 100, seq: 2 });
    list.receive([warning(1), warning(2), warning(3)]);
    list.addReceived(100);
    expect(list.unread.length).toBe(1);
    expect(list.markSeen()).toEqual({ startedAtMs: 100, seq: 3 });
    expect(list.unread.length).toBe(0);
    list.receive([warning(1)]);
    list.addReceived(200);
    expect(list.unread.length).toBe(1);
  });

  it('keeps two hundred', () => {
    const list = new WarningList();
    list.receive(Array.from({ length: 250 }, (_, index) => warning(index + 1)));
    list.addReceived(100);
    expect(list.all.length).toBe(200);
    expect(list.all.at(-1)?.seq).toBe(51);
  });
});
