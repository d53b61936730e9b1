import { describe, expect, it } from 'vitest';
import { INCIDENT_CAUSES, type Incident } from '../../src/timeline/incident.js';
import { incident } from '../support/incidents.js';
import { pageModule } from '../support/page-module.js';

const { durationWords, outcomeWords, weekWords, weekParts } = await pageModule<{
  durationWords(incident: Incident, nowMs: number): string;
  outcomeWords(incident: Incident, nowMs: number): string;
  weekWords(incidents: readonly Incident[], nowMs: number): string;
  weekParts(
    incidents: readonly Incident[],
    nowMs: number,
  ): readonly { from: number; share: number; level: string }[];
}>('incident-words.js');
const { headline, figuresOf } = await pageModule<{
  headline(incident: Incident, nowMs: number): string;
  figuresOf(state: object, incident: Incident): readonly (readonly [string, string])[];
}>('strip-incident.js');
const { ADVICE } = await pageModule<{ ADVICE: Record<string, { means: string; steps: string[] }> }>(
  'incident-advice.js',
);

const NOW_MS = Date.UTC(2026, 10, 30, 14, 30);
const HOUR_MS = 3_600_000;
const ended = (known: Partial<Incident> = {}) =>
  incident({ fromMs: NOW_MS - HOUR_MS, toMs: NOW_MS - HOUR_MS + 360_000, state: 'over', ...known });

it('says for every cause what it means and what to do', () => {
  expect(Object.keys(ADVICE).sort()).toEqual([...INCIDENT_CAUSES].sort());
  for (const { means, steps } of Object.values(ADVICE)) {
    expect(means).toMatch(/\.$/);
    expect(steps.length).toBeGreaterThan(0);
  }
});

describe('the words of an incident', () => {
  it('say how long it lasted, or that it goes on', () => {
    expect(durationWords(ended(), NOW_MS)).toBe('6 min');
    expect(durationWords(incident({ fromMs: NOW_MS - HOUR_MS }), NOW_MS)).toBe('going on, 1 h 0 min');
  });

  it('say what waited, until when, how often it was tried, and what is lost', () => {
    const caughtUpMs = NOW_MS - 60_000;
    expect(outcomeWords(ended({ waited: 11_482, caughtUpMs, tries: 1 }), NOW_MS)).toMatch(
      /^11,482 messages waited in the log; all were stored by \d\d:29:00\. Tried again 1 time\. Nothing lost\.$/,
    );
    expect(outcomeWords(ended({ waited: 0, tries: 0, lost: 3 }), NOW_MS)).toBe('3 messages lost.');
  });

  it('say since when, and whether anything is lost', () => {
    const fromMs = NOW_MS - HOUR_MS;
    expect(headline(incident({ fromMs }), NOW_MS)).toMatch(/^Not stored since \d\d:30:00; nothing is lost$/);
    expect(headline(incident({ fromMs, waited: 0, lost: 1 }), NOW_MS)).toMatch(
      /^Since \d\d:30:00; 1 message lost$/,
    );
    expect(headline(incident({ fromMs, state: 'catching-up' }), NOW_MS)).toMatch(/^Catching up since/);
  });
});

describe('the four figures', () => {
  const backlog = { records: 43_104, logFull: { state: 'unknown' }, catchUp: { state: 'unknown' } };
  const figures = (known: object) =>
    Object.fromEntries(figuresOf({ behindMs: 1_347_000, backlog: { ...backlog, ...known } }, incident()));

  it('are not known in the first minute', () => {
    expect(figures({})).toEqual({
      behind: '22 min',
      'messages waiting': '43,104',
      'until the log is full': 'not known yet',
      'catching up takes': 'not known yet',
    });
  });

  it('are estimates after it', () => {
    expect(
      figures({ logFull: { state: 'in', ms: 16_860_000 }, catchUp: { state: 'in', ms: 120_000 } }),
    ).toMatchObject({ 'until the log is full': 'about 4 h 41 min', 'catching up takes': 'about 2 min' });
    expect(figures({ logFull: { state: 'never' }, catchUp: { state: 'now', ms: 0 } })).toMatchObject({
      'until the log is full': 'not at this rate',
      'catching up takes': 'now',
    });
  });
});

describe('the last seven days', () => {
  it('count what touches them, and what was lost', () => {
    expect(weekWords([], NOW_MS)).toBe('none in the last 7 days');
    const old = ended({ fromMs: NOW_MS - 300 * HOUR_MS, toMs: NOW_MS - 299 * HOUR_MS, lost: 5 });
    expect(weekWords([ended(), ended(), old], NOW_MS)).toBe('last 7 days: 2, nothing lost');
    expect(weekWords([ended({ lost: 3 }), incident()], NOW_MS)).toBe('last 7 days: 2, 3 lost');
  });

  it('are parts of the bar, cut at its begin, and up to now for what goes on', () => {
    const week = 7 * 24 * HOUR_MS;
    const parts = weekParts(
      [
        incident({ fromMs: NOW_MS - week / 2 }),
        ended({ fromMs: NOW_MS - 2 * week, toMs: NOW_MS - (3 * week) / 4, level: 'stopped' }),
        ended({ fromMs: NOW_MS - 3 * week, toMs: NOW_MS - 2 * week }),
      ],
      NOW_MS,
    );
    expect(parts).toEqual([
      { from: 0.5, share: 0.5, level: 'slow' },
      { from: 0, share: 0.25, level: 'stopped' },
    ]);
  });
});
