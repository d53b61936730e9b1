import { expect, it } from 'vitest';
import { measureLoad } from './measure-load.js';
import { measurePage } from './measure-page.js';

/** The browser's garbage is collected before; what grows on top of it is kept for ever. */
const MAX_HEAP_GROWTH_BYTES = 4 * 1024 * 1024;
const MAX_NODES_GROWTH = 2_000;

it.runIf(process.env.MEASURE_PAGE === '1')(
  'the live page with 10,000 devices in DuckDB keeps its nodes and its heap bounded',
  async () => {
    const figures = await measurePage();
    console.log(JSON.stringify(figures, null, 2));
    const { atStart, atEnd } = figures;
    expect(atEnd.Nodes! - atStart.Nodes!).toBeLessThan(MAX_NODES_GROWTH);
    expect(atEnd.JSHeapUsedSize! - atStart.JSHeapUsedSize!).toBeLessThan(MAX_HEAP_GROWTH_BYTES);
  },
  400_000,
);

/** What a reader notices (web.dev, "Cumulative Layout Shift": good is below 0.1). */
const MAX_LAYOUT_SHIFT = 0.1;

it.runIf(process.env.MEASURE_PAGE === '1')(
  'the live page is loaded without moving what is read',
  async () => {
    const figures = await measureLoad();
    console.table(figures);
    for (const [load, { layoutShift }] of Object.entries(figures))
      expect(layoutShift, load).toBeLessThan(MAX_LAYOUT_SHIFT);
  },
  400_000,
);
