import { expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface View {
  readonly kind: 'live';
  readonly spanMs: number;
}
interface History {
  readonly view: View;
  readonly canUndo: boolean;
  go(view: View, how: { isStep?: boolean; atMs: number }): boolean;
  undo(): boolean;
}
const { RangeHistory } = await pageModule<{ RangeHistory: new (view: View) => History }>(
  'chart-range-history.js',
);
const live = (spanMs: number): View => ({ kind: 'live', spanMs });

it('goes back view by view, and says when there is none before', () => {
  const history = new RangeHistory(live(1));
  history.go(live(2), { atMs: 0 });
  history.go(live(3), { atMs: 1 });
  expect([history.undo(), history.view]).toEqual([true, live(2)]);
  expect([history.undo(), history.view]).toEqual([true, live(1)]);
  expect([history.canUndo, history.undo(), history.view]).toEqual([false, false, live(1)]);
});

it('undoes the steps of one wheel gesture as one, and the next gesture separately', () => {
  const history = new RangeHistory(live(1));
  const turns = [0, 100, 300, 900, 1_700].map((atMs, nth) =>
    history.go(live(nth + 2), { isStep: true, atMs }),
  );
  expect(turns).toEqual([true, false, false, false, true]);
  history.undo();
  expect(history.view).toEqual(live(5));
  history.undo();
  expect(history.view).toEqual(live(1));
});

it('does not take a view that is the same for a step', () => {
  const history = new RangeHistory(live(1));
  expect(history.go(live(1), { atMs: 0 })).toBe(false);
  expect(history.canUndo).toBe(false);
});

it('keeps the last fifty views', () => {
  const history = new RangeHistory(live(0));
  for (let nth = 1; nth <= 80; nth += 1) history.go(live(nth), { atMs: nth });
  let undone = 0;
  while (history.undo()) undone += 1;
  expect([undone, history.view]).toEqual([50, live(30)]);
});
