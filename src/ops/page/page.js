import { ChartsPanel } from './charts-panel.js';
import { DeadLettersPanel, SHOWN_DEAD_LETTERS } from './dead-letters-panel.js';
import { DevicesPanel } from './devices-panel.js';
import { byId, setText } from './dom.js';
import { FirstSteps } from './first-steps.js';
import { duration, foreign } from './format.js';
import { LedgerPanel } from './ledger-panel.js';
import { getJson, repeat } from './poll.js';
import { Rates } from './rates.js';
import { StageStrip, stageTotals } from './stage-strip.js';

const COUNTERS_EVERY_MS = 1_000;
const DEAD_LETTERS_EVERY_MS = 3_000;

const rates = new Rates();
const strip = new StageStrip(byId('strip'), byId('overall'));
const ledgerPanel = new LedgerPanel({
  equation: byId('equation'),
  balance: byId('balance'),
  reasons: byId('reasons'),
});
const deadLettersPanel = new DeadLettersPanel();
const firstSteps = new FirstSteps();

/** The gateway's wall clock minus the browser's: charts show the gateway's time. */
let skewMs = 0;
let isAnswering = false;
let answeredAtMs = Date.now();

async function showCounters() {
  let counters;
  let ledger;
  try {
    [counters, ledger] = await Promise.all([getJson('/api/counters'), getJson('/api/ledger')]);
  } catch (failure) {
    showSilence(failure);
    return;
  }
  const wasAnswering = isAnswering;
  isAnswering = true;
  answeredAtMs = Date.now();
  skewMs = counters.nowMs - answeredAtMs;
  byId('banner').hidden = true;
  byId('main').classList.remove('stale');
  rates.add({
    startedAtMs: counters.startedAtMs,
    sampledAtMs: counters.sampledAtMs,
    totals: stageTotals(counters),
  });
  strip.show(counters, rates, ledgerPanel.show(ledger));
  firstSteps.show(ledger, counters);
  setText(byId('about'), `Version ${counters.version}, up ${duration(counters.uptimeMs)}`);
  if (!wasAnswering) {
    refreshCharts();
    refreshDeadLetters();
  }
}

function showSilence({ code, message }) {
  isAnswering = false;
  const banner = byId('banner');
  const since = duration(Date.now() - answeredAtMs);
  const what = code === 'NO_ANSWER' ? message : `The gateway answers with an error: ${foreign(message)}`;
  // The words change only once; a clock in an alert would be read aloud every second.
  if (banner.hidden) setText(banner, `${what} What is shown below is old. Trying again every second.`);
  banner.title = `Last answer ${since} ago`;
  banner.hidden = false;
  byId('main').classList.add('stale');
  byId('overall').className = 'overall state stopped';
  setText(byId('overall'), 'No answer');
}

async function showDeadLetters() {
  if (!isAnswering) return;
  try {
    const { deadLetters } = await getJson('/api/dead-letters', { limit: String(SHOWN_DEAD_LETTERS) });
    deadLettersPanel.show(deadLetters, Date.now() + skewMs);
  } catch (failure) {
    deadLettersPanel.fail(failure.message);
  }
}

async function showCharts() {
  if (isAnswering && charts.isQueryable) await charts.update(Date.now() + skewMs);
}

const charts = new ChartsPanel(() => refreshCharts());
const devices = new DevicesPanel(charts, () => refreshDevices());
const refreshCharts = repeat(() => charts.refreshMs, showCharts);
const refreshDevices = repeat(
  () => devices.refreshMs,
  async () => isAnswering && devices.update(),
);
const refreshDeadLetters = repeat(() => DEAD_LETTERS_EVERY_MS, showDeadLetters);
repeat(() => COUNTERS_EVERY_MS, showCounters);
