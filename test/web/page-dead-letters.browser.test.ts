import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { SluiceError } from '../../src/lib/errors.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, SOON } from '../support/live-page.js';
import { MOMENT, pattern } from '../support/moment-words.js';
import { DESKTOP, PHONE } from '../support/page-browser.js';

const NOT_JSON = parkedDetail({ id: '3', topic: 'a/b', clientId: 'c7', reason: 'Byte 3.', payload: '{"a":' });
const OUT_OF_TIME = parkedDetail({
  id: '2',
  topic: 'climate/x/telemetry',
  code: 'time-outside-window',
  reason: 'It is before the window.',
  rule: 'climate',
  payload: '{"n":12345678901234567890,"n":[]}',
  payloadBytes: 33,
  qos: 2,
  refusedPoints: [{ index: 0, code: 'point-too-old', reason: 'outside of the retention' }],
  explanation: {
    outcome: 'written',
    rule: 'climate',
    lines: ['climate n=1 5'],
    tried: [
      { rule: 'city', filter: 'sensors/#', mismatch: 'level 1 is climate' },
      { rule: 'climate', filter: 'climate/#' },
    ],
  },
});

describe.skipIf(!requireServer('chromium'))('the dead letters of the live page', { timeout: 40_000 }, () => {
  const live = new LivePage({}, '/set-aside');
  const text = (selector: string) => live.text(selector);
  const rows = () => live.page.locator('#dead-letters-rows tr').count();

  function park(): void {
    live.view.deadLetters = [NOT_JSON, OUT_OF_TIME];
    live.view.outcomes = { parked: { 'payload-not-json': 1, 'time-outside-window': 1, purged: 5 } };
  }

  it('lists them with time, topic, sender, reason and rule', async () => {
    park();
    await live.open();
    await text('#dead-letters-rows tr').toMatch(pattern`^${MOMENT}:\d\da/bfrom c7payload-not-jsonByte 3\.$`);
    await text('#dead-letters-rows tr:nth-child(2)').toContain('time-outside-windowrule climate');
    expect(await live.page.locator('#dead-letters-note').isVisible()).toBe(false);
    await text('#dead-letters-foot').toBe('All 2, newest first.');
  });

  it('shows the new reason of a record that a replay has parked again', async () => {
    park();
    await live.open({}, { hasClock: true });
    await text('#dead-letters-rows tr').toContain('Byte 3.');
    live.view.deadLetters = [{ ...NOT_JSON, code: 'no-fields', reason: 'None is there.' }, OUT_OF_TIME];
    live.view.outcomes = { parked: { 'no-fields': 1, 'time-outside-window': 1, purged: 5 } };
    await text('#reasons').toContain('no-fields');
    await live.pass(NEXT_ANSWER_MS);
    await text('#dead-letters-rows tr').toContain('no-fieldsNone is there.');
  });

  it('narrows them by reason, rule and topic, and shows more on demand', async () => {
    live.view.deadLetters = Array.from({ length: 70 }, (_, index) => ({
      ...(index % 2 === 0 ? NOT_JSON : OUT_OF_TIME),
      id: String(index + 1),
      topic: `t/${index}`,
    }));
    live.view.outcomes = { parked: { 'payload-not-json': 35, 'time-outside-window': 35, purged: 5 } };
    const page = await live.open();
    await expect.poll(rows, SOON).toBe(10);
    await page.getByRole('button', { name: 'Show more' }).click();
    await expect.poll(rows, SOON).toBe(60);
    expect(await page.locator('#filter-code option').allTextContents()).toEqual([
      'any reason (2)',
      'payload-not-json',
      'time-outside-window',
    ]);
    await page.getByLabel('Reason').selectOption('time-outside-window');
    await expect.poll(rows, SOON).toBe(10);
    await text('#dead-letters-rows tr').toContain('t/1from');
    await page.getByRole('combobox', { name: 'Topic' }).fill('t/5');
    await page.getByRole('combobox', { name: 'Topic' }).press('Enter');
    await expect.poll(rows, SOON).toBe(1);
    await page.getByRole('combobox', { name: 'Topic' }).fill('nowhere');
    await page.getByRole('combobox', { name: 'Topic' }).press('Enter');
    await text('#dead-letters-note').toBe('Nothing is set aside that fits this filter.');
    await page.getByRole('button', { name: 'Clear' }).click();
    await expect.poll(rows, SOON).toBe(10);
    await page.getByLabel('Rule').selectOption('climate');
    await text('#dead-letters-foot').toBe('The newest 10, newest first.');
  });

  it('asks for them again only when the ledger or the filter has changed, or a replay has ended', async () => {
    park();
    const page = await live.open({}, { hasClock: true });
    const asked = () => live.asked('/api/dead-letters').length;
    await expect.poll(rows, SOON).toBe(2);
    await live.pass(NEXT_ANSWER_MS);
    expect(asked()).toBe(1);

    live.view.outcomes = {
      written: 9,
      parked: { 'payload-not-json': 2, 'time-outside-window': 1, purged: 5 },
    };
    live.view.deadLetters = [{ ...NOT_JSON, id: '4' }, NOT_JSON, OUT_OF_TIME];
    await text('[data-ledger=written]').toBe('9');
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(rows, SOON).toBe(3);
    await expect.poll(asked, SOON).toBe(2);

    await page.getByLabel('Reason').selectOption('payload-not-json');
    await expect.poll(rows, SOON).toBe(2);
    await expect.poll(asked, SOON).toBe(3);

    // Parked again for the same reason, as another record: the ledger does not change.
    const running = await live.view.replay({ all: true });
    await text('#replay-sentence').toContain('Replaying');
    await live.pass(NEXT_ANSWER_MS);
    const before = asked();
    live.view.deadLetters = [{ ...NOT_JSON, id: '5', topic: 'again' }];
    live.view.job = { ...running, state: 'done' };
    await expect.poll(rows, SOON).toBe(1);
    await live.pass(NEXT_ANSWER_MS);
    await expect.poll(asked, SOON).toBe(before + 1);
  });

  it('opens one in full: facts, the exact payload, refused points and how the rules process it', async () => {
    park();
    const page = await live.open();
    await page.getByRole('button', { name: 'climate/x/telemetry' }).click();
    await text('#drawer-body .facts').toMatch(/client idc1QoS2ruleclimate/);
    await text('#drawer-body pre').toBe('{\n  "n": 12345678901234567890,\n  "n": []\n}');
    await text('#drawer-body').toContain('Point 1: point-too-old outside of the retention');
    await text('#drawer-body [data-outcome=written]').toBe('It would be stored by the rule climate');
    await text('#drawer-body [aria-label="Points as line protocol"]').toBe('climate n=1 5');
    await text('#drawer-body .tried').toBe('city sensors/# level 1 is climateclimate climate/# takes it');
    await page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.locator('#drawer').isVisible(), SOON).toBe(false);
  });

  it('shows bytes that are no text as hexadecimal, folds what is long and copies all of it', async () => {
    const bytes = Buffer.alloc(4_000, 0x41).fill(0, 0, 3);
    live.view.deadLetters = [
      parkedDetail({ id: '1', topic: 'bin', payloadBase64: bytes.toString('base64'), payloadBytes: 9_000 }),
    ];
    delete (live.view.deadLetters[0] as { payload?: string }).payload;
    const page = await live.open({ ...DESKTOP, permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'bin' }).click();
    await text('#drawer-body pre').toMatch(/^00000000 {2}00 00 00 41 .* {2}\.\.\.A{13}\n/);
    expect((await page.locator('#drawer-body pre').textContent())!.split('\n').length).toBe(40);
    await text('#drawer-body').toContain('Only its beginning; it has 8.8 KiB.');
    await page.getByRole('button', { name: 'Show all 250 lines' }).click();
    expect((await page.locator('#drawer-body pre').textContent())!.split('\n').length).toBe(250);
    await page.getByRole('button', { name: 'Copy as base64' }).click();
    await expect
      .poll(() => page.evaluate('navigator.clipboard.readText()'), SOON)
      .toBe(bytes.toString('base64'));
  });

  it('says so when the opened one no longer exists', async () => {
    park();
    const page = await live.open();
    await expect.poll(rows, SOON).toBe(2);
    const answer = page.waitForResponse(/dead-letters\/3$/);
    live.view.deadLetter = async () => ({});
    live.mayComplain = true;
    await page.getByRole('button', { name: 'a/b' }).click();
    expect((await answer).status()).toBe(404);
    await text('#drawer-body [role=alert]').toContain('It may have been replayed or deleted meanwhile.');
  });

  it('replays one, shows how far it is and what it waits for, and shows how it ended', async () => {
    park();
    const page = await live.open();
    await page.getByRole('button', { name: 'a/b' }).click();
    await page.getByRole('button', { name: 'Replay this' }).click();
    await expect
      .poll(() => live.view.replaysAsked, SOON)
      .toEqual([{ kind: 'replay', selection: { ids: ['3'] } }]);
    await text('#replay-sentence').toBe('Replaying: 0 of 1 message.');
    await expect.poll(() => page.getByRole('progressbar').isVisible(), SOON).toBe(true);
    expect(await page.getByRole('button', { name: 'Replay all…' }).isDisabled()).toBe(true);
    live.view.job = { ...live.view.job!, waitingFor: 'the store does not answer' };
    await text('#replay-sentence').toContain('Waiting: The store does not answer.');
    const outcomes = { written: 1, filtered: 0, parkedAgain: 0, purged: 0 };
    live.view.job = { ...live.view.job!, state: 'done', outcomes };
    live.view.deadLetters = [OUT_OF_TIME];
    await text('#replay-sentence').toBe('Replayed 1 message: 1 stored.');
    await expect.poll(rows, SOON).toBe(1);
    await expect.poll(() => page.getByRole('button', { name: 'Replay all…' }).isDisabled(), SOON).toBe(false);
  });

  it.each([
    ['on a desktop', DESKTOP],
    ['on a phone', PHONE],
  ])(
    'asks before it purges, says how many, and affects only those it counted, %s',
    async (_where, options) => {
      park();
      const page = await live.open(options);
      await page.getByLabel('Reason').selectOption('time-outside-window');
      await expect.poll(rows, SOON).toBe(1);
      await page.getByRole('button', { name: 'Delete all that fit…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Delete 1 message?' });
      await expect.poll(() => dialog.textContent(), SOON).toContain('This cannot be undone.');
      expect(await dialog.textContent()).toContain('for the reason time-outside-window');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel');
      await live.expectToFit();
      await page.keyboard.press('Enter');
      await expect.poll(() => dialog.isVisible(), SOON).toBe(false);
      expect(live.view.replaysAsked).toEqual([]);

      await page.getByRole('button', { name: 'Delete all that fit…' }).click();
      await dialog.getByRole('button', { name: 'Delete 1' }).click();
      await expect
        .poll(() => live.view.replaysAsked, SOON)
        .toEqual([{ kind: 'purge', selection: { ids: ['2'] } }]);
    },
  );

  it('replays what the filter matches by the filter when there are more than can be counted', async () => {
    live.view.deadLetters = Array.from({ length: 501 }, (_, id) => ({ ...NOT_JSON, id: String(id + 1) }));
    live.view.outcomes = { parked: { 'payload-not-json': 501 } };
    const page = await live.open();
    await page.getByRole('button', { name: 'Replay all…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Replay 500 messages or more?' });
    await dialog.getByRole('button', { name: 'Replay all of them' }).click();
    await page.getByLabel('Reason').selectOption('payload-not-json');
    await expect
      .poll(() => live.view.replaysAsked, SOON)
      .toEqual([{ kind: 'replay', selection: { all: true } }]);
    live.view.job = undefined;
    await page.getByRole('button', { name: 'Replay all that fit…' }).click();
    await dialog.getByRole('button', { name: 'Replay all of them' }).click();
    await expect
      .poll(() => live.view.replaysAsked.at(-1), SOON)
      .toEqual({ kind: 'replay', selection: { code: 'payload-not-json' } });
  });

  it('lets another replay begin when a state without one came before the answer and again after it', async () => {
    park();
    const page = await live.open();
    await page.route('**/api/dead-letters/replay', async (route) => {
      const response = await route.fetch();
      live.view.job = undefined;
      live.view.outcomes = { parked: { 'no-fields': 1 } };
      await text('#reasons').toContain('no-fields');
      await route.fulfill({ response });
    });
    await page.getByRole('button', { name: 'a/b' }).click();
    await page.getByRole('button', { name: 'Replay this' }).click();
    await text('#replay-sentence').toBe('Replaying: 0 of 1 message.');
    await expect.poll(() => page.getByRole('button', { name: 'Replay all…' }).isDisabled(), SOON).toBe(false);
  });

  it('shows in words why a replay is refused', async () => {
    park();
    live.view.replayFailure = new SluiceError('DEAD_LETTER_BUSY', 'A purge is under way.');
    live.mayComplain = true;
    const page = await live.open();
    await page.getByRole('button', { name: 'a/b' }).click();
    await page.getByRole('button', { name: 'Replay this' }).click();
    await text('#replay-refusal').toBe('The replay was not begun: A purge is under way.');
  });

  it('disables its buttons where changes are switched off, and says what to do instead', async () => {
    park();
    await live.server.close();
    await live.serve('never');
    const page = await live.open();
    await text('#replay-note').toMatch(/http\.changes .*npx sluice dead-letters/);
    for (const name of ['Replay all…', 'Delete all…'])
      expect(await page.getByRole('button', { name }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'a/b' }).click();
    await text('#drawer-body .actions').toContain('Changes are switched off here (http.changes).');
    expect(await page.getByRole('button', { name: 'Replay this' }).isDisabled()).toBe(true);
  });

  it('shows whatever a device sent as text', async () => {
    live.view.deadLetters = [
      parkedDetail({
        id: '1',
        topic: HOSTILE,
        clientId: `${HOSTILE}\u202e`,
        user: `${HOSTILE}\u202e`,
        code: HOSTILE,
        reason: HOSTILE,
        rule: HOSTILE,
        properties: { contentType: HOSTILE, user: [[HOSTILE, `${HOSTILE}\u202e`]] },
        payload: `${HOSTILE}\u0000\n\u202ex`,
        explanation: {
          outcome: 'parked',
          rule: HOSTILE,
          code: HOSTILE,
          reason: HOSTILE,
          lines: [HOSTILE],
          tried: [{ rule: HOSTILE, filter: HOSTILE, mismatch: HOSTILE }],
        },
      }),
    ];
    const page = await live.open();
    await page.getByRole('button', { name: HOSTILE }).click();
    await text('#drawer-body pre').toBe(`${HOSTILE}\\u{0}\n\\u{202e}x`);
    await text('#drawer-body .facts').toContain('\\u{202e}');
    await text('#drawer-body .facts').toContain(`content type${HOSTILE}`);
    expect(await page.locator('img').count()).toBe(0);
  });
});
