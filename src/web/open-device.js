import { deviceIn, keyOf, withDevice } from './devices-link.js';

/** @import { Views } from './views.js' */
/** @import { DeviceAddress } from './types.js' */

/**
 * The device whose details are open. It stands in the address, so it can be linked, and the browser's step back closes
 * the details. Links to devices anywhere on the page (class `device-open`) open it here instead of loading the page.
 */
export class OpenDevice {
  /** @type {DeviceAddress | undefined} */
  device;
  #views;
  #onChange;
  #scrolledTo = 0;

  /**
   * `onChange(before)` is called when another device is open, or none. `before`: the one that was.
   *
   * @param {Views} views
   * @param {(before: DeviceAddress | undefined) => void} onChange
   */
  constructor(views, onChange) {
    this.#views = views;
    this.#onChange = onChange;
    this.device = this.#addressed;
    addEventListener('popstate', () => this.#follow());
    views.onChange(() => this.#follow());
    document.addEventListener('click', (click) => this.#take(click));
  }

  get key() {
    return this.device === undefined ? '' : keyOf(this.device);
  }

  close() {
    if (history.state?.opensDevice === true) history.back();
    else this.#replace(location.pathname);
  }

  /** The details are no longer open: neither here nor for whom the address of this view is sent to. */
  leave() {
    this.#replace(location.pathname);
  }

  get #addressed() {
    return this.#views.shown === 'devices' ? deviceIn(location.hash) : undefined;
  }

  /** @param {MouseEvent} click */
  #take(click) {
    if (click.defaultPrevented || click.ctrlKey || click.metaKey || click.shiftKey) return;
    const link = click.target instanceof Element ? click.target.closest('a.device-open') : null;
    const device = deviceIn(link?.getAttribute('href')?.split('#')[1] ?? '');
    if (device === undefined) return;
    click.preventDefault();
    this.#open(device);
  }

  /** @param {DeviceAddress} device */
  #open(device) {
    const isOther = this.device !== undefined;
    if (!isOther) this.#scrolledTo = this.#views.shown === 'devices' ? scrollY : 0;
    const address = `/devices${location.search}#${withDevice(location.hash, device)}`;
    // Another device takes the place of the first, so that one step back closes the details.
    if (isOther) history.replaceState(history.state, '', address);
    else history.pushState({ opensDevice: true }, '', address);
    dispatchEvent(new PopStateEvent('popstate'));
  }

  /** @param {string} path */
  #replace(path) {
    const hash = withDevice(location.hash, undefined);
    history.replaceState(null, '', path + location.search + (hash === '' ? '' : `#${hash}`));
    dispatchEvent(new PopStateEvent('popstate'));
  }

  #follow() {
    const before = this.device;
    const device = this.#addressed;
    if (JSON.stringify(before) === JSON.stringify(device)) return;
    this.device = device;
    this.#onChange(before);
    if (this.#views.shown !== 'devices') return;
    // On a phone the details take the place of the list.
    if (before === undefined) scrollTo(0, 0);
    else if (device === undefined) scrollTo(0, this.#scrolledTo);
  }
}
