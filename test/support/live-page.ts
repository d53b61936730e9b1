import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import type { WhereChanges } from '../../src/ops/changes-guard.js';
import type { WarningView } from '../../src/ops/gateway-view.js';
import { type HttpServer, startHttpServer } from '../../src/ops/http-server.js';
import { FakeGatewayView } from './fake-gateway-view.js';
import { complaintsOf, DESKTOP, launchBrowser } from './page-browser.js';

export const SOON = { timeout: 15_000, interval: 100 };
export const HOSTILE = '<img src=x onerror=alert(1)>';

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

/**
 * The live page of a fake gateway, open in a browser. After each test it fails the test if the page complained on
 * its console, showed a dialog of the browser's own, or asked anybody but the gateway.
 */
export class LivePage {
  view!: FakeGatewayView;
  server!: HttpServer;
  page!: Page;
  /** Set by a test that takes the gateway away: a browser writes failed requests to the console. */
  mayComplain = false;
  #browser: Browser | undefined;
  /** One list a page that the test opened. */
  #complaints: (readonly string[])[] = [];
  readonly #origins = new Set<string>();

  /** Registers the hooks of the surrounding `describe`. */
  constructor() {
    beforeAll(async () => {
      this.#browser = await launchBrowser();
    }, 60_000);
    afterAll(() => this.#browser?.close());
    beforeEach(async () => {
      this.view = new FakeGatewayView();
      this.view.startedAtMs = Date.now() - 60_000;
      this.mayComplain = false;
      this.#complaints = [];
      this.#origins.clear();
      await this.serve();
    });
    afterEach(async () => {
      await this.page.context().close();
      await this.server.close();
      if (!this.mayComplain) expect(this.#complaints.flat()).toEqual([]);
      expect([...this.#origins].filter((origin) => origin !== this.server.url)).toEqual([]);
    });
  }

  async serve(changes: WhereChanges = 'loopback', port = 0): Promise<void> {
    this.server = await startHttpServer({
      host: '127.0.0.1',
      port,
      view: this.view,
      mqttPort: 18_830,
      changes,
    });
  }

  /** `prepare`: what happens in the page before its own scripts run. */
  async open(
    options: BrowserContextOptions = DESKTOP,
    prepare?: string | ((page: Page) => Promise<void>),
  ): Promise<Page> {
    const context = await this.#browser!.newContext(options);
    this.page = await context.newPage();
    if (typeof prepare === 'string') await this.page.addInitScript(prepare);
    else await prepare?.(this.page);
    this.#complaints.push(complaintsOf(this.page));
    this.page.on('request', (request) => this.#origins.add(new URL(request.url()).origin));
    await this.page.goto(this.server.url);
    return this.page;
  }

  text(selector: string) {
    return expect.poll(() => this.page.locator(selector).first().textContent(), SOON);
  }

  shown(selector: string) {
    return expect.poll(() => this.page.locator(selector).first().isVisible(), SOON);
  }

  /** Sideways there is nothing to scroll, and no box cuts off what it holds. */
  async expectToFit(): Promise<void> {
    const tooWide = `[document.documentElement, ...document.querySelectorAll('.panel, .stage, .branches, .drawer-body, .confirm')]
      .filter((box) => box.clientWidth > 0 && box.scrollWidth > box.clientWidth)
      .map((box) => [box.localName, box.className, box.scrollWidth, box.clientWidth].join(' '))`;
    expect(await this.page.evaluate(tooWide)).toEqual([]);
  }
}
