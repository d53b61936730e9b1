import { beforeEach, describe, expect, it } from 'vitest';
import { type LiveState, liveState } from '../../src/http/live-state.js';
import { SystemClock } from '../../src/lib/clock.js';
import { FakeGatewayView } from '../support/fake-gateway-view.js';
import { incident } from '../support/incidents.js';
import { pageModule } from '../support/page-module.js';

interface Stage {
  readonly id: string;
}
type States = Record<string, { level: string; word: string; sentence: string }>;
interface Rates {
  perSecond(name: string): number | null;
}
const { stripWords, stripFacts, flowWords, stageSentence } = await pageModule<{
  stripWords(
    state: LiveState,
    stages: readonly Stage[],
    states: States,
    ledgerProblem: string,
  ): { level: string; words: string };
  stripFacts(state: LiveState): readonly { value: string; words: string }[];
  flowWords(stage: Stage, state: LiveState, states: States, rates: Rates): string;
  stageSentence(stage: Stage, state: LiveState, states: States): string;
}>('strip-words.js');
const { stageStates } = await pageModule<{
  stageStates(state: LiveState, isConsumerIdle: boolean): States;
}>('stage-states.js');
const { stagesOf } = await pageModule<{ stagesOf(state: LiveState): readonly Stage[] }>('stages.js');

const AWAY = { state: 'retrying', detail: 'Trying again.' } as const;

let view: FakeGatewayView;
beforeEach(() => {
  view = new FakeGatewayView();
  view.outcomes = { written: 5 };
});
const state = () => liveState({ view, clock: new SystemClock(), mqttPort: 1883, mayChange: true }, true);

describe('stripWords', () => {
  const words = (ledgerProblem = '') => {
    const now = state();
    return stripWords(now, stagesOf(now), stageStates(now, false), ledgerProblem);
  };

  it('speaks of the gateway only', () => {
    expect(words()).toEqual({ level: 'healthy', words: 'Gateway is well' });
  });

  it('does not call a gateway well whose store has not answered since the start', () => {
    view.facts = { ...view.facts, sinkLastAnswerMs: null };
    expect(words()).toEqual({ level: 'unknown', words: 'InfluxDB not tried yet' });
    view.outcomes = {};
    expect(words()).toEqual({ level: 'unknown', words: 'Ready, nothing received yet' });
    view.facts = { ...view.facts, sinkLastAnswerMs: 1 };
    expect(words()).toEqual({ level: 'healthy', words: 'Ready, nothing received yet' });
  });

  it('says one thing for one incident, whatever stages it holds up', () => {
    view.sinkStatus = AWAY;
    view.lagMs = 60_000;
    view.facts = { ...view.facts, incident: incident() };
    expect(words()).toEqual({ level: 'slow', words: 'InfluxDB does not answer' });
    view.facts = { ...view.facts, incident: incident({ level: 'stopped' }) };
    expect(words().level).toBe('stopped');
    view.facts = {
      ...view.facts,
      incident: incident({ state: 'catching-up', title: 'InfluxDB did not answer' }),
    };
    expect(words().words).toBe('Catching up: InfluxDB did not answer');
  });

  it('names the stages while no incident is known of them', () => {
    view.sinkStatus = AWAY;
    expect(words()).toEqual({ level: 'slow', words: 'InfluxDB: retrying' });
    view.sinkStatus = { state: 'misconfigured', detail: 'no such database' };
    expect(words()).toEqual({ level: 'stopped', words: 'InfluxDB: misconfigured' });
  });

  it('is stopped when messages do not add up, also during an incident', () => {
    expect(words('off by 3')).toEqual({ level: 'stopped', words: 'off by 3' });
    view.facts = { ...view.facts, incident: incident() };
    expect(words('off by 3').level).toBe('stopped');
  });
});

describe('stripFacts', () => {
  const facts = (more = {}) =>
    stripFacts({ ...state(), ...more }).map(({ value, words }) => `${value} ${words}`);

  it('says how far behind, what was set aside, and how many devices need a look', () => {
    view.waiting = { ...view.waiting, oldestMs: 412 };
    view.facts = { ...view.facts, setAsideToday: 28 };
    const devices = { known: 20, needLook: 3 };
    expect(facts({ devices })).toEqual(['0.4 s behind', '28 set aside today', '3 devices need a look']);
    expect(facts({ devices: { known: 20, needLook: 1 } })).toContain('1 device needs a look');
  });

  it('says nothing of what is not there', () => {
    view.outcomes = {};
    expect(facts()).toEqual([]);
  });

  it('says during an incident whether anything is lost', () => {
    view.waiting = { ...view.waiting, oldestMs: 1_347_000 };
    view.facts = { ...view.facts, setAsideToday: 28, incident: incident() };
    expect(facts()).toEqual(['22 min behind', 'nothing lost']);
    view.facts = { ...view.facts, incident: incident({ lost: 12 }) };
    expect(facts()).toEqual(['22 min behind', '12 lost']);
  });
});

describe('flowWords', () => {
  const flow = (perSecond: number | null = 32.4) => {
    const now = state();
    const states = stageStates(now, false);
    return stagesOf(now).map((stage) => flowWords(stage, now, states, { perSecond: () => perSecond }));
  };

  it('says the rates, and how full the log is', () => {
    view.logSizeBytes = 9_000_000;
    expect(flow()).toEqual(['32/s', 'under 1\u00a0% full', '32/s', '32/s']);
    view.logSizeBytes = 1024 ** 3;
    expect(flow(4.21)).toEqual(['4.2/s', '25\u00a0% full', '4.2/s', '4.2/s']);
    expect(flow(null)[0]).toBe('–');
  });

  it('says what listens before anything was received', () => {
    view.outcomes = {};
    view.facts = { ...view.facts, sinkLastAnswerMs: null };
    expect(flow()).toEqual(['listening', 'empty', 'ready', 'not tried yet']);
  });

  it('says the state of a stage that does not flow', () => {
    view.sinkStatus = AWAY;
    view.lagMs = 9_000;
    expect(flow().slice(2)).toEqual(['waiting', 'retrying']);
  });
});

describe('stageSentence', () => {
  const sentences = () => {
    const now = state();
    const states = stageStates(now, false);
    return stagesOf(now).map((stage) => stageSentence(stage, now, states));
  };

  it('says of each stage what one wants to know while nothing is wrong', () => {
    view.connections = 1;
    view.facts = { ...view.facts, setAsideToday: 28 };
    const [broker, log, rules, store] = sentences();
    expect(broker).toBe('1 device connected. No message was rejected or dropped since the start.');
    expect(log).toContain('before its device gets the receipt. Of its room, none is used.');
    expect(rules).toContain('28 set aside today.');
    expect(store).toMatch(/^Its last answer came .+ ago\./);
  });

  it('gives the words of the stage where something is wrong', () => {
    view.sinkStatus = AWAY;
    expect(sentences()[3]).toBe('Trying again.');
  });
});
