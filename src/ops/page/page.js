import { ChartsPanel } from './charts-panel.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { ConsumerIdleness } from './consumer-idleness.js';
import { DeadLettersPanel } from './dead-letters-panel.js';
import { DevicesPanel } from './devices-panel.js';
import { byId, setText } from './dom.js';
import { Drawer } from './drawer.js';
import { FirstSteps } from './first-steps.js';
import { duration, foreign } from './format.js';
import { LedgerPanel, ledgerTotals } from './ledger-panel.js';
import { LiveFeed } from './live-feed.js';
import { LogLevelSwitch } from './log-level-switch.js';
import { OverallView } from './overall-view.js';
import { PathView } from './path-view.js';
import { repeat } from './poll.js';
import { RateHistory } from './rate-history.js';
import { Rates } from './rates.js';
import { jumpWithinPage, linkSections } from './section-links.js';
import { StageDetails } from './stage-details.js';
import { overallState, stageStates } from './stage-states.js';
import { stagesOf, stageTotals } from './stages.js';
import { WarningsPanel } from './warnings-panel.js';

linkSections(byId('sections'));
jumpWithinPage();

const rates = new Rates();
const history = new RateHistory();
const idleness = new ConsumerIdleness();
const overall = new OverallView();
const drawer = new Drawer();
const stageDetails = new StageDetails(drawer);
const path = new PathView(byId('path'), byId('path-notes'), (stageId) =>
  stageDetails.open(stageId, ...seen()),
);
const ledgerPanel = new LedgerPanel();
const deadLettersPanel = new DeadLettersPanel(drawer, new ConfirmDialog(), () => refreshDeadLetters());
const warningsPanel = new WarningsPanel();
const logLevel = new LogLevelSwitch();
const firstSteps = new FirstSteps();

/** The gateway's wall clock minus the browser's: charts show the gateway's time. */
let skewMs = 0;
let isAnswering = false;
let answeredAtMs = Date.now();
/** The last state and what was made of it. */
let last = null;

function showState(state) {
  const wasAnswering = isAnswering;
  isAnswering = true;
  answeredAtMs = Date.now();
  skewMs = state.nowMs - answeredAtMs;
  byId('banner').hidden = true;
  byId('main').classList.remove('stale');

  rates.add({ ...state, totals: { ...stageTotals(state), ...ledgerTotals(state.ledger) } });
  const stages = stagesOf(state);
  for (const { id } of stages) history.add(id, state.sampledAtMs, rates.perSecond(id));
  const states = stageStates(state, idleness.add(state));
  last = { state, states };
  path.show(state, states, rates, history);
  overall.show(overallState(stages, states, ledgerPanel.show(state.ledger, rates)));
  warningsPanel.show(state);
  stageDetails.show(...seen());
  deadLettersPanel.show(state);
  logLevel.show(state);
  firstSteps.show(state.ledger, state.mqttPort);
  setText(byId('about'), `Version ${state.version}, up ${duration(state.uptimeMs)}`);
  if (!wasAnswering) {
    refreshCharts();
    refreshDeadLetters();
  }
}

/** What the details of a stage are made of. */
function seen() {
  return [last.state, last.states, rates, history, warningsPanel.all];
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
  overall.show({ level: 'stopped', words: 'No answer' });
}

async function showDeadLetters() {
  if (isAnswering) await deadLettersPanel.update(Date.now() + skewMs);
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
const refreshDeadLetters = repeat(() => deadLettersPanel.refreshMs, showDeadLetters);
new LiveFeed({
  onState: showState,
  onWarnings: (warnings) => warningsPanel.hear(warnings),
  onSilence: showSilence,
});
