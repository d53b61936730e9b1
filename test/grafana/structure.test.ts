import { describe, expect, it } from 'vitest';
import { asking, DASHBOARDS } from './dashboard-shape.js';

const BUILT_IN = ['timeFilter', '__interval', '__rate_interval', 'tag_city', 'tag_device', 'tag_meter'];
const uids = DASHBOARDS.map(({ dashboard }) => dashboard.uid);

it('uids are unique', () => {
  expect(new Set(uids).size).toBe(uids.length);
});

describe.each(DASHBOARDS)('$file', ({ dashboard }) => {
  it('has unique panel ids and titles', () => {
    for (const key of ['id', 'title'] as const) {
      const values = dashboard.panels.map((panel) => panel[key]);
      expect(new Set(values).size).toBe(values.length);
    }
  });

  it('has panels that do not overlap in 24 columns', () => {
    const taken = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          expect(taken.has(`${x},${y}`), title).toBe(false);
          taken.add(`${x},${y}`);
        }
      }
    }
  });

  it('says of each panel what it is, in which unit, from the chosen data source', () => {
    for (const panel of asking(dashboard)) {
      expect(panel.title).not.toBe('');
      expect(panel.description?.length, panel.title).toBeGreaterThan(15);
      expect(panel.fieldConfig?.defaults.unit, panel.title).toBeTruthy();
      expect(panel.datasource?.uid, panel.title).toBe(`\${${panel.datasource?.type}}`);
      expect(panel.targets?.length, panel.title).toBeGreaterThan(0);
    }
  });

  it('uses no variable that is not defined', () => {
    const defined = [...dashboard.templating.list.map(({ name }) => name), ...BUILT_IN];
    for (const [, braced, plain] of JSON.stringify(dashboard).matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
      const name = (braced ?? plain)!;
      if (name !== '__all') expect(defined).toContain(name);
    }
  });

  it('links to dashboards that exist, with time and variables', () => {
    expect(dashboard.links).toHaveLength(uids.length - 1);
    for (const { url, keepTime, includeVars } of dashboard.links) {
      expect(uids).toContain(url.replace('/d/', ''));
      expect([keepTime, includeVars]).toEqual([true, true]);
    }
  });
});
