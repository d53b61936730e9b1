import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { WarningView } from '../../src/http/gateway-view.js';
import type { WhereChanges } from '../../src/http/guards.js';
import { type HttpServer, type HttpServerOptions, startHttpServer } from '../../src/http/http-server.js';
import { type PageFiles, readPageFiles } from '../../src/http/page-files.js';
import { SystemClock } from '../../src/lib/clock.js';
import { bundledPage } from './bundled-page.js';
import { FakeGatewayView } from './fake-gateway-view.js';
import { DESKTOP, launchBrowser, watchComplaints } from './page-browser.js';

export const SOON = { timeout: 15_000, interval: 50 };
export const HOSTILE = '<img src=x onerror=alert(1)>';

/** A tenth of the usual period, so that a test does not wait for the next state. */
const LIVE_PERIOD_MS = 100;
/**
 * Far less than the page's time limit for an answer, so that no request is aborted because the clock was moved. A request that
 * begins in the middle of a step takes the rest of the step, as the page sees it, and the page waits up to ten times as long
 * before it asks again.
 */
const CLOCK_STEP_MS = 250;
/** After this time the page has asked again for whatever it asks for repeatedly, also if an answer took a second. */
export const NEXT_ANSWER_MS = 12_000;

/** A line of the gateway's log of which a test names only what matters to it. */
export function warningLine(known: Partial<WarningView> & { readonly seq: number }): WarningView {
  return {
    atMs: Date.now(),
    level: 'warn',
    code: 'LOG_BLOCKED',
    sentence: `Line ${known.seq}.`,
    next: 'Look at the store.',
    fields: {},
    heldBack: 0,
    ...known,
  };
}

/** The paths of the four views. */
export type ViewPath = '/' | '/devices' | '/set-aside' | '/pipeline';

export interface OpenOptions {
  /** The path of the view; that of the constructor otherwise. */
  readonly path?: ViewPath;
  /** The address is opened with this behind its #. */
  readonly hash?: string;
  /** A script that runs in the page before its own scripts. */
  readonly script?: string;
  /** The page gets a clock that `LivePage.pass` moves. Otherwise it runs as usual. */
  readonly hasClock?: boolean;
}

/** Those of one test file share what is compressed. */
let sharedFiles: Promise<PageFiles> | undefined;
function pageFiles(): Promise<PageFiles> {
  sharedFiles ??= process.env.SLUICE_UNBUNDLED === '1' ? readPageFiles() : bundledPage();
  return sharedFiles;
}

/** A page, and the collected complaints and requests of the test that uses it now. */
interface Tab {
  readonly page: Page;
  readonly complaints: string[];
  /** Every request, oldest first. */
  readonly requests: URL[];
  /** How many requests have no answer yet; the streams are not counted. */
  openRequests: number;
}

/**
 * The live page of a fake gateway, open in a browser. After each test it fails the test if the page complained on
 * its console, showed a dialog of the browser's own, or asked anything but the gateway.
 *
 * Loading the page is what a test mostly waits for. So the tests of a file share one tab for each kind of screen (the
 * browser keeps the compiled scripts), and the gateways of all tests listen on one port. Between two tests the tab is
 * emptied and its storage cleared. A test that asks for a clock or a script gets a tab of its own.
 */
export class LivePage {
  view!: FakeGatewayView;
  server!: HttpServer;
  page!: Page;
  /** Set by a test that makes requests fail: a browser writes those to the console. */
  mayComplain = false;
  readonly #defaults: BrowserContextOptions;
  readonly #path: ViewPath;
  #browser!: Browser;
  #port = 0;
  #clock = new MovableClock();
  #tab!: Tab;
  /** By the options of the tab, as JSON. */
  readonly #sharedTabs = new Map<string, Tab>();
  /** The tabs that the current test has opened. */
  readonly #openTabs = new Set<Tab>();

