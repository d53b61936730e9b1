import { arrivalIcon } from './arrival-icon.js';
import { deviceName, outcomeWord } from './arrival-words.js';
import { copyButton } from './copy-button.js';
import { byId, element, setText } from './dom.js';
import { count, duration, foreign } from './format.js';
import { payloadLines } from './payload-text.js';
import { addressText, publishAddress, publishCommand } from './publish-address.js';

/** @import { ArrivalsPanel } from './arrivals-panel.js' */
/** @import { Arrival, FirstStepsView, LiveState, MeasurementSummary } from './types.js' */

const STORE_NAMES = { influx: 'InfluxDB', duckdb: 'DuckDB' };
/** The message may be counted before it is shown; one that another page has seen is not shown here. */
const ARRIVES_WITHIN_MS = 2_000;
/** Then the readings are what one comes for. */
const STAYS_MS = 60_000;
/** Of the payload: enough to know it again. */
const MAX_LINES = 12;
const MAX_CHARACTERS = 600;

/**
 * What somebody does who has received nothing yet: where to send a first message, and what becomes of it. After the first
 * message it stays for a minute, longer under the pointer or the focus, and it is not shown when there were messages before.
 */
export class FirstSteps {
  #arrivals;
  #section = byId('first-steps');
  #overview = byId('overview');
  #command = byId('command');
  #trail = byId('first-trail');
  #open = byId('first-open', HTMLButtonElement);
  #close = byId('first-close', HTMLButtonElement);
  /** @type {FirstStepsView | undefined} */
  #steps;
  /** @type {Arrival | undefined} */
  #first;
  #isClosed = false;
  #hasMeasurements = false;
  /** When the page saw that something was received, by the gateway's clock; 0: nothing was. */
  #receivedAtMs = 0;

