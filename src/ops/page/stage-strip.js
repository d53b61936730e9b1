import { element, setClass, setText } from './dom.js';
import { bytes, count, duration, foreign, rate } from './format.js';
import { stageStates } from './stage-states.js';

const STORE_NAMES = { influx: 'InfluxDB', duckdb: 'DuckDB' };

/** In path order. `total` is what the rate is made of; `facts` gives rows of name, value and whether the value is bad news. */
const STAGES = [
  {
    id: 'broker',
    title: 'Broker',
    unit: 'packets/s',
    total: ({ broker }) => broker.packetsAccepted,
    facts: ({ broker }) => [
      ['connections', count(broker.connections)],
      ['acknowledged', count(broker.acknowledged)],
      ['refused', count(broker.packetsRefused), broker.packetsRefused > 0],
      ['shed', count(broker.packetsShed), broker.packetsShed > 0],
    ],
  },
  {
    id: 'log',
    title: 'Log',
    unit: 'records/s',
    total: ({ log }) => log.recordsAppended,
    facts: ({ log }) => [
      ['size', `${bytes(log.sizeBytes)} of ${bytes(log.maxSizeBytes)}`],
      ['appended', bytes(log.bytesAppended)],
      ['commits', count(log.commits)],
    ],
  },
  {
    id: 'producer',
    title: 'To Kinesis',
    unit: 'records/s',
    total: ({ producer }) => producer.recordsSent,
    facts: ({ producer }) => [
      ['oldest unsent', producer.lagMs === 0 ? 'none' : duration(producer.lagMs)],
      ['Kinesis records', count(producer.kinesisRecordsSent)],
      ['PUT units', count(producer.putUnits)],
      ['throttled', count(producer.throttled)],
    ],
  },
  {
    id: 'reader',
    title: 'From Kinesis',
    unit: 'records/s',
    total: ({ reader }) => reader.recordsRead,
    facts: ({ reader }) => [
      ['shards', count(reader.shards)],
      ...(reader.consumers === undefined ? [] : [['consumers', count(reader.consumers)]]),
      ['behind', reader.millisBehindLatest === 0 ? 'no' : duration(reader.millisBehindLatest)],
      ['throttled', count(reader.throttled)],
    ],
  },
  {
    id: 'consumer',
    title: 'Consumer',
    unit: 'records/s',
    total: ({ consumer }) => consumer.recordsRead,
    facts: ({ consumer }) => [
      ['lag', consumer.lagMs === 0 ? 'none' : duration(consumer.lagMs)],
      ['records read', count(consumer.recordsRead)],
      ['points made', count(consumer.pointsMade)],
    ],
  },
  {
    id: 'sink',
    title: 'Sink',
    unit: 'points/s',
    total: ({ sink }) => sink.pointsWritten,
    facts: ({ sink }) => [
      ['store', STORE_NAMES[sink.kind] ?? sink.kind],
      ['written', count(sink.pointsWritten)],
      ['refused', count(sink.pointsRefused), sink.pointsRefused > 0],
      ['retries', count(sink.retries)],
    ],
  },
];

/** What the rates are made of. */
export function stageTotals(counters) {
  return Object.fromEntries(stagesOf(counters).map(({ id, total }) => [id, total(counters)]));
}

/** Those that run in this process: without Kinesis there is nothing between log and consumer. */
function stagesOf(counters) {
  return STAGES.filter(({ id }) => counters[id] !== undefined);
}

/** The path, left to right. */
export class StageStrip {
  #list;
  #cells = new Map();
  #overall;

  constructor(list, overall) {
    this.#list = list;
    this.#overall = overall;
  }

  /** `warning`: one more thing for the line at the top, or ''. */
  show(counters, rates, warning) {
    const states = stageStates(counters, rates.perSecond('consumer'));
    const stages = stagesOf(counters);
    this.#showCells(stages);
    for (const stage of stages) {
      const cell = this.#cells.get(stage.id);
      const { level, word, sentence } = states[stage.id];
      setClass(cell.node, `stage ${level}`);
      setClass(cell.state, `state ${level}`);
      setText(cell.state, word);
      setText(cell.rate, rate(rates.perSecond(stage.id)));
      setText(cell.sentence, foreign(sentence, 400));
      cell.sentence.hidden = sentence === '';
      showFacts(cell.facts, stage.facts(counters));
    }
    this.#showOverall(stages, states, warning);
  }

  /** A gateway that was started again in another role has other stages. */
  #showCells(stages) {
    if (stages.length === this.#cells.size && stages.every(({ id }) => this.#cells.has(id))) return;
    this.#cells = new Map(stages.map((stage) => [stage.id, stageCell(stage)]));
    this.#list.replaceChildren(...[...this.#cells.values()].map((cell) => cell.node));
  }

  #showOverall(stages, states, warning) {
    const levels = stages.map(({ id }) => states[id].level);
    if (warning !== '') levels.push('stopped');
    const worst = ['stopped', 'slow'].find((level) => levels.includes(level)) ?? 'healthy';
    const named = stages.filter(({ id }) => states[id].level !== 'healthy');
    const words = named.map(({ id, title }) => `${title}: ${states[id].word.toLowerCase()}`);
    if (warning !== '') words.push(warning);
    setClass(this.#overall, `overall state ${worst}`);
    setText(this.#overall, worst === 'healthy' ? 'All stages healthy' : words.join(', '));
  }
}

function stageCell({ id, title, unit }) {
  const state = element('span', { class: 'state' });
  const rateNode = element('span', { 'data-rate': id }, '–');
  const sentence = element('p', { class: 'sentence' });
  const facts = element('dl', { class: 'facts' });
  const node = element(
    'li',
    { class: 'stage', 'data-stage': id },
    element('div', { class: 'stage-head' }, element('h3', {}, title), state),
    element('p', { class: 'rate' }, rateNode, element('span', { class: 'unit' }, unit)),
    facts,
    sentence,
  );
  return { node, state, rate: rateNode, sentence, facts };
}

function showFacts(list, facts) {
  if (list.childElementCount !== facts.length * 2) {
    list.replaceChildren(...facts.flatMap(([name]) => [element('dt', {}, name), element('dd')]));
  }
  for (const [index, [, text, isBad]] of facts.entries()) {
    const node = list.children[index * 2 + 1];
    setText(node, text);
    setClass(node, isBad ? 'bad' : '');
  }
}