  /**
   * Registers the hooks of the surrounding `describe`.
   *
   * @param defaults of every tab
   * @param path the view that `open` opens
   */
  constructor(defaults: BrowserContextOptions = {}, path: ViewPath = '/') {
    this.#path = path;
    this.#defaults = { ...DESKTOP, ...defaults };
    beforeAll(async () => {
      this.#browser = await launchBrowser();
    }, 60_000);
    afterAll(() => this.#browser?.close());
    beforeEach(async () => {
      this.view = new FakeGatewayView();
      this.view.startedAtMs = Date.now() - 60_000;
      this.mayComplain = false;
      this.#clock = new MovableClock();
      await this.serve();
    });
    afterEach(() => this.#cleanUp());
  }

  /** Starts the gateway, after a test has closed it or before. */
  async serve(
    changes: WhereChanges = 'loopback',
    users: Pick<HttpServerOptions, 'access' | 'read'> = {},
  ): Promise<void> {
    this.server = await startHttpServer({
      host: '127.0.0.1',
      port: this.#port,
      view: this.view,
      mqttPort: 18_830,
      changes,
      ...users,
      clock: this.#clock,
      livePeriodMs: LIVE_PERIOD_MS,
      pageFiles: await pageFiles(),
    });
    this.#port = this.server.port;
  }

  async open(
    options: BrowserContextOptions = {},
    { path = this.#path, hash = '', script, hasClock = false }: OpenOptions = {},
  ): Promise<Page> {
    const isShared = script === undefined && !hasClock;
    this.#tab = isShared ? await this.#sharedTab(options) : await this.#newTab(options);
    this.#openTabs.add(this.#tab);
    this.page = this.#tab.page;
    if (hasClock) await this.page.clock.install();
    if (script !== undefined) await this.page.addInitScript(script);
    const address = `${this.server.url}${path}`;
    await this.page.goto(hash === '' ? address : `${address}#${hash}`);
    return this.page;
  }

  text(selector: string) {
    return expect.poll(() => this.page.locator(selector).first().textContent(), {
      ...SOON,
      message: selector,
    });
  }

  shown(selector: string) {
    return expect.poll(() => this.page.locator(selector).first().isVisible(), { ...SOON, message: selector });
  }

  /** The requests to a path of the gateway, oldest first. */
  asked(path: string): readonly URL[] {
    return this.#tab.requests.filter(({ pathname }) => pathname === path);
  }

  /** How many requests the page has made. */
  get requestCount(): number {
    return this.#tab.requests.length;
  }

  /** Resolves when every request of the page has its answer. */
  async answered(): Promise<void> {
    await expect.poll(() => this.#tab.openRequests, SOON).toBe(0);
  }

  /**
   * Moves the clocks of the page and the gateway by this time. Requests get their answers in between, as they would if the
   * time had passed.
   */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= CLOCK_STEP_MS) {
      await this.answered();
      const stepMs = Math.min(CLOCK_STEP_MS, left);
      this.#clock.move(stepMs);
      await this.page.clock.runFor(stepMs);
    }
    await this.answered();
  }

  /** Stops the page's clock, so that from now on only `pass` moves it. */
  async stopClock(): Promise<void> {
    await this.answered();
    const nowMs = (await this.page.evaluate('Date.now()')) as number;
    // Playwright can stop a clock only at a moment that has not come yet.
    await this.page.clock.pauseAt(nowMs + CLOCK_STEP_MS);
    await this.answered();
  }

  /** Lets the page believe that its tab is hidden, or shown again. */
  async setHidden(isHidden: boolean): Promise<void> {
    await this.page.evaluate(`Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
      document.dispatchEvent(new Event('visibilitychange'));`);
  }

  /** Fails if there is anything to scroll sideways, or a box that cuts off its content. */
  async expectToFit(): Promise<void> {
    const tooWide = `[document.documentElement, ...document.querySelectorAll('.panel, .stage, .branches, .drawer-body, .confirm')]
      .filter((box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth)
      .map((box) => [box.localName, box.className, box.scrollWidth, box.clientWidth].join(' '))`;
    // A chart takes its new width when its observer has seen it.
    await expect.poll(() => this.page.evaluate(tooWide), SOON).toEqual([]);
  }

  async #sharedTab(options: BrowserContextOptions): Promise<Tab> {
    const key = JSON.stringify(options);
    const tab = this.#sharedTabs.get(key) ?? (await this.#newTab(options));
    this.#sharedTabs.set(key, tab);
    return tab;
  }

  async #newTab(options: BrowserContextOptions): Promise<Tab> {
    const context = await this.#browser.newContext({ ...this.#defaults, ...options });
    const page = await context.newPage();
    const tab: Tab = { page, complaints: watchComplaints(page), requests: [], openRequests: 0 };
    const count = (url: string, by: number) => {
      if (!['/api/live', '/api/arrivals'].includes(new URL(url).pathname)) tab.openRequests += by;
    };
    page.on('request', (request) => {
      tab.requests.push(new URL(request.url()));
      count(request.url(), 1);
    });
    page.on('requestfinished', (request) => count(request.url(), -1));
    page.on('requestfailed', (request) => count(request.url(), -1));
    return tab;
  }

  async #cleanUp(): Promise<void> {
    const tabs = [...this.#openTabs];
    this.#openTabs.clear();
    for (const tab of tabs) {
      if ([...this.#sharedTabs.values()].includes(tab)) await leave(tab.page);
      else await tab.page.context().close();
    }
    const { url } = this.server;
    await this.server.close();
    const complaints = tabs.flatMap((tab) => tab.complaints.splice(0));
    const requests = tabs.flatMap((tab) => tab.requests.splice(0));
    if (!this.mayComplain) expect(complaints).toEqual([]);
    expect(requests.map(({ origin }) => origin).filter((origin) => origin !== url)).toEqual([]);
  }
}

/** The time of this machine, plus what a test lets pass. */
class MovableClock extends SystemClock {
  #movedMs = 0;

  move(ms: number): void {
    this.#movedMs += ms;
  }

  override nowNs(): bigint {
    return super.nowNs() + BigInt(this.#movedMs) * 1_000_000n;
  }

  override monotonicMs(): number {
    return super.monotonicMs() + this.#movedMs;
  }
}

/** Empties a shared tab for the next test. */
async function leave(page: Page): Promise<void> {
  await page.evaluate('localStorage.clear()');
  await page.context().clearCookies();
  await page.goto('about:blank');
}