  /** @param {ArrivalsPanel} arrivals */
  constructor(arrivals) {
    this.#arrivals = arrivals;
    arrivals.onArrival = (arrival) => this.#take(arrival);
    const copy = copyButton(() => this.#command.textContent);
    if (copy !== null) this.#command.after(copy);
    this.#open.addEventListener('click', () => this.#first && this.#arrivals.open(this.#first));
    this.#close.addEventListener('click', () => {
      this.#isClosed = true;
      this.#section.hidden = true;
    });
  }

  /** @param {FirstStepsView} steps */
  describe(steps) {
    this.#steps = steps;
    const { listeners, rule, sample } = steps;
    const address = publishAddress(listeners, location.hostname);
    setText(byId('first-listens'), listensWords(address));
    byId('first-connect').hidden = address === undefined;
    if (address !== undefined) {
      const scheme = address.protocol === 'mqtt' ? 'mqtt' : 'ws';
      byId('first-connect').replaceChildren(
        'Connect to ',
        element('code', {}, `${scheme}://${addressText(address)}`),
        ', MQTT 3.1.1 or 5, without a user name and without TLS.',
      );
    }
    byId('first-rule').replaceChildren(...ruleWords(rule, sample !== undefined));
    const isSendable = address?.protocol === 'mqtt' && sample !== undefined;
    if (this.#command.parentElement !== null) this.#command.parentElement.hidden = !isSendable;
    if (isSendable) setText(this.#command, publishCommand(address, sample));
    this.#showTrail();
  }

  /** @param {readonly MeasurementSummary[]} measurements those in the store */
  noteMeasurements(measurements) {
    this.#hasMeasurements = measurements.length > 0;
    if (this.#hasMeasurements) this.#overview.hidden = false;
  }

  /** @param {LiveState} state */
  show({ ledger, broker, nowMs }) {
    const isEmpty = ledger.received === 0;
    if (isEmpty) this.#receivedAtMs = 0;
    else if (this.#receivedAtMs === 0) this.#receivedAtMs = nowMs;
    const wasShown = !this.#section.hidden;
    const isComing = wasShown && nowMs - this.#receivedAtMs < ARRIVES_WITHIN_MS;
    const isOld = this.#first !== undefined && nowMs - this.#receivedAtMs > STAYS_MS;
    if (isOld && !this.#section.matches(':hover, :focus-within')) this.#isClosed = true;
    const isArrived = this.#first !== undefined && !this.#isClosed;
    this.#section.hidden = !(isEmpty || isArrived || isComing);
    // A store may have points from before this data directory; without any there is nothing to show beside the steps.
    this.#overview.hidden = isEmpty && !this.#hasMeasurements;
    const connected = broker?.connections ?? 0;
    const devices = connected === 1 ? '1 device is connected' : `${count(connected)} devices are connected`;
    setText(byId('first-wait'), `Waiting for the first message… ${devices}.`);
  }

  /** @param {Arrival} arrival */
  #take(arrival) {
    if (this.#section.hidden || this.#isClosed) return;
    if (this.#first !== undefined && this.#first.id !== arrival.id) return;
    this.#first = arrival;
    byId('first-steps-title').hidden = true;
    byId('first-how').hidden = true;
    this.#open.hidden = false;
    this.#close.hidden = false;
    setText(
      byId('first-arrived'),
      `Your message arrived: from ${deviceName(arrival)}, on ${foreign(arrival.topic, 200)}.`,
    );
    const payload = byId('first-payload');
    payload.hidden = false;
    setText(payload, payloadLines(arrival).lines.slice(0, MAX_LINES).join('\n').slice(0, MAX_CHARACTERS));
    this.#showTrail();
  }

  #showTrail() {
    if (this.#steps === undefined) return;
    const { store, rule } = this.#steps;
    const { loggedMs, mappedMs, storedMs, receivedMs = 0 } = this.#first?.steps ?? {};
    const outcome = this.#first?.outcome ?? 'waiting';
    const isPoint = outcome === 'waiting' || outcome === 'stored';
    const by = rule.isBuiltIn
      ? 'the built-in rule'
      : `the rule ${foreign(this.#first?.rule ?? rule.name, 100)}`;
    const measurement = this.#first?.measurement ?? rule.measurement;
    const intoWords = measurement === undefined ? '' : `in the measurement ${foreign(measurement, 100)}`;
    this.#trail.replaceChildren(
      step(
        'received, and on this disk',
        loggedMs === undefined ? 'before your device gets its receipt' : after(loggedMs, receivedMs),
        loggedMs,
      ),
      ...(isPoint
        ? [
            step(`${by} makes a point of it`, intoWords, mappedMs),
            step(`stored in ${STORE_NAMES[store]}, drawn here`, after(storedMs, receivedMs), storedMs),
          ]
        : [this.#otherEnd()]),
    );
    if (outcome === 'stored') {
      this.#trail.append(element('li', {}, '', element('a', { href: '#readings' }, 'See its chart')));
    }
  }

  /** What became of a message that is no point. */
  #otherEnd() {
    const { outcome = 'unknown', code = '', reason = '' } = this.#first ?? {};
    const word = outcomeWord(outcome, 'whole-path');
    const why =
      outcome === 'ignored' ? 'A rule says that it is not wanted.' : foreign(`${code} ${reason}`, 500);
    return element(
      'li',
      { class: 'is-done' },
      arrivalIcon(outcome),
      element('span', {}, `${word} `, element('span', { class: 'muted' }, why)),
    );
  }
}

/** @param {string} words @param {string} more @param {number | undefined} atMs */
function step(words, more, atMs) {
  const isDone = atMs !== undefined;
  return element(
    'li',
    { class: isDone ? 'is-done' : '' },
    arrivalIcon(isDone ? 'stored' : 'ignored'),
    element('span', {}, `${words} `, element('span', { class: 'muted' }, more)),
    element('span', { class: 'unseen' }, isDone ? 'done' : 'not yet'),
  );
}

/** @param {number | undefined} atMs @param {number} receivedMs */
function after(atMs, receivedMs) {
  return atMs === undefined ? '' : `${duration(Math.max(0, atMs - receivedMs))} after it was received`;
}

/** @param {ReturnType<typeof publishAddress>} address */
function listensWords(address) {
  if (address === undefined)
    return 'This process receives no messages itself: it stores what others receive.';
  if (address.isLocal) {
    return 'Sluice listens on this machine only; broker.listeners decides. From a terminal on the gateway:';
  }
  return 'Sluice listens. From a terminal, or from your device:';
}

/** @param {FirstStepsView['rule']} rule @param {boolean} hasSample */
function ruleWords({ name, topic, isBuiltIn }, hasSample) {
  if (isBuiltIn) {
    return [
      'Publish any JSON object. Numbers become fields; the level before the last of the topic names the device.',
    ];
  }
  return [
    'Publish what a rule takes. The rule ',
    element('code', {}, foreign(name, 100)),
    ' takes topics like ',
    element('code', {}, foreign(topic, 300)),
    hasSample ? ', for example:' : '.',
  ];
}
