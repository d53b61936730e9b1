import { byId, setAttribute } from './dom.js';

/** @import { ViewName } from './types.js' */

/** The path of each view. The gateway serves the same document at all of them. */
/** @type {Readonly<Record<string, ViewName>>} */
const VIEWS_BY_PATH = {
  '/': 'overview',
  '/devices': 'devices',
  '/set-aside': 'set-aside',
  '/pipeline': 'pipeline',
};

/**
 * The four views of the page, of which the one of the address is shown. A link from one view to another changes the
 * address and keeps what stands behind its #: range and choices of the charts. Nothing is loaded again, so the stream of
 * states goes on.
 */
export class Views {
  /** @type {((shown: ViewName) => void)[]} */
  #listeners = [];
  #shown = viewOf(location.pathname);

  constructor() {
    addEventListener('popstate', () => this.#show(viewOf(location.pathname)));
    document.addEventListener('click', (click) => this.#follow(click));
    this.#draw();
  }

  get shown() {
    return this.#shown;
  }

  /**
   * `listener` is called with the view that has just come to be shown.
   *
   * @param {(shown: ViewName) => void} listener
   */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** @param {ViewName} view */
  open(view) {
    if (view === this.#shown) return;
    history.pushState(null, '', pathOf(view) + location.search + location.hash);
    this.#show(view);
    scrollTo(0, 0);
  }

  /**
   * A link to a view opens it here. A link within the document opens the view that holds its target, scrolls there and
   * moves the focus, but leaves the address alone: what stands behind the # is what the charts show.
   *
   * @param {MouseEvent} click
   */
  #follow(click) {
    if (click.defaultPrevented || click.ctrlKey || click.metaKey || click.shiftKey) return;
    const link = click.target instanceof Element ? click.target.closest('a') : null;
    const href = link?.getAttribute('href') ?? '';
    if (Object.hasOwn(VIEWS_BY_PATH, href)) {
      click.preventDefault();
      this.open(VIEWS_BY_PATH[href]);
    } else if (href.startsWith('#')) {
      const target = document.getElementById(href.slice(1));
      if (target === null) return;
      click.preventDefault();
      this.reveal(target);
    }
  }

  /**
   * Opens the view that holds the target, scrolls to it and moves the focus there.
   *
   * @param {HTMLElement} target
   */
  reveal(target) {
    const view = target.closest('.view')?.id.replace('view-', '');
    const found = Object.values(VIEWS_BY_PATH).find((name) => name === view);
    if (found !== undefined) this.open(found);
    target.tabIndex = -1;
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  /** @param {ViewName} view */
  #show(view) {
    if (view === this.#shown) return;
    this.#shown = view;
    this.#draw();
    for (const listener of this.#listeners) listener(view);
  }

  #draw() {
    for (const view of Object.values(VIEWS_BY_PATH)) byId(`view-${view}`).hidden = view !== this.#shown;
    for (const link of byId('tabs').querySelectorAll('a')) {
      const isShown = link.getAttribute('href') === pathOf(this.#shown);
      if (isShown) setAttribute(link, 'aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }
}

/** @param {string} path @returns {ViewName} */
function viewOf(path) {
  return Object.hasOwn(VIEWS_BY_PATH, path) ? VIEWS_BY_PATH[path] : 'overview';
}

/** @param {ViewName} view */
function pathOf(view) {
  return Object.keys(VIEWS_BY_PATH).find((path) => VIEWS_BY_PATH[path] === view) ?? '/';
}
