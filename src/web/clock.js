import { byId, setText } from './dom.js';

/** @import { LiveState } from './types.js' */

const day = new Intl.DateTimeFormat('en-GB', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
});
const time = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/**
 * Date and time of the gateway. All times on the page are shown in the zone of the browser, which stands here once; where
 * the gateway has another, its own time stands beside it. The clock moves with the states only, so it stops with them.
 */
export class Clock {
  #day = byId('clock-day');
  #time = byId('clock-time');
  #zone = byId('clock-zone');

  /** @param {Pick<LiveState, 'nowMs' | 'timeZone'>} state */
  show({ nowMs, timeZone }) {
    setText(this.#day, day.format(nowMs).replace(/^(\w+),/, '$1'));
    setText(this.#time, time.format(nowMs));
    setText(this.#zone, zoneWords(nowMs, timeZone));
  }
}

/**
 * "Europe/Berlin, UTC+1", with the gateway's zone when its clocks show another time.
 *
 * @param {number} nowMs
 * @param {string} gatewayZone
 * @param {string} [ownZone]
 */
export function zoneWords(nowMs, gatewayZone, ownZone = Intl.DateTimeFormat().resolvedOptions().timeZone) {
  const own = offsetOf(nowMs, ownZone) ?? 'UTC';
  const words = ownZone === own ? own : `${ownZone}, ${own}`;
  const other = offsetOf(nowMs, gatewayZone);
  if (other === own || other === null) return words;
  return `${words}; the gateway is in ${gatewayZone}, ${other}`;
}

/** @param {number} nowMs @param {string} zone */
function offsetOf(nowMs, zone) {
  try {
    const parts = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'shortOffset' });
    const name = parts.formatToParts(nowMs).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
    return name.replace('GMT', 'UTC').replace(/[+-]0$/, '');
  } catch {
    // This browser does not know the zone.
    return null;
  }
}
