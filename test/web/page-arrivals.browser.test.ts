import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { ArrivalResult } from '../../src/arrivals/arrival.js';
import { sampleRecord } from '../rules/sample-record.js';
import { HOSTILE, LivePage, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { PHONE } from '../support/page-browser.js';

/** Time for whatever would move to move. */
const ROWS = '#arrivals-rows li';

describe.skipIf(!requireServer('chromium'))('arriving now', () => {
  const live = new LivePage();
  let receivedAtNs = BigInt(Date.now()) * 1_000_000n;

  /** A message that is durable; returns its id. */
  function receive(topic: string, payload: string | Buffer = '{"t":9.6}', clientId = 'probe'): string {
    receivedAtNs += 1n;
    live.view.arrivals.accepted(sampleRecord(payload, { topic, clientId, receivedAtNs }), () => undefined)();
    return String(receivedAtNs);
  }

  function report(id: string, result: ArrivalResult): void {
    const names = result.device === undefined ? [] : [result.device];
    live.view.arrivals.take({
      reports: [{ id, result, steps: { mappedMs: 1, storedMs: 2 }, names }],
      omitted: [],
    });
  }

  const STORED: ArrivalResult = {
    outcome: 'stored',
    rule: 'cold',
    device: 'cold-07',
    measurement: 'cold_rooms',
    field: 't',
    value: 9.6,
    unit: '°C',
    lines: ['cold_rooms,device=cold-07 t=9.6 1'],
  };

  async function opened(options = {}) {
    live.view.outcomes = { written: 1 };
    const page = await live.open(options);
    await expect.poll(() => live.view.watched.at(-1), SOON).toBe(true);
    return page;
  }

  /** All that the page shows comes from one search, so that no message is missing for the sample's sake. */
  async function searching(text: string, options = {}) {
    const page = await opened(options);
    await page.fill('#arrivals-find', text);
    await expect.poll(() => live.view.arrivals.takeQuestion().searches, SOON).toEqual([text]);
    return page;
  }

  it('shows a message as waiting, then with its device, value, unit and outcome in the same row', async () => {
    const page = await opened();
    const id = receive('cold/room-4/cold-07/telemetry');
    await live.text(ROWS).toMatch(pattern`^probecold/room-4/cold-07/telemetry${MOMENT}:\d\d, waiting$`);
    report(id, STORED);
    await live
      .text(ROWS)
      .toMatch(pattern`^cold-079\.6 °Ccold/room-4/cold-07/telemetry${MOMENT}:\d\d, stored$`);
    expect(await page.locator(ROWS).count()).toBe(1);
    expect(await page.locator('.arrival-icon.is-stored').count()).toBeGreaterThan(0);
  });

  it('finds all of a device, newest first, and says it to a screen reader', async () => {
    const page = await searching('cold');
    await live.text('#arrivals-note').toContain('Nothing with “cold” has arrived');
    for (let n = 0; n < 12; n += 1) report(receive(`cold/${n}`), { ...STORED, device: `cold-${n}` });
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(12);
    expect(await page.locator('.arrival-name').first().textContent()).toBe('cold-11');
    await live.text('#arrivals-announcement').toMatch(/^cold-\d+ 9\.6 °C, stored at /);
    for (let n = 0; n < 40; n += 1) receive('cold/many');
    await live.text('#arrivals-note').toMatch(/more came too fast to be shown/);
  });

  it('opens a message with its payload, its steps and its points, and shows what becomes of it', async () => {
    const page = await opened();
    const id = receive('cold/room-4/cold-07/telemetry');
    await page.locator(`${ROWS} button`).first().click();
    await live.text('#drawer-body').toContain('Waiting: it is on this disk');
    await live.text('#drawer-body .code-block').toContain('"t": 9.6');
    report(id, STORED);
    await live.text('#drawer-body').toContain('Stored: the store has confirmed it.');
    expect(await page.locator('#drawer-body').textContent()).toContain('cold_rooms,device=cold-07 t=9.6 1');
    await page.locator('#drawer-close').click();
    receive('other');
    await live.shown('#drawer').toBe(false);
  });

  it('keeps the rows where they are while one points at them or has the focus', async () => {
    const page = await searching('cold');
    const first = receive('cold/1');
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(1);
    await page.hover(ROWS);
    receive('cold/2');
    report(first, STORED);
    await live.text('#arrivals-rate').toBe('held while you look: 1 new');
    await live.text(ROWS).toContain('cold-07');
    expect(await page.locator(ROWS).count()).toBe(1);
    await page.mouse.move(5, 5);
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(2);
    await page.locator(`${ROWS} button`).first().focus();
    receive('cold/3');
    await live.text('#arrivals-rate').toContain('1 new');
    await page.locator('#arrivals-find').focus();
    await live.text(ROWS).toContain('cold/3');
  });

  it('keeps its room before and after messages come', async () => {
    const page = await searching('cold');
    const height = () => page.locator('#arrivals').evaluate('(node) => node.offsetHeight');
    await live.text('#arrivals-note').toContain('Nothing with');
    const before = await height();
    for (let n = 0; n < 7; n += 1) receive(`cold/${n}`);
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(7);
    expect(await height()).toBe(before);
  });

  it('shows hostile names and payloads as text', async () => {
    const page = await searching('onerror');
    report(receive(HOSTILE, `${HOSTILE}\u0000`, HOSTILE), {
      ...STORED,
      device: HOSTILE,
      value: HOSTILE,
      unit: HOSTILE,
      lines: [HOSTILE],
    });
    receive(`${HOSTILE}/binary`, Buffer.alloc(1024 * 1024, 0xff));
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(2);
    await page.locator(`${ROWS} button`).last().click();
    await live.text('#drawer-body .code-block').toContain(`${HOSTILE}\\u{0}`);
    await page.locator('#drawer-close').click();
    await page.locator(`${ROWS} button`).first().click();
    await live.text('#drawer-body').toContain('Only its beginning; it has 1 MiB.');
    expect(await page.locator('img').count()).toBe(0);
  });

  it('has the gateway sample only while it can be seen', async () => {
    const page = await opened();
    await page.locator('#tabs a[href="/devices"]').click();
    await expect.poll(() => live.view.watched, SOON).toEqual([true, false]);
    await page.locator('#tabs a[href="/"]').click();
    await expect.poll(() => live.view.watched, SOON).toEqual([true, false, true]);
    await live.setHidden(true);
    await expect.poll(() => live.view.watched.at(-1), SOON).toBe(false);
  });

  it('fits a phone, and shows four rows there', async () => {
    const page = await searching('cold', PHONE);
    for (let n = 0; n < 7; n += 1) receive(`cold/${'x'.repeat(200)}/${n}`, '{}', 'c'.repeat(200));
    await expect.poll(() => page.locator(ROWS).count(), SOON).toBe(7);
    await live.expectToFit();
    const rows = (await page.evaluate(
      'document.querySelector("#arrivals-rows").clientHeight / document.querySelector("#arrivals-rows li").offsetHeight',
    )) as number;
    expect(Math.round(rows)).toBe(4);
  });

  it('says that too many watch already', async () => {
    live.mayComplain = true;
    for (let n = 0; n < 8; n += 1) live.view.arrivals.watch(`search ${n}`, () => undefined);
    live.view.outcomes = { written: 1 };
    const page = await live.open();
    await page.fill('#arrivals-find', 'another');
    await live.text('#arrivals-note').toContain('to too many pages already');
  });
});

describe.skipIf(!requireServer('chromium'))('first steps', () => {
  const live = new LivePage();

  it('say where to publish what a rule takes, and how many devices are connected', async () => {
    live.view.firstStepsView = {
      listeners: [{ protocol: 'mqtt', host: '0.0.0.0', port: 2883 }],
      rule: { name: 'cold', topic: 'cold/+device/telemetry', isBuiltIn: false, measurement: 'cold_rooms' },
      sample: { topic: 'cold/device-1/telemetry', payload: `{ "mode": "it's" }` },
      store: 'influx',
    };
    live.view.connections = 2;
    const page = await live.open();
    await live
      .text('#command')
      .toBe(
        String.raw`mosquitto_pub -h 127.0.0.1 -p 2883 -q 1 -t cold/device-1/telemetry -m '{ "mode": "it'\''s" }'`,
      );
    await live.text('#first-connect').toContain('mqtt://127.0.0.1:2883');
    await live.text('#first-rule').toContain('cold/+device/telemetry');
    await live.text('#first-wait').toContain('2 devices are connected');
    await live
      .text('#first-trail')
      .toContain('the rule cold makes a point of it in the measurement cold_rooms');
    await live.text('#first-trail').toContain('stored in InfluxDB');
    expect(await page.locator('#first-trail .is-done').count()).toBe(0);
    expect(await page.locator('#overview').isVisible()).toBe(false);
  });

  it('say step by step what becomes of the first message, until they are closed', async () => {
    const page = await live.open();
    await expect.poll(() => live.view.watched.at(-1), SOON).toBe(true);
    await live.shown('#first-steps').toBe(true);
    const receivedAtNs = BigInt(Date.now()) * 1_000_000n;
    const record = sampleRecord('{"t":1}', { topic: 'cold/a/t', clientId: 'probe', receivedAtNs });
    live.view.outcomes = { buffered: 1 };
    live.view.arrivals.accepted(record, () => undefined)();
    await live.text('#first-arrived').toBe('Your message arrived: from probe, on cold/a/t.');
    await expect.poll(() => page.locator('#first-trail .is-done').count(), SOON).toBe(1);
    const result = { outcome: 'stored', rule: 'default', device: 'a', measurement: 'telemetry' } as const;
    const steps = { mappedMs: Date.now(), storedMs: Date.now() };
    live.view.arrivals.take({
      reports: [{ id: String(receivedAtNs), result, steps, names: ['a'] }],
      omitted: [],
    });
    await expect.poll(() => page.locator('#first-trail .is-done').count(), SOON).toBe(3);
    await live.text('#first-trail a').toBe('See its chart');
    await live.shown('#overview').toBe(true);
    await page.locator('#first-close').click();
    await live.shown('#first-steps').toBe(false);
  });

  it('say why the first message is set aside', async () => {
    const page = await live.open({}, {});
    await expect.poll(() => live.view.watched.at(-1), SOON).toBe(true);
    await live.shown('#first-steps').toBe(true);
    const record = sampleRecord('oops', { topic: HOSTILE, clientId: 'probe', receivedAtNs: 7n });
    live.view.arrivals.accepted(record, () => undefined)();
    const result = { outcome: 'set-aside', code: 'payload-not-json', reason: HOSTILE } as const;
    live.view.arrivals.take({ reports: [{ id: '7', result, steps: {}, names: [] }], omitted: [] });
    await live.text('#first-trail').toContain(`set aside payload-not-json ${HOSTILE}`);
    expect(await page.locator('img').count()).toBe(0);
  });

  it('fit a phone', async () => {
    await live.open(PHONE);
    await live.text('#command').toContain('mosquitto_pub');
    await live.expectToFit();
  });
});
