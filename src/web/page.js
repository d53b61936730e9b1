import { ArrivalsPanel } from './arrivals-panel.js';
import { BehindChart } from './behind-chart.js';
import { BudgetsPanel } from './budgets-panel.js';
import { ChartsPanel } from './charts-panel.js';
import { Clock } from './clock.js';
import { ConfirmDialog } from './confirm-dialog.js';
import { ConsumerIdleness } from './consumer-idleness.js';
import { DeadLettersPanel } from './dead-letters-panel.js';
import { DevicesPanel } from './devices-panel.js';
import { byId, setText } from './dom.js';
import { Drawer } from './drawer.js';
import { explainWords } from './explained-word.js';
import { FirstSteps } from './first-steps.js';
import { duration } from './format.js';
import { IncidentsPanel } from './incidents-panel.js';
import { keepFocus } from './keep-focus.js';
import { LedgerPanel, ledgerTotals } from './ledger-panel.js';
import { LiveFeed } from './live-feed.js';
import { LogLevelSwitch } from './log-level-switch.js';
import { LookList } from './look-list.js';
import { LOOKS_EVERY_MS, Looks } from './looks.js';
import { PathView } from './path-view.js';
import { getJson, repeat } from './poll.js';
import { RateHistory } from './rate-history.js';
import { Rates } from './rates.js';
import { SetAsidePanel } from './set-aside-panel.js';
import { SignIn } from './sign-in.js';
import { StageDetails } from './stage-details.js';
import { stageStates } from './stage-states.js';
import { stagesOf, stageTotals } from './stages.js';
import { StripPanel } from './strip-panel.js';
import { Views } from './views.js';
import { WarningsPanel } from './warnings-panel.js';

/** @import { Seen } from './stage-details.js' */
/** @import { Failure, LiveState } from './types.js' */

explainWords();
keepFocus();

const views = new Views();
const signIn = new SignIn();
const rates = new Rates();
const history = new RateHistory();
const idleness = new ConsumerIdleness();
const strip = new StripPanel();
const clock = new Clock();
const drawer = new Drawer();
const stageDetails = new StageDetails(drawer);
const path = new PathView(byId('path'), (stageId) => {
  if (last !== null) stageDetails.open(stageId, last);
});
const ledgerPanel = new LedgerPanel();
const deadLettersPanel = new DeadLettersPanel(drawer, new ConfirmDialog(), () => refreshSetAside());
const setAside = new SetAsidePanel(deadLettersPanel);
const warningsPanel = new WarningsPanel();
const incidentsPanel = new IncidentsPanel(() => refreshPipeline());
const behindChart = new BehindChart();
const logLevel = new LogLevelSwitch();
const arrivals = new ArrivalsPanel(drawer);
const firstSteps = new FirstSteps(arrivals);

/** Incidents change when one begins or ends, the chart once in five minutes. */
/** The gateway keeps an answer about the store for 2 s: one from just before does not have the measurement. */
const ANSWERS_KEPT_MS = 2_200;
/** Names of measurements can come from messages. */
const MAX_MISSED = 100;
const PIPELINE_REFRESH_MS = 30_000;

/** The gateway's wall clock minus the browser's: charts show the gateway's time. */
let skewMs = 0;
let isAnswering = false;
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
  signIn.answered();
  skewMs = state.nowMs - Date.now();
  byId('main').classList.remove('stale');

  rates.add({ ...state, totals: { ...stageTotals(state), ...ledgerTotals(state.ledger) } });
  const stages = stagesOf(state);
  history.takeBefore(state);
  for (const { id } of stages) history.add(id, state.sampledAtMs, rates.perSecond(id));
  const states = stageStates(state, idleness.add(state));
  const ledgerProblem = ledgerPanel.show(state, rates);
  strip.show({ state, stages, states, rates, ledgerProblem });
  clock.show(state);
  incidentsPanel.show(state);
  warningsPanel.show(state, incidentsPanel.all);
  last = { state, states, rates, history, warnings: warningsPanel.all };
  stageDetails.show(last);
  showPath();
  const shown = { ...state, whyNoChanges: signIn.whyNoChanges(state) };
  deadLettersPanel.show(shown);
  setAside.show(state);
  charts.takeState(state);
  logLevel.show(shown);
  looks.showCount(state.devices);
  arrivals.show(state, rates);
  firstSteps.show(state);
  setText(byId('about'), `Sluice ${state.version}, up ${duration(state.uptimeMs)}`);
  if (!wasAnswering) {
    void describeFirstSteps();
    void refreshPipeline();
    void refreshCharts();
    void refreshLooks();
    devices.tick();
    void refreshBudgets();
    refreshSetAside();
  }
}

