import { describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import type { ReplayTrial } from '../../src/http/parked-groups-view.js';
import { SluiceError } from '../../src/lib/errors.js';
import type { FinishedReplay } from '../../src/replay/replay-status.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { HOSTILE, LivePage, NEXT_ANSWER_MS, SOON } from '../support/live-page.js';
import { PHONE } from '../support/page-browser.js';

const HOUR_MS = 3_600_000;

/** Nine readings that are too humid, two messages without a rule. */
const HUMID = Array.from({ length: 9 }, (_, n) =>
  parkedDetail({
    id: `${100 - n}`,
    topic: 'weather/orchard/telemetry',
    clientId: 'orchard',
    code: 'field-out-of-range',
    rule: 'weather',
    reason: `the field "humidity" is the number 100.${n + 1}, outside the range 0 to 100`,
    payload: `{"temperature":100.${n + 1},"humidity":100.${n + 1}}`,
    payloadBytes: 40,
    parkedAtMs: Date.now() - 30 * HOUR_MS - n,
  }),
);
const NO_RULE = [1, 2].map((id) =>
  parkedDetail({
    id: `${id}`,
    topic: `lab/${id}/state`,
    code: 'rule-none',
    reason: 'no rule takes the topic',
  }),
);

const RULE_PART = {
  file: 'sluice.yaml',
  line: 31,
  key: 'rules[0].fields.humidity',
  text: 'fields:\n  humidity:\n    path: payload.humidity\n    type: float\n    range: [0, 100]',
};

function trial(fits: number, tried: number, more: Partial<ReplayTrial> = {}): ReplayTrial {
  return { tried, fits, filtered: 0, outcomes: [], ...more };
}

describe.skipIf(!requireServer('chromium'))(
  'the view "Set aside" of the live page',
  { timeout: 90_000 },
  () => {
    const live = new LivePage({}, '/set-aside');
    const text = (selector: string) => live.text(selector);
    const row = (nth: number) => live.page.locator('.aside').nth(nth);
    const codes = () => live.page.locator('.aside-code > .code:first-child').allTextContents();

    function setAside(): void {
      live.view.deadLetters = [...HUMID, ...NO_RULE];
      live.view.outcomes = { parked: { 'field-out-of-range': 9, 'rule-none': 2 } };
      live.view.groupsMore = {
        'field-out-of-range': {
          rulePart: RULE_PART,
          replay: trial(0, 9, { parkedAgain: { code: 'field-out-of-range', reason: 'still too humid' } }),
        },
        'rule-none': { replay: trial(0, 2, { parkedAgain: { code: 'rule-none', reason: 'no rule' } }) },
      };
    }

    it('has one row a reason: how many, in plain words, from where, when, and what a replay would do', async () => {
      setAside();
      live.view.groupsAnswer = { today: 2 };
      await live.open();
      await expect.poll(codes, SOON).toEqual(['field-out-of-range', 'rule-none']);
      expect(await row(0).locator('summary').innerText()).toMatch(
        /^9\nA value outside the range of its rule\nfield-out-of-range, rule weather\nweather\/orchard\/telemetry\n/,
      );
      expect(await row(0).locator('.aside-last').textContent()).not.toContain('still coming');
      expect(await row(0).locator('.bars').getAttribute('aria-label')).toBe(
        '9 in the last 24 hours, at most 9 in one',
      );
      await text('.aside .state').toBe('would be set aside again');
      expect(await row(1).locator('summary').innerText()).toMatch(
        /lab\/1\/state, lab\/2\/state\n.*, still coming/,
      );
      await text('#set-aside-words').toBe(
        '11 messages could not become points, 2 of them today. Each is kept whole, with its reason.',
      );
      await text('#set-aside-room').toBe('room for messages set aside: 9 KiB of 256 MiB used');
      await live.expectToFit();
    });

    it('says in its tab how many came today, in every view', async () => {
      live.view.facts = { ...live.view.facts, setAsideToday: 1_234 };
      await live.open({}, { path: '/pipeline' });
      await text('#set-aside-badge').toBe('1,234');
      live.view.facts = { ...live.view.facts, setAsideToday: 0 };
      await expect.poll(() => live.page.locator('#set-aside-badge').isVisible(), SOON).toBe(false);
    });

    it('claims nothing before it knows', async () => {
      let open = () => {};
      live.view.groupsGate = new Promise((resolve) => {
        open = resolve;
      });
      const page = await live.open();
      await text('#dead-letters-note').toBe('Nothing is set aside.');
      expect(await page.locator('#set-aside-asking').isVisible()).toBe(true);
      expect(await page.locator('#set-aside-words').textContent()).toBe('');
      expect(await page.locator('#done-lately').isVisible()).toBe(false);
      open();
      await text('#set-aside-words').toBe('Nothing is set aside.');
      expect(await page.locator('#set-aside-asking').isVisible()).toBe(false);
      expect(await page.locator('#set-aside').isVisible()).toBe(false);
      await text('#done-lately-none').toContain('Nothing has been replayed or deleted');
    });

    it('keeps what it shows when the gateway cannot answer, and says so', async () => {
      setAside();
      await live.open({}, { hasClock: true });
      await expect.poll(codes, SOON).toHaveLength(2);
      live.mayComplain = true;
      const answer = live.view.parkedGroups;
      live.view.parkedGroups = async () => {
        throw new SluiceError('DEAD_LETTER_FAILED', 'the disk is away');
      };
      await live.pass(NEXT_ANSWER_MS);
      await text('#set-aside-note').toContain('What is set aside cannot be read now: ');
      expect(await codes()).toHaveLength(2);
      live.view.parkedGroups = answer;
      await live.pass(NEXT_ANSWER_MS);
      await expect.poll(() => live.page.locator('#set-aside-note').isVisible(), SOON).toBe(false);
    });

    it('opens to what arrived, with the value marked, the rule as it is in use, and a range that follows from the messages', async () => {
      setAside();
      const page = await live.open();
      await row(0).locator('summary').click();
      await text('.aside[open] mark').toBe('100.1');
      const payload = row(0).getByRole('group', { name: 'What arrived' });
      expect(await payload.textContent()).toBe('{\n  "temperature": 100.1,\n  "humidity": 100.1\n}');
      // Of two equal values the one of the field is marked.
      expect(await payload.evaluate((node) => node.childNodes[0]!.textContent)).toContain('"humidity": ');
      await text('.aside[open] ins').toBe('+     range: [0, 100.9]');
      await text('.aside[open] del').toBe('-     range: [0, 100]');
      const steps = row(0).locator('.steps');
      expect(await steps.textContent()).toContain('The values that were outside: 100.1 to 100.9.');
      expect(await steps.textContent()).toMatch(
        /In sluice\.yaml:31\. After a change: npx sluice check, then npx sluice reload/,
      );
      expect(await steps.textContent()).toContain('9 would be set aside again.');
      expect(await steps.textContent()).toContain('field-out-of-range: still too humid');
      await row(0).getByRole('button', { name: 'Open it in full' }).click();
      await text('#drawer-body .facts').toContain('orchard');
      await page.keyboard.press('Escape');
      await row(1).locator('summary').click();
      await expect
        .poll(() => row(1).locator('.steps').textContent(), SOON)
        .toContain('npx sluice suggest --dead-letter --code rule-none writes a rule to start from.');
      await live.expectToFit();
    });

    it('says that they are ready after a reload, and replays exactly the messages of the group', async () => {
      setAside();
      const page = await live.open({}, { hasClock: true });
      await row(0).locator('summary').click();
      await text('.aside[open] ins').toContain('100.9');
      live.view.groupsMore['field-out-of-range'] = {
        replay: trial(9, 9),
        rulePart: { ...RULE_PART, text: RULE_PART.text.replace('100', '105') },
      };
      live.view.groupsAnswer = { rulesSinceMs: Date.now() };
      await live.pass(NEXT_ANSWER_MS);
      await text('.aside .state').toBe('ready: 9 of 9 fit now');
      const steps = row(0).locator('.steps');
      await expect.poll(() => steps.textContent(), SOON).toContain('range: [0, 105]');
      expect(await steps.textContent()).toContain('All 9 would be stored now.');
      expect(await steps.textContent()).toContain('Nothing more is to be fixed');
      expect(await row(0).getAttribute('open')).toBe('');

      // One of another group with the same code must not be touched.
      live.view.deadLetters = [
        ...live.view.deadLetters,
        parkedDetail({ id: '7', code: 'field-out-of-range' }),
      ];
      await row(0).getByRole('button', { name: 'Replay 9 messages…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Replay 9 messages?' });
      await expect
        .poll(() => dialog.textContent(), SOON)
        .toContain('What was set aside for the reason field-out-of-range, by the rule weather.');
      await dialog.getByRole('button', { name: 'Replay 9' }).click();
      await expect.poll(() => live.view.replaysAsked.length, SOON).toBe(1);
      expect(live.view.replaysAsked[0]).toEqual({
        kind: 'replay',
        selection: { ids: HUMID.map(({ id }) => id) },
      });
      await text('#replay-sentence').toContain('Replaying');
      await expect.poll(() => row(0).getByRole('button', { name: 'Delete…' }).isDisabled(), SOON).toBe(true);

      const outcomes = { written: 9, filtered: 0, parkedAgain: 0, purged: 0 };
      const status = { ...live.view.job!, state: 'done' as const, outcomes };
      live.view.job = status;
      live.view.deadLetters = NO_RULE;
      const finished: FinishedReplay = {
        status,
        endedAtMs: status.startedAtMs + 1_200,
        selection: { ids: 9 },
      };
      live.view.groupsAnswer = { finished: [finished] };
      live.view.outcomes = { written: 9, parked: { 'rule-none': 2 } };
      await live.pass(NEXT_ANSWER_MS);
      // Somebody reads the row: it stays, and says that nothing is left.
      await text('.aside .state').toBe('none is left');
      await text('#done-lately-list li').toMatch(
        /Replayed 9 messages: 9 stored\.9 chosen one by onetook 1\.2 s$/,
      );
      await row(0).locator('summary').click();
      await live.pass(NEXT_ANSWER_MS);
      await expect.poll(codes, SOON).toEqual(['rule-none']);
    });

    it('deletes a group after asking', async () => {
      setAside();
      const page = await live.open();
      await row(1).locator('summary').click();
      await row(1).getByRole('button', { name: 'Delete…' }).click();
      const dialog = page.getByRole('dialog', { name: 'Delete 2 messages?' });
      await expect.poll(() => dialog.textContent(), SOON).toContain('This cannot be undone.');
      await dialog.getByRole('button', { name: 'Delete 2' }).click();
      await expect
        .poll(() => live.view.replaysAsked, SOON)
        .toEqual([{ kind: 'purge', selection: { ids: ['1', '2'] } }]);
    });

    it('moves no row while it is read, and puts a new reason below', async () => {
      setAside();
      const page = await live.open({}, { hasClock: true });
      await expect.poll(codes, SOON).toEqual(['field-out-of-range', 'rule-none']);
      await row(1).locator('summary').click();
      live.view.deadLetters = [
        ...Array.from({ length: 20 }, (_, n) => parkedDetail({ id: `${500 + n}`, code: 'no-fields' })),
        ...HUMID.slice(0, 1),
        ...NO_RULE,
      ];
      await live.pass(NEXT_ANSWER_MS);
      await expect.poll(codes, SOON).toEqual(['field-out-of-range', 'rule-none', 'no-fields']);
      expect(await row(1).getAttribute('open')).toBe('');
      await row(1).locator('summary').click();
      // Whoever comes to the view again gets the order of now.
      await page.locator('#tabs').getByRole('link', { name: 'Pipeline' }).click();
      await page.locator('#tabs').getByRole('link', { name: 'Set aside' }).click();
      await expect.poll(codes, SOON).toEqual(['no-fields', 'rule-none', 'field-out-of-range']);
    });

    it('lists the messages of a group', async () => {
      setAside();
      await live.open();
      await row(0).locator('summary').click();
      await row(0).getByRole('button', { name: 'Show the 9 messages in the list' }).click();
      await expect.poll(() => live.page.locator('#dead-letters-rows tr').count(), SOON).toBe(9);
      expect(await live.page.locator('#filter-code').inputValue()).toBe('field-out-of-range');
      expect(await live.page.locator('#filter-rule').inputValue()).toBe('weather');
      expect(await live.page.evaluate('document.activeElement.id')).toBe('messages-title');
    });

    it('says what is counted without content, and what is still being read', async () => {
      setAside();
      live.view.groupsMore['rule-none'] = { withoutPayload: 2 };
      live.view.groupsAnswer = { onlyCounted: 4, incomplete: true, records: 3_000, ofOtherGroups: 5 };
      await live.open();
      await text('#set-aside-words').toBe(
        '3,000 messages could not become points. Each is kept with its reason, 2 without their content. ' +
          '4 messages were only counted, because there was no room for more.',
      );
      await text('#set-aside-foot').toBe(
        'Older files are being read: 16 of 3,000 messages are in these rows so far. ' +
          '5 messages of more reasons are only in the list below.',
      );
      expect(await row(1).locator('.state').textContent()).toBe(
        'cannot be replayed: its content is not kept',
      );
      await row(1).locator('summary').click();
      expect(await row(1).getByRole('button', { name: 'Replay 0 messages…' }).isDisabled()).toBe(true);
      expect(await row(1).getByRole('button', { name: 'Delete…' }).isDisabled()).toBe(false);
    });

    it('reads only where changes are switched off', async () => {
      setAside();
      await live.server.close();
      await live.serve('never');
      await live.open();
      await row(0).locator('summary').click();
      for (const name of ['Replay 9 messages…', 'Delete…'])
        await expect.poll(() => row(0).getByRole('button', { name }).isDisabled(), SOON).toBe(true);
      expect(await row(0).textContent()).toContain('Changes are switched off here (http.changes).');
    });

    it('can be read by keyboard and on a phone', async () => {
      setAside();
      const page = await live.open(PHONE);
      await expect.poll(codes, SOON).toHaveLength(2);
      await row(0).locator('summary').focus();
      await page.keyboard.press('Enter');
      await text('.aside[open] mark').toBe('100.1');
      await live.expectToFit();
      await page.setViewportSize({ width: 320, height: 800 });
      await live.expectToFit();
    });

    it('shows whatever a device sent as text', async () => {
      live.view.deadLetters = [
        parkedDetail({
          id: '1',
          topic: `${HOSTILE}\u202e`,
          clientId: HOSTILE,
          code: HOSTILE,
          rule: HOSTILE,
          reason: `the field "${HOSTILE}" is the number 1, outside the range 0 to 0`,
          payload: `{"${HOSTILE}\u202e":1,"x":"${HOSTILE}"}`,
          payloadBytes: 90,
        }),
      ];
      live.view.groupsMore = {
        [HOSTILE]: {
          replay: trial(0, 1, { parkedAgain: { code: HOSTILE, reason: HOSTILE } }),
          rulePart: { file: HOSTILE, key: HOSTILE, text: HOSTILE },
        },
      };
      const page = await live.open();
      await text('.aside-from').toBe(`${HOSTILE}\\u{202e}`);
      await row(0).locator('summary').click();
      await text('.aside[open] [aria-label="What arrived"]').toContain(`"${HOSTILE}\\u{202e}": 1`);
      await text('.aside[open] [aria-label="The part of the rule that decides"]').toContain(HOSTILE);
      expect(await page.locator('.aside img').count()).toBe(0);
      await live.expectToFit();
    });
  },
);
