import { beforeEach, describe, expect, it } from 'vitest';
import { requireServer } from '../../harness/servers.js';
import { FakeAccess } from '../support/fake-access.js';
import { parkedDetail } from '../support/fake-gateway-view.js';
import { LivePage, SOON } from '../support/live-page.js';
import { PHONE } from '../support/page-browser.js';

describe.skipIf(!requireServer('chromium'))('the sign-in of the live page', { timeout: 40_000 }, () => {
  const live = new LivePage({}, '/pipeline');
  let access: FakeAccess;

  /** Restarts the gateway with users. */
  async function serveUsers(read: 'open' | 'token'): Promise<void> {
    await live.server.close();
    await live.serve('loopback', { access, read });
  }

  async function signIn(user: string, password: string): Promise<void> {
    await live.page.getByLabel('User').fill(user);
    await live.page.getByLabel('Password or token').fill(password);
    await live.page.keyboard.press('Enter');
  }

  beforeEach(() => {
    access = new FakeAccess();
    // The browser writes each 401 to its console.
    live.mayComplain = true;
  });

  it('is not there where the gateway has no users', async () => {
    live.mayComplain = false;
    await live.open();
    await live.text('#log-level').toBe('info');
    await live.answered();
    for (const part of ['#sign-in-open', '#who', '#sign-in']) {
      expect(await live.page.locator(part).isVisible()).toBe(false);
    }
  });

  it('is asked for where reading needs it, says what is wrong, and shows the page then', async () => {
    await serveUsers('token');
    const page = await live.open();
    await live.shown('#sign-in').toBe(true);
    await live.text('#overall').toContain('Sign in to see this gateway');
    expect(await page.evaluate('document.activeElement.id')).toBe('sign-in-user');
    await signIn('owner', 'wrong');
    await live.text('#sign-in-problem').toContain('is not right');
    expect(await page.evaluate('document.activeElement.id')).toBe('sign-in-password');
    await signIn('owner', 'owner-token');
    await live.text('#log-level').toBe('info');
    await live.shown('#sign-in').toBe(false);
    await live.text('#who-name').toBe('owner');
    // The cookie is for no script, and the page keeps nothing of the password.
    expect(await page.evaluate('document.cookie + JSON.stringify({ ...localStorage })')).not.toMatch(
      /sluice-session|owner-token/,
    );
    await page.getByRole('button', { name: 'Switch to debug' }).click();
    await live.text('#log-level').toBe('debug');
    await page.locator('#tabs a[href="/devices"]').click();
    await page.reload();
    await live.text('#who-name').toBe('owner');
  });

  it('lets one sign out, after which nothing more can be seen', async () => {
    await serveUsers('token');
    const page = await live.open();
    await live.shown('#sign-in').toBe(true);
    await signIn('reader', 'reader-token');
    await live.text('#who-name').toBe('reader');
    await page.locator('#who summary').click();
    await live.text('#who-role').toBe('reader may read, not change');
    await page.keyboard.press('Escape');
    await live.shown('#who-role').toBe(false);
    await page.locator('#who summary').press('Enter');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await live.shown('#sign-in').toBe(true);
    await live.shown('#who').toBe(false);
  });

  it('is asked for again when the rules take the user away', async () => {
    await serveUsers('token');
    await live.open();
    await live.shown('#sign-in').toBe(true);
    await signIn('reader', 'reader-token');
    await live.text('#who-name').toBe('reader');
    access.users.delete('reader');
    await live.shown('#sign-in').toBe(true);
    await live.shown('#who').toBe(false);
  });

  it('leaves what can only be read to a reader, with the reason', async () => {
    live.view.deadLetters = [parkedDetail({ id: '1' })];
    await serveUsers('open');
    const page = await live.open();
    const button = page.locator('#log-level-button');
    await expect.poll(() => button.getAttribute('title'), SOON).toBe('Sign in to change something.');
    expect(await button.isDisabled()).toBe(true);
    expect(await page.locator('#sign-in').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await signIn('reader', 'reader-token');
    await expect.poll(() => button.getAttribute('title'), SOON).toBe('reader may read here, not change.');
    await page.locator('#tabs a[href="/set-aside"]').click();
    await live
      .text('#replay-note')
      .toContain('reader may read here, not change. The command line always works:');
  });

  it('can be put off, and then opened from the header', async () => {
    await serveUsers('token');
    const page = await live.open();
    await live.shown('#sign-in').toBe(true);
    await page.keyboard.press('Escape');
    await live.shown('#sign-in').toBe(false);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await live.shown('#sign-in').toBe(true);
  });

  it('can be filled in by a password manager', async () => {
    await serveUsers('token');
    const page = await live.open();
    await live.shown('#sign-in').toBe(true);
    expect(await page.getByLabel('User').getAttribute('autocomplete')).toBe('username');
    const password = page.getByLabel('Password or token');
    expect([await password.getAttribute('autocomplete'), await password.getAttribute('type')]).toEqual([
      'current-password',
      'password',
    ]);
  });

  it.each([
    ['light', PHONE],
    ['dark', { ...PHONE, colorScheme: 'dark', viewport: { width: 320, height: 640 } }],
  ] as const)('fits a phone, in %s', async (_theme, options) => {
    await serveUsers('token');
    await live.open(options);
    await live.shown('#sign-in').toBe(true);
    await live.expectToFit();
    const shots = process.env.SLUICE_SHOTS;
    if (shots !== undefined) await live.page.screenshot({ path: `${shots}/dialog-${_theme}.png` });
    access.users.set('a-user-with-a-long-name@plant.example', { secret: 's', role: 'change' });
    await signIn('a-user-with-a-long-name@plant.example', 's');
    await live.shown('#who').toBe(true);
    await live.expectToFit();
    await live.page.locator('#who summary').click();
    await live.expectToFit();
    if (shots !== undefined) await live.page.screenshot({ path: `${shots}/who-${_theme}.png` });
  });
});
