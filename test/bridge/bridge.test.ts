import { describe, expect, it } from 'vitest';
import { Bridge } from '../../src/bridge/bridge.js';
import { MappingWarnings } from '../../src/rules/mapped.js';
import { newLineText } from '../../src/sink/influx/line.js';
import type { RecordSpan } from '../../src/stream/record-trace.js';
import type { StreamRecord, StreamWriter } from '../../src/stream/stream.js';
import { ruleSetOf } from '../rules/rule-outcome.js';
import { SetClock } from '../support/clock.js';
import { TestLog } from '../support/log-fixture.js';
import { receiveTimesOf } from '../support/receive-times.js';
import { tempDirectory } from '../support/temp-directory.js';

class FakeStream implements StreamWriter {
  readonly records: StreamRecord[] = [];
  isBlocked = false;
  pendingBytes = 0;
  readonly stored: (() => void)[] = [];
  append(record: StreamRecord, stored: () => void): void {
    this.records.push(record);
    this.stored.push(stored);
  }
  afterPending(reached: () => void): void {
    reached();
  }
}

function setUp() {
  const clock = new SetClock();
  const stream = new FakeStream();
  const receiveTimes = receiveTimesOf({ clock });
  const bridge = new Bridge({ maxInFlightBytes: 1000 }, { stream, clock, receiveTimes });
  const accept = (qos: 0 | 1 | 2 = 1) =>
    bridge.accept({ clientId: 'c', user: '', topic: 't', qos, payload: Buffer.from('p') }, () => undefined);
  return { clock, stream, bridge, accept };
}

describe('the receive time', () => {
  it('is the clock, and rises when the clock stands still or is a little behind', () => {
    const { clock, stream, accept } = setUp();
    const start = clock.wallNs;
    accept();
    accept();
    clock.wallNs = start - 59_000_000_000n;
    accept();
    clock.wallNs = start + 10n;
    accept();
    expect(stream.records.map((r) => r.receivedAtNs - start)).toEqual([0n, 1n, 2n, 10n]);
  });
});

describe('admission', () => {
  it('sheds QoS 0 while the log has no room, and takes QoS 1 and 2', () => {
    const { stream, accept } = setUp();
    stream.isBlocked = true;
    expect([accept(0), accept(1), accept(2)]).toEqual(['shed', 'taken', 'taken']);
    expect(stream.records.length).toBe(2);
  });

  it('has room below the byte budget', () => {
    const { stream, bridge } = setUp();
    stream.pendingBytes = 999;
    expect(bridge.hasRoom()).toBe(true);
    stream.pendingBytes = 1000;
    expect(bridge.hasRoom()).toBe(false);
  });
});

describe('a record that is followed', () => {
  it('has its span once it is durable, and is answered as any other', () => {
    const clock = new SetClock();
    const stream = new FakeStream();
    const spans: RecordSpan[] = [];
    const first = clock.wallNs;
    const trace = { isFollowed: (ns: bigint) => ns === first, add: (span: RecordSpan) => spans.push(span) };
    const receiveTimes = receiveTimesOf({ clock });
    const bridge = new Bridge({ maxInFlightBytes: 1000 }, { stream, clock, receiveTimes, trace });
    let answered = 0;
    const packet = { clientId: 'c', user: '', topic: 't', qos: 1, payload: Buffer.from('p') } as const;
    for (let i = 0; i < 2; i += 1) bridge.accept(packet, () => (answered += 1));
    expect(spans).toEqual([]);
    clock.wallNs = first + 5_000n;
    for (const stored of stream.stored) stored();
    expect(answered).toBe(2);
    expect(spans).toEqual([{ name: 'receive', receivedAtNs: first, startNs: first, endNs: first + 5_000n }]);
  });
});

describe('an observer', () => {
  it('sees each record before it is appended, and when it is durable, until it is taken off', () => {
    const { stream, bridge, accept } = setUp();
    const seen: string[] = [];
    accept();
    bridge.observe((record, stored) => {
      seen.push(`${record.topic} before ${stream.records.length + 1}`);
      return () => {
        seen.push('durable');
        stored();
      };
    });
    accept();
    for (const stored of stream.stored) stored();
    bridge.observe(undefined);
    accept();
    expect(seen).toEqual(['t before 2', 'durable']);
  });

  it('leaves the spans of followed records as they are', () => {
    const { clock, stream } = setUp();
    const spans: RecordSpan[] = [];
    const trace = { isFollowed: () => true, add: (span: RecordSpan) => void spans.push(span) };
    const receiveTimes = receiveTimesOf({ clock });
    const bridge = new Bridge({ maxInFlightBytes: 1000 }, { stream, clock, receiveTimes, trace });
    let observed = 0;
    bridge.observe((_record, stored) => {
      observed += 1;
      return stored;
    });
    const accept = () =>
      bridge.accept(
        { clientId: 'c', user: '', topic: 't', qos: 1, payload: Buffer.from('p') },
        () => undefined,
      );
    accept();
    bridge.observe(undefined);
    accept();
    for (const stored of stream.stored) stored();
    expect([observed, spans.length]).toEqual([1, 2]);
  });
});

describe('message properties', () => {
  it('go through the log to the rules, and a record without them has none', async () => {
    const clock = new SetClock();
    const log = await TestLog.open(tempDirectory());
    const bridge = new Bridge(
      { maxInFlightBytes: 1e6 },
      { stream: log.writer, clock, receiveTimes: receiveTimesOf({ clock }) },
    );
    const properties = {
      contentType: 'application/cbor',
      correlationData: Buffer.from([1, 2]),
      userProperties: [['site', 'pune']],
    } as const;
    const packet = { clientId: 'c', user: '', topic: 't/d1/x', qos: 1 } as const;
    await Promise.all([
      new Promise<void>((stored) =>
        bridge.accept({ ...packet, payload: Buffer.from('a161761901f4', 'hex'), properties }, stored),
      ),
      new Promise<void>((stored) => bridge.accept({ ...packet, payload: Buffer.from('{"v":1}') }, stored)),
    ]);
    const { records } = await log.readAll();
    await log.writer.close();
    expect(records.map((record) => record.properties)).toEqual([properties, undefined]);
    const rules = ruleSetOf(
      'rules: [{ name: r, topic: "#", measurement: m, tags: { site: { path: properties.user.site, default: none } }, fields: { v: payload.v } }]',
    );
    const text = newLineText();
    const lines = records.flatMap((record) => {
      const mapped = rules.apply(record, new MappingWarnings());
      return mapped.kind === 'points'
        ? mapped.points.map((point) => text(point).split(' ', 2).join(' '))
        : [];
    });
    expect(lines).toEqual(['m,site=pune v=500', 'm,site=none v=1']);
  });
});
