import { carriesState, parseHash, printHash } from './chart-hash.js';

/** @import { LinkState } from './types.js' */

/** What of the page's state is in its address, so that a view can be linked and survives a reload. */
export class ChartLink {
  state;

  /**
   * `onChange`: the address was changed by hand or by the browser's back and forward.
   *
   * @param {() => void} onChange
   */
  constructor(onChange) {
    this.state = parseHash(location.hash);
    addEventListener('popstate', () => {
      if (!carriesState(location.hash)) return;
      this.state = parseHash(location.hash);
      onChange();
    });
  }

  /**
   * `isNewEntry`: a step that the browser's back button undoes.
   *
   * @param {Partial<LinkState>} changed
   * @param {{ isNewEntry?: boolean }} [options]
   */
  write(changed, { isNewEntry = false } = {}) {
    this.state = { ...this.state, ...changed };
    const hash = printHash(this.state, carriesState(location.hash) ? location.hash : '');
    if (hash === location.hash.replace(/^#/, '')) return;
    const address = hash === '' ? location.pathname + location.search : `#${hash}`;
    if (isNewEntry) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  }
}
