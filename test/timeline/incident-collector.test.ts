import { describe, expect, it } from 'vitest';
import { IncidentCollector } from '../../src/timeline/incident-collector.js';
import type { Finding, Look } from '../../src/timeline/look.js';
import type { Failure } from '../../src/timeline/open-incident.js';

const START_MS = 1_795_990_000_000;
const AWAY: Failure = { cause: 'store-no-answer', subject: 'InfluxDB', detail: 'connect ECONNREFUSED' };

/** A gateway whose state a test sets, and which is looked at once a second. */
function gateway(collector = new IncidentCollector(), changes: object = {}) {
  const now = {
    atMs: START_MS,
    monotonicMs: 1_000,
    received: 100,
    processed: 100,
    oldestMs: 0,
    lost: 0,
    shed: 0,
    logFull: undefined as string | undefined,
    findings: { store: { state: 'well' } } as Record<string, { state: 'well' | 'unknown' } | Failure>,
    tries: 0,
    warnings: [] as Look['warnings'],
    ...changes,
  };
  const look = () => {
    const findings = Object.entries(now.findings).map(([key, of]) =>
      'cause' in of ? { ...of, key, state: 'failing', tries: now.tries } : { ...of, key, tries: now.tries },
    ) as Finding[];
    const waiting = now.received - now.processed;
    const hasChanged = collector.look({
      ...now,
      findings,
      waiting,
      oldestMs: waiting === 0 ? 0 : now.oldestMs,
    });
    now.warnings = [];
    return hasChanged;
  };
  /** Seconds that pass; what waits gets older. */
  const pass = (seconds: number, each: () => void = () => undefined) => {
    for (let i = 0; i < seconds; i += 1) {
      now.atMs += 1_000;
      now.monotonicMs += 1_000;
      now.oldestMs = now.received > now.processed ? now.oldestMs + 1_000 : 0;
      each();
      look();
    }
  };
  const fail = (failure: Failure | undefined, key = 'store') => {
    now.findings[key] = failure ?? { state: 'well' };
  };
  const warn = (code: string, sentence = 'a sentence') => {
    now.warnings = [...now.warnings, { atMs: now.atMs, code: code as 'LOG_BLOCKED', sentence }];
  };
  look();
  return { collector, now, pass, fail, warn, look, list: () => collector.incidents() };
}

