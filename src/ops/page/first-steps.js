import { byId, setText } from './dom.js';

const DEFAULT_MQTT_PORT = 1883;

/** What to type when nothing was ever received. */
export class FirstSteps {
  #section = byId('first-steps');
  #command = byId('command');

  constructor() {
    const copy = byId('copy');
    // Only on https and loopback does a browser let a page write to the clipboard.
    copy.hidden = navigator.clipboard === undefined;
    copy.addEventListener('click', () => {
      navigator.clipboard.writeText(this.#command.textContent).then(
        () => setText(copy, 'Copied'),
        () => setText(copy, 'Select and copy it'),
      );
    });
  }

  show(ledger, counters) {
    this.#section.hidden = ledger.received > 0;
    setText(this.#command, publishCommand(location.hostname, counters.mqttPort ?? DEFAULT_MQTT_PORT));
  }
}

function publishCommand(hostname, port) {
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
  const reading = '{"temperature": 21.5, "humidity": 48}';
  return `mosquitto_pub -h ${host} -p ${port} -q 1 -t sensors/kitchen/telemetry -m '${reading}'`;
}
