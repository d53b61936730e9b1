import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { type HttpServer, startHttpServer } from '../../src/ops/http-server.js';
import { CHROMIUM_ARGS } from './chromium.js';
import type { FakeGatewayView } from './fake-gateway-view.js';
import { findProgram } from './server-process.js';

export const DESKTOP: BrowserContextOptions = { viewport: { width: 1440, height: 900 } };
export const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findProgram('chromium') ?? '', args: CHROMIUM_ARGS });
}

/** Console errors and warnings, uncaught exceptions and dialogs of the page; grows from now on. */
export function complaintsOf(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on('console', (line) => {
    if (['error', 'warning'].includes(line.type())) complaints.push(line.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return complaints;
}

/** The live page over a fake gateway, in a browser of its own; `close` ends both. */
export interface OpenPage {
  readonly page: Page;
  readonly server: HttpServer;
  /** Console errors, uncaught exceptions, dialogs. */
  readonly complaints: readonly string[];
  /** Path and query of every request to the API. */
  readonly asked: readonly URL[];
  close(): Promise<void>;
}

/** `hash`: of the address that is opened, without `#`. */
export async function openPage(
  browser: Browser,
  view: FakeGatewayView,
  options: BrowserContextOptions,
  hash = '',
): Promise<OpenPage> {
  const server = await startHttpServer({ host: '127.0.0.1', port: 0, view });
  const context = await browser.newContext({ timezoneId: 'Asia/Kolkata', ...options });
  const page = await context.newPage();
  const complaints = complaintsOf(page);
  const asked: URL[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname.startsWith('/api/')) asked.push(url);
  });
  await page.goto(hash === '' ? server.url : `${server.url}/#${hash}`);
  return {
    page,
    server,
    complaints,
    asked,
    async close() {
      await context.close();
      await server.close();
    },
  };
}