describe('an outage of the store', () => {
  it('is one incident from the first failure until what waited is stored', () => {
    const { now, pass, fail, warn, list, collector } = gateway();
    fail(AWAY);
    warn('STORE_UNAVAILABLE');
    const receive = () => {
      now.received += 10;
      now.tries += 1;
    };
    pass(1, receive);
    expect(list()).toEqual([]);
    pass(59, receive);
    warn('STORE_UNAVAILABLE');
    expect(list()).toMatchObject([
      {
        cause: 'store-no-answer',
        stage: 'sink',
        title: 'InfluxDB does not answer',
        level: 'slow',
        state: 'failing',
        fromMs: START_MS + 1_000,
        waited: 600,
        lost: 0,
        tries: 60,
        detail: 'connect ECONNREFUSED',
        warnings: ['STORE_UNAVAILABLE'],
      },
    ]);
    expect(list()[0]).not.toHaveProperty('toMs');
    expect(collector.worst()?.id).toBe(list()[0]?.id);

    fail(undefined);
    pass(1);
    expect(list()[0]).toMatchObject({
      title: 'InfluxDB answers again; catching up',
      state: 'catching-up',
      recoveredMs: now.atMs,
    });
    // What waits now is young, but not all that had come when it was back is stored.
    now.processed = 699;
    now.oldestMs = 0;
    pass(1);
    expect(list()[0]?.state).toBe('catching-up');
    // What had come when it was back is stored, but what came since is behind, too.
    now.processed = 700;
    now.received = 800;
    now.oldestMs = 20_000;
    pass(1);
    expect(list()[0]?.state).toBe('catching-up');
    now.oldestMs = 0;
    pass(1);
    expect(list()).toHaveLength(1);
    expect(list()[0]).toMatchObject({
      title: 'InfluxDB did not answer',
      state: 'over',
      toMs: now.atMs,
      caughtUpMs: now.atMs,
      waited: 600,
      lost: 0,
      warnings: ['STORE_UNAVAILABLE'],
    });
    expect(
      list()[0]
        ?.events.slice(-2)
        .map(({ text }) => text),
    ).toEqual(['InfluxDB answers again', 'Caught up: what had waited is stored, nothing is lost']);
    expect(collector.worst()).toBeUndefined();
  });

  it('tells of how it began, of some tries, and that the rules wait', () => {
    const { now, pass, fail, list } = gateway();
    fail(AWAY);
    pass(12, () => {
      now.received += 1;
      now.tries += 1;
    });
    expect(list()[0]?.events.map(({ text }) => text)).toEqual([
      'connect ECONNREFUSED',
      '2 tries so far',
      'The rules wait; the log keeps every message',
      '5 tries so far',
      '10 tries so far',
    ]);
  });

  it('is none when it is over within seconds and nothing has waited for long', () => {
    const { now, pass, fail, list } = gateway();
    fail(AWAY);
    pass(4);
    fail(undefined);
    pass(1);
    expect(list()).toEqual([]);
    // The same for messages that wait.
    fail(AWAY);
    now.received += 1;
    pass(2);
    expect(list()).toEqual([]);
    pass(1);
    expect(list()).toHaveLength(1);
  });

  it('goes on with the same incident when it comes again within a minute', () => {
    const { now, pass, fail, list } = gateway();
    fail(AWAY);
    pass(10, () => {
      now.received += 1;
    });
    const [first] = list();
    fail(undefined);
    now.processed = now.received;
    pass(30);
    expect(list()[0]?.state).toBe('over');
    fail({ ...AWAY, detail: 'again away' });
    pass(1);
    expect(list()).toHaveLength(1);
    expect(list()[0]).toMatchObject({ id: first?.id, state: 'failing', fromMs: first?.fromMs, waited: 10 });
    expect(list()[0]?.events.at(-1)).toEqual({ atMs: now.atMs, text: 'again away' });
    fail(undefined);
    pass(61);
    fail(AWAY);
    pass(10);
    expect(list()).toHaveLength(2);
  });

  it('does not end before it began, also where the clock is set back meanwhile', () => {
    const { now, pass, fail, list } = gateway();
    fail(AWAY);
    pass(10);
    now.atMs -= 3_600_000;
    fail(undefined);
    pass(1);
    const [incident] = list();
    expect(incident).toMatchObject({ state: 'over', toMs: incident?.fromMs, caughtUpMs: incident?.fromMs });
  });

  it('that turns into another trouble of the store stays one incident', () => {
    const { pass, fail, list } = gateway();
    fail(AWAY);
    pass(10);
    fail({ cause: 'store-configuration', subject: 'InfluxDB', detail: 'database not found' });
    pass(1);
    expect(list()).toHaveLength(1);
    expect(list()[0]).toMatchObject({
      cause: 'store-configuration',
      title: 'InfluxDB does not let the gateway write',
      level: 'stopped',
    });
    expect(list()[0]?.events.at(-1)?.text).toBe('database not found');
  });

  it('has filled the log: that is no second incident, but it is worse, and loses QoS 0', () => {
    const { now, pass, fail, warn, list } = gateway();
    fail(AWAY);
    pass(10, () => {
      now.received += 1;
    });
    now.logFull = 'full';
    warn('LOG_BLOCKED');
    pass(1);
    now.shed += 7;
    pass(5);
    expect(list()).toHaveLength(1);
    expect(list()[0]).toMatchObject({ cause: 'store-no-answer', level: 'stopped', lost: 7 });
    expect(list()[0]?.warnings).toEqual(['LOG_BLOCKED']);
    // It stays full until the first messages are stored.
    fail(undefined);
    pass(10);
    expect(list()).toHaveLength(1);
    now.logFull = undefined;
    now.processed = now.received;
    pass(2);
    expect(list()).toHaveLength(1);
    expect(
      list()[0]
        ?.events.slice(-3)
        .map(({ text }) => text),
    ).toEqual([
      'InfluxDB answers again',
      'The log has room again',
      'Caught up: what had waited is stored, 7 are lost',
    ]);
  });

  it('keeps its first and its last events, and no more', () => {
    const { pass, fail, list } = gateway();
    for (let i = 0; i < 50; i += 1) {
      fail({ ...AWAY, detail: `failure ${i}` });
      pass(7);
      fail(undefined);
      pass(5);
    }
    const [incident] = list();
    expect(list()).toHaveLength(1);
    expect(incident?.events).toHaveLength(16);
    expect(incident?.events[0]?.text).toBe('failure 0');
    expect(incident?.events.at(-2)?.text).toBe('failure 49');
  });

  it('has texts that are escaped and cut, whatever the store says', () => {
    const { pass, fail, list } = gateway();
    fail({ ...AWAY, detail: `\u001b[2J\n${'x'.repeat(5_000)}` });
    pass(10);
    expect(list()[0]?.detail).toMatch(/^\\u001b\[2J\\nx+…$/);
    expect(JSON.stringify(list()).length).toBeLessThan(2_000);
  });
});

describe('other causes', () => {
  it.each([['log-full', 'The log is full', 'The log was full']])(
    '%s is an incident of its own where nothing else holds up the reader',
    (cause, now, over) => {
      const of = gateway();
      of.now.logFull = 'it has reached stream.log.maxSize';
      of.pass(6);
      expect(of.list()).toMatchObject([{ cause, title: now, stage: 'log', level: 'stopped' }]);
      of.now.logFull = undefined;
      of.pass(1);
      expect(of.list()).toMatchObject([{ cause, title: over, state: 'over' }]);
    },
  );

  it.each([
    ['broker-closed', 'broker', 'MQTT does not listen'],
    ['disk-full', 'log', 'The disk is full'],
    ['dead-letter-full', 'consumer', 'There is no room to set messages aside'],
    ['consumer-stuck', 'consumer', 'Messages wait, and nothing processes them'],
    ['forwarder-stuck', 'producer', 'Messages wait, and nothing sends them to Kinesis'],
    ['windows-blocked', 'windows', 'Points wait because windows cannot be saved'],
    ['windows-failing', 'windows', 'Windows cannot be computed or stored'],
    ['kinesis-send', 'producer', 'Kinesis takes no messages'],
    ['kinesis-read', 'reader', 'Messages cannot be read from Kinesis'],
    ['store-retention', 'sink', 'S cannot delete old rows'],
    ['store-refuses-points', 'sink', 'S refuses many points'],
    ['clock-implausible', 'log', 'The clock of this machine cannot be correct'],
    ['many-parked', 'consumer', 'Many messages are set aside: S'],
  ] as const)('%s begins and ends with what is found', (cause, stage, title) => {
    const { pass, fail, list, now } = gateway();
    fail({ cause, subject: 'S', detail: 'why' }, 'thing');
    pass(5);
    expect(list()).toMatchObject([]);
    pass(1);
    expect(list()).toMatchObject([{ cause, stage, title, state: 'failing' }]);
    delete now.findings.thing;
    pass(1);
    expect(list()).toMatchObject([{ cause, state: 'over', toMs: now.atMs, waited: 0 }]);
  });

  it('those of devices are listed, and the gateway is well', () => {
    const { pass, fail, list, collector } = gateway();
    fail({ cause: 'many-parked', subject: 'pump', detail: 'NaN' }, 'many-parked:x');
    pass(10);
    expect(list()).toHaveLength(1);
    expect(collector.worst()).toBeUndefined();
  });

  it('of several the worst is first, and what fails before what catches up', () => {
    const { pass, fail, list, now, collector } = gateway();
    fail(AWAY);
    fail({ cause: 'windows-failing', subject: '', detail: 'w' }, 'windows');
    now.received += 5;
    pass(10);
    fail({ cause: 'disk-full', subject: '', detail: 'd' }, 'disk');
    pass(10);
    expect(list().map(({ cause }) => cause)).toEqual(['disk-full', 'store-no-answer', 'windows-failing']);
    fail(undefined);
    pass(1);
    expect(list().map(({ cause }) => cause)).toEqual(['disk-full', 'windows-failing', 'store-no-answer']);
    expect(collector.worst()?.cause).toBe('disk-full');
  });

  it.each([
    ['LOG_RECORDS_DROPPED', 'records-dropped'],
    ['LOG_DAMAGED', 'data-damaged'],
    ['SHARD_LEFT_STREAM', 'stream-gap'],
    ['OPEN_FILES_EXHAUSTED', 'open-files'],
    ['DEAD_LETTER_PAYLOADS_NOT_KEPT', 'payloads-not-kept'],
  ])('%s alone tells of an incident, which was over with the last of them', (code, cause) => {
    const { pass, warn, list, now } = gateway();
    warn(code, 'first');
    pass(1);
    const fromMs = now.atMs - 1_000;
    expect(list()).toMatchObject([{ cause, fromMs, state: 'failing', detail: 'first', warnings: [code] }]);
    pass(50);
    const lastMs = now.atMs;
    warn(code, 'second');
    pass(59);
    expect(list()).toHaveLength(1);
    expect(list()[0]?.state).toBe('failing');
    pass(2);
    expect(list()).toMatchObject([{ cause, fromMs, state: 'over', toMs: lastMs }]);
  });

  it('a clock that was set is over at once', () => {
    const { pass, warn, list, now } = gateway();
    warn('CLOCK_STEPPED', 'the clock was set');
    const atMs = now.atMs;
    pass(1);
    expect(list()).toMatchObject([{ cause: 'clock-set', state: 'over', fromMs: atMs, toMs: atMs }]);
  });

  it('counts what is lost only while it lasts', () => {
    const { pass, warn, list, now } = gateway();
    now.lost = 5;
    pass(1);
    warn('LOG_RECORDS_DROPPED');
    now.lost = 12;
    pass(1);
    now.lost = 20;
    pass(61);
    now.lost = 50;
    pass(1);
    expect(list()).toMatchObject([{ cause: 'records-dropped', lost: 15 }]);
  });
});

describe('the list', () => {
  it('keeps the last 200 of the last 30 days', () => {
    const { collector, pass, list } = gateway();
    for (let i = 0; i < 250; i += 1) {
      const at = START_MS - (i < 10 ? 31 : 1) * 86_400_000 + i;
      collector.addEnded({ cause: 'unclean-end', subject: '', detail: '' }, at, at, ['LOG_TORN_TAIL']);
    }
    expect(list()).toHaveLength(200);
    expect(list()[0]).toMatchObject({ fromMs: START_MS - 86_400_000 + 249, warnings: ['LOG_TORN_TAIL'] });
    collector.addEnded({ cause: 'unclean-end', subject: '', detail: '' }, START_MS, START_MS, []);
    pass(1);
    expect(list()).toHaveLength(200);
    const { collector: another, pass: passThere } = gateway();
    const longAgo = START_MS - 31 * 86_400_000;
    another.addEnded({ cause: 'unclean-end', subject: '', detail: '' }, longAgo, longAgo, []);
    passThere(1);
    expect(another.incidents()).toEqual([]);
  });
});

describe('after a restart', () => {
  function killedDuringOutage() {
    const { now, pass, fail, collector } = gateway();
    fail(AWAY);
    pass(10, () => {
      now.received += 10;
      now.tries += 1;
    });
    now.lost = 3;
    pass(1);
    const saved = JSON.parse(JSON.stringify(collector.saved())) as ReturnType<typeof collector.saved>;
    const again = new IncidentCollector();
    again.load(saved, START_MS + 11_000, START_MS + 60_000, 'The gateway is started again');
    return { again, saved, before: collector.incidents()[0] };
  }

  it('an incident goes on while the store is still away, and ends when it has caught up', () => {
    const { again, before } = killedDuringOutage();
    const { now, pass, fail, list } = gateway(again, {
      atMs: START_MS + 60_000,
      received: 200,
      processed: 100,
      oldestMs: 50_000,
      lost: 3,
      findings: { store: { state: 'unknown' } },
    });
    pass(20);
    expect(list()).toMatchObject([{ id: before?.id, state: 'failing', lost: 3 }]);
    fail(AWAY);
    now.received = 300;
    pass(3);
    fail(undefined);
    pass(1);
    now.processed = 300;
    pass(1);
    expect(list()).toMatchObject([
      { id: before?.id, state: 'over', fromMs: before?.fromMs, toMs: now.atMs, waited: 200, lost: 3 },
    ]);
    expect(list()[0]?.events.map(({ text }) => text)).toContain('The gateway is started again');
  });

  it('an incident whose store is well again catches up first', () => {
    const { again } = killedDuringOutage();
    const of = gateway(again);
    expect(of.list()).toMatchObject([{ state: 'over', waited: 100 }]);
    const { again: behind } = killedDuringOutage();
    const late = { atMs: START_MS + 60_000, monotonicMs: 5, received: 200, processed: 100, oldestMs: 50_000 };
    behind.look({
      ...late,
      findings: [{ key: 'store', state: 'well' }],
      warnings: [],
      waiting: 100,
      lost: 3,
      shed: 0,
    });
    expect(behind.incidents()).toMatchObject([{ state: 'catching-up' }]);
  });

  it('an incident of what no longer runs here is closed at the last time that is known', () => {
    const { again } = killedDuringOutage();
    const { list, now } = gateway(again);
    expect(list()).toHaveLength(1);
    const { again: other } = killedDuringOutage();
    other.look({ ...now, findings: [], warnings: [], waiting: 0, monotonicMs: 5 });
    expect(other.incidents()).toMatchObject([{ state: 'over', toMs: START_MS + 11_000 }]);
    expect(other.incidents()[0]?.events.at(-1)?.text).toBe('It was not seen again after the start');
  });

  it('what only a warning had told of is over', () => {
    const { warn, pass, collector } = gateway();
    warn('LOG_DAMAGED');
    pass(1);
    const again = new IncidentCollector();
    again.load(collector.saved(), START_MS + 2_000, START_MS + 9_000, 'again');
    expect(again.incidents()).toMatchObject([
      { cause: 'data-damaged', state: 'over', toMs: START_MS + 2_000 },
    ]);
  });
});
