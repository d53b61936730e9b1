import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { findProgram } from '../../harness/server-process.js';
import { CHROMIUM_ARGS } from './chromium.js';

/** Without arrows that move, for which a browser draws sixty times a second. */
export const DESKTOP: BrowserContextOptions = {
  viewport: { width: 1440, height: 900 },
  reducedMotion: 'reduce',
};
export const PHONE: BrowserContextOptions = {
  reducedMotion: 'reduce',
  viewport: { width: 390, height: 844 },
  hasTouch: true,
  isMobile: true,
};

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: findProgram('chromium') ?? '', args: CHROMIUM_ARGS });
}

/** Returns a list that gets the page's console errors and warnings, uncaught exceptions and dialogs from now on. */
export function watchComplaints(page: Page): string[] {
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
