import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageModule } from '../support/page-module.js';

interface State {
  view: { kind: string; spanMs?: number; fromMs?: number; toMs?: number } | undefined;
  charts: Map<string, { field: string; by: string; tag: string; only: string[] }>;
  silentAfterS: number;
  list: { measurement: string; tag: string } | undefined;
}
const { carriesState, parseHash, printHash } = await pageModule<{
  carriesState(hash: string): boolean;
  parseHash(hash: string): State;
  printHash(state: State, present?: string): string;
}>('chart-hash.js');
const START: State = {
  view: undefined,
  charts: new Map(),
  silentAfterS: 300,
  list: undefined,
};

describe('the address', () => {
  it('is empty while everything is as at the start', () => expect(printHash(START)).toBe(''));

  it('says presets in words and other views in numbers', () => {
    expect(printHash({ ...START, view: { kind: 'live', spanMs: 3_600_000 } })).toBe('live=1h');
    expect(parseHash('#live=5m').view).toEqual({ kind: 'live', spanMs: 300_000 });
    expect(printHash({ ...START, view: { kind: 'fixed', fromMs: 5, toMs: 5_005 } })).toBe('from=5&to=5005');
  });

  it('gives back what was put in, whatever devices are called', () => {
    const name = fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' });
    const charts = fc.dictionary(
      name,
      fc.record({
        tag: name,
        only: fc.uniqueArray(fc.string({ maxLength: 20 }), { minLength: 1, maxLength: 12 }),
      }),
      { maxKeys: 20 },
    );
    fc.assert(
      fc.property(
        charts,
        fc.nat(1e9),
        fc.integer({ min: 1_000, max: 1e9 }),
        name,
        (chosen, fromMs, spanMs, tag) => {
          const state: State = {
            view: { kind: 'fixed', fromMs, toMs: fromMs + spanMs },
            charts: new Map(
              Object.entries(chosen).map(([key, one]) => [key, { field: 'f', by: `tag:${one.tag}`, ...one }]),
            ),
            silentAfterS: 30,
            list: { measurement: tag, tag },
          };
          const printed = printHash(state);
          fc.pre(printed.length < 16_000);
          expect(parseHash(`#${printed}`)).toEqual(state);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps what others put there', () => {
    expect(printHash({ ...START, silentAfterS: 30 }, '#live=1h&letter=a%26b')).toBe('letter=a%26b&silent=30');
  });

  it.each([
    ['#live=forever'],
    ['#live=0'],
    ['#live=99999999999999'],
    ['#from=5'],
    ['#from=10000&to=5000'],
    ['#from=0&to=9999999999999999'],
    ['#from=-5&to=5000'],
    ['#from=1e3&to=5000'],
    ['#silent=7'],
    ['#silent=__proto__'],
    ['#list={"measurement":"a"}'],
    ['#list=["a"]'],
    ['#chart=["a"'],
    ['#chart=["a","f","",7]'],
    ['#chart=["a","f"]'],
    ['#chart=["","f","",""]'],
    ['#chart=null'],
    ['#%E0%A4%A'],
  ])('leaves out what does not fit: %s', (hash) => expect(parseHash(hash)).toEqual(START));

  it('leaves out an address that is too long to have come from here', () => {
    expect(parseHash(`#live=1h&chart=${'x'.repeat(20_000)}`)).toEqual(START);
  });

  it.each([
    ['', true],
    ['#', true],
    ['#live=1h', true],
    ['#ledger-title', false],
  ])('takes %j for a state: %s', (hash, isState) => expect(carriesState(hash)).toBe(isState));

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (hash) => parseHash(hash).charts instanceof Map));
  });

  it('takes at most twelve devices a chart and twenty charts', () => {
    const devices = Array.from({ length: 40 }, (_, nth) => `d${nth}`);
    const pairs = Array.from({ length: 30 }, (_, nth): [string, string] => [
      'chart',
      JSON.stringify([`m${nth}`, '', '', 't', ...devices]),
    ]);
    const { charts } = parseHash(`#${new URLSearchParams(pairs)}`);
    expect(charts.size).toBe(20);
    expect(charts.get('m0')?.only).toEqual(devices.slice(0, 12));
  });
});
