import { ArrivalsPanel } from './arrivals-panel.js';
import { BudgetsPanel } from './budgets-panel.js';
import { ChartsPanel } from './charts-panel.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { ConsumerIdleness } from './consumer-idleness.js';
import { DeadLettersPanel } from './dead-letters-panel.js';
import { DevicesPanel } from './devices-panel.js';
import { byId, setText } from './dom.js';
import { Drawer } from './drawer.js';
import { explainWords } from './explained-word.js';
import { FirstSteps } from './first-steps.js';
import { duration, foreign } from './format.js';
import { keepFocus } from './keep-focus.js';
import { LedgerPanel, ledgerTotals } from './ledger-panel.js';
import { LiveFeed } from './live-feed.js';
import { LogLevelSwitch } from './log-level-switch.js';
import { OverallView } from './overall-view.js';
import { PathView } from './path-view.js';
import { getJson, repeat } from './poll.js';
import { RateHistory } from './rate-history.js';
import { Rates } from './rates.js';
import { SetAsidePanel } from './set-aside-panel.js';
import { StageDetails } from './stage-details.js';
import { overallState, stageStates } from './stage-states.js';
import { stagesOf, stageTotals } from './stages.js';
import { Views } from './views.js';
import { WarningsPanel } from './warnings-panel.js';

/** @import { Seen } from './stage-details.js' */
/** @import { Failure, LiveState } from './types.js' */

explainWords();
keepFocus();

const views = new Views();
const rates = new Rates();
const history = new RateHistory();
const idleness = new ConsumerIdleness();
const overall = new OverallView();
const drawer = new Drawer();
const stageDetails = new StageDetails(drawer);
const path = new PathView(byId('path'), byId('path-notes'), (stageId) => {
  if (last !== null) stageDetails.open(stageId, last);
});
const ledgerPanel = new LedgerPanel();
const deadLettersPanel = new DeadLettersPanel(drawer, new ConfirmDialog(), () => refreshSetAside());
const setAside = new SetAsidePanel(deadLettersPanel);
const warningsPanel = new WarningsPanel();
const logLevel = new LogLevelSwitch();
const arrivals = new ArrivalsPanel(drawer);
const firstSteps = new FirstSteps(arrivals);

/** The gateway's wall clock minus the browser's: charts show the gateway's time. */
let skewMs = 0;
let isAnswering = false;
let answeredAtMs = Date.now();
/**
 * What the details of a stage show, from the last state.
 *
 * @type {Seen | null}
 */
let last = null;

/** @param {LiveState} state */
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
  path.show(state, states, rates, history);
  overall.show(overallState(stages, states, ledgerPanel.show(state.ledger, rates)));
  warningsPanel.show(state);
  last = { state, states, rates, history, warnings: warningsPanel.all };
  stageDetails.show(last);
  deadLettersPanel.show(state);
  setAside.show(state);
  logLevel.show(state);
  arrivals.show(state, rates);
  firstSteps.show(state);
  setText(byId('about'), `Version ${state.version}, up ${duration(state.uptimeMs)}`);
  if (!wasAnswering) {
    void describeFirstSteps();
    void refreshCharts();
    void refreshBudgets();
    refreshSetAside();
  }
}

/** @param {Failure} failure */
function showSilence({ code, message }) {
  isAnswering = false;
  const banner = byId('banner');
  const since = duration(Date.now() - answeredAtMs);
  const what = code === 'NO_ANSWER' ? message : `The gateway answers with an error: ${foreign(message)}`;
  // The words change only once: a screen reader would read a clock in an alert every second.
  if (banner.hidden) setText(banner, `${what} What is shown below is old. Trying again every second.`);
  banner.title = `Last answer ${since} ago`;
  banner.hidden = false;
  byId('main').classList.add('stale');
  overall.show({ level: 'stopped', words: 'No answer' });
}

async function describeFirstSteps() {
  try {
    const steps = await getJson('/api/first-steps');
    firstSteps.describe(steps);
    arrivals.showAddress(steps);
  } catch {
    // It is asked again when the gateway answers again; until then the page says nothing of it.
  }
}

async function showDeadLetters() {
  if (isAnswering && views.shown === 'set-aside') await deadLettersPanel.update(Date.now() + skewMs);
}

async function showGroups() {
  if (isAnswering && views.shown === 'set-aside') await setAside.update(Date.now() + skewMs);
}

function refreshSetAside() {
  void refreshDeadLetters();
  void refreshGroups();
}

async function showCharts() {
  if (isAnswering && charts.isQueryable) await charts.update(Date.now() + skewMs);
}

const charts = new ChartsPanel(() => refreshCharts());
const devices = new DevicesPanel(charts, views, () => refreshDevices());
const listDevices = charts.onMeasurements;
charts.onMeasurements = (measurements) => {
  listDevices(measurements);
  firstSteps.noteMeasurements(measurements);
};
const budgets = new BudgetsPanel(() => refreshBudgets());
const refreshCharts = repeat(() => charts.refreshMs, showCharts);
const refreshBudgets = repeat(
  () => budgets.refreshMs,
  async () => isAnswering && budgets.update(),
);
const refreshDevices = repeat(
  () => devices.refreshMs,
  async () => isAnswering && devices.update(),
);
const refreshDeadLetters = repeat(() => deadLettersPanel.refreshMs, showDeadLetters);
const refreshGroups = repeat(() => setAside.refreshMs, showGroups);
arrivals.setShown(views.shown === 'overview');
views.onChange((shown) => {
  arrivals.setShown(shown === 'overview');
  if (shown !== 'set-aside') return;
  setAside.begin();
  refreshSetAside();
});
new LiveFeed({
  onState: showState,
  onWarnings: (warnings) => warningsPanel.receive(warnings),
  onSilence: showSilence,
});