/** The cards with their curves cost most of what a state costs, so they are drawn only where they can be seen. */
function showPath() {
  if (views.shown === 'pipeline' && last !== null) path.show(last.state, last.states, rates, history);
}

/** @param {Failure} failure */
function showSilence(failure) {
  isAnswering = false;
  byId('main').classList.add('stale');
  strip.showSilence(failure);
  devices.tick();
  lookList.show();
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

async function showLooks() {
  if (!isAnswering || (views.shown !== 'overview' && views.shown !== 'devices')) return;
  await looks.update();
  if (views.shown === 'overview') await lookList.update();
}

async function showGroups() {
  if (isAnswering && views.shown === 'set-aside') await setAside.update(Date.now() + skewMs);
}

function refreshSetAside() {
  void refreshDeadLetters();
  void refreshGroups();
}

/** The table of devices needs the list of measurements as well. */
async function showCharts() {
  const isShown = views.shown === 'overview';
  if (!isAnswering || !charts.isQueryable || !(isShown || views.shown === 'devices')) return;
  await charts.update(Date.now() + skewMs, { isShown });
}

const charts = new ChartsPanel(() => refreshCharts());
const gateway = { now: charts.now, isAnswering: () => isAnswering };
const looks = new Looks();
const lookList = new LookList(looks, gateway);
looks.onChange(() => charts.showLooks(looks.since));
const devices = new DevicesPanel(charts, views, looks, { ...gateway, refresh: () => refreshDevices() });
const listDevices = charts.onMeasurements;
charts.onMeasurements = (measurements) => {
  listDevices(measurements);
  firstSteps.noteMeasurements(measurements);
};
// A chart of a day is asked for seldom; somebody who sends a first message looks for its chart at once.
/** Each name is looked for once: it may be cut, or the store may have no measurement of it. */
const missed = new Set();
const takeArrival = arrivals.onArrival;
arrivals.onArrival = (arrival) => {
  takeArrival(arrival);
  const { measurement = '', outcome } = arrival;
  if (outcome !== 'stored' || charts.has(measurement) || missed.has(measurement)) return;
  if (missed.size >= MAX_MISSED) return;
  missed.add(measurement);
  void refreshCharts();
  setTimeout(() => {
    if (!charts.has(measurement)) void refreshCharts();
  }, ANSWERS_KEPT_MS);
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
const refreshLooks = repeat(() => LOOKS_EVERY_MS, showLooks);
const refreshDeadLetters = repeat(() => deadLettersPanel.refreshMs, showDeadLetters);
const refreshPipeline = repeat(
  () => PIPELINE_REFRESH_MS,
  async () => {
    if (!isAnswering || views.shown !== 'pipeline') return;
    await Promise.all([incidentsPanel.update(), behindChart.update()]);
  },
);
const refreshGroups = repeat(() => setAside.refreshMs, showGroups);
arrivals.setShown(views.shown === 'overview');
views.onChange((shown) => {
  arrivals.setShown(shown === 'overview');
  showPath();
  if (shown === 'pipeline') void refreshPipeline();
  if (shown === 'overview' || shown === 'devices') void refreshCharts();
  if (shown === 'overview' || shown === 'devices') void refreshLooks();
  if (shown !== 'set-aside') return;
  setAside.begin();
  refreshSetAside();
});
new LiveFeed({
  onBefore: (before) => history.seed(before),
  onState: showState,
  onWarnings: (warnings) => warningsPanel.receive(warnings),
  onSilence: showSilence,
});
