import { copyButton } from './copy-button.js';
import { byId, setText } from './dom.js';

/** @import { LedgerView } from './types.js' */

const DEFAULT_MQTT_PORT = 1883;

/** What to type when nothing was ever received. */
export class FirstSteps {
  #section = byId('first-steps');
  #command = byId('command');

  constructor() {
    const copy = copyButton(() => this.#command.textContent);
    if (copy !== null) this.#command.after(copy);
  }

  /** @param {LedgerView} ledger @param {number | null} mqttPort */
  show(ledger, mqttPort) {
    this.#section.hidden = ledger.received > 0;
    setText(this.#command, publishCommand(location.hostname, mqttPort ?? DEFAULT_MQTT_PORT));
  }
}

/** @param {string} hostname @param {number} port */
function publishCommand(hostname, port) {
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
  const reading = '{"temperature": 21.5, "humidity": 48}';
  return `mosquitto_pub -h ${host} -p ${port} -q 1 -t sensors/kitchen/telemetry -m '${reading}'`;
}
