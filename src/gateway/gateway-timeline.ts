import type { LedgerView } from '../http/gateway-view.js';
import type { LiveFacts, TimelineView } from '../http/timeline-view.js';
import { isNoRoom } from '../lib/disk-room.js';
import { errorText } from '../lib/errors.js';
import { BestRate } from '../timeline/best-rate.js';
import type { Incident } from '../timeline/incident.js';
import { IncidentCollector } from '../timeline/incident-collector.js';
import { type DayTotals, LedgerOfDay } from '../timeline/ledger-of-day.js';
import { ParkedBursts, type ParkedSample } from '../timeline/parked-bursts.js';
import { type HistoryRange, RecordedRates, type StageHistory } from '../timeline/recorded-rates.js';
import { readTimeline, type SavedTimeline, writeTimeline } from '../timeline/timeline-file.js';
import type { BacklogSample } from './backlog.js';
import { incidentFindings, logFullReason } from './incident-findings.js';
import type { PathWatch } from './path-watch.js';
import { everParked, stageTotals, storedSample } from './stage-totals.js';
import type { StatusParts } from './status-parts.js';

const NS_PER_MS = 1_000_000n;
/** How far the file may be behind while an incident goes on, and when a save that failed is tried again. */
const SAVE_EVERY_MS = 30_000;
const SAVE_AGAIN_MS = 30_000;

export interface TimelineParts {
  readonly parts: StatusParts;
  readonly ledger: () => LedgerView;
  readonly watch: Pick<PathWatch, 'problems' | 'logBytesPerSecond'>;
  /** Looks at the newest parked records of a code. Never rejects. */
  readonly sampleParked: (code: string) => Promise<ParkedSample | undefined>;
}

/** What happened to this gateway over time: incidents, rates and the ledger of the day, from one look a second. */
export class GatewayTimeline implements TimelineView {
  readonly #of: TimelineParts;
  readonly #incidents = new IncidentCollector();
  readonly #bursts = new ParkedBursts();
  readonly #best = new BestRate();
  readonly #rates: RecordedRates;
  readonly #zoneName = Intl.DateTimeFormat().resolvedOptions().timeZone;
  readonly #day = new LedgerOfDay(this.#zoneName);
  #warningSeq = 0;
  #isChanged = false;
  #savedAtMs = 0;
  #retryAtMs = 0;
  #saving: Promise<void> | undefined;

  constructor(of: TimelineParts) {
    this.#of = of;
    this.#rates = new RecordedRates(of.parts.clock.monotonicMs(), stageTotals(of.parts));
  }

  /** Continues what earlier processes have left. Never rejects: without the file the page only knows less. */
  async load(): Promise<void> {
    const { root } = this.#of.parts.options.directory;
    let saved: SavedTimeline | undefined;
    try {
      const read = await readTimeline(root);
      if (read.kind === 'good') saved = read.timeline;
      if (read.kind === 'damaged')
        this.#warn(read.why, 'the list of incidents is damaged; a new one is begun');
    } catch (thrown) {
      this.#warn(errorText(thrown), 'the list of incidents cannot be read; a new one is begun');
    }
    const isUnclean = this.#hasEndedUncleanly();
    if (saved !== undefined) {
      const words = isUnclean ? 'The gateway had ended without an orderly stop' : 'The gateway was stopped';
      const { incidents, savedMs, day, bestRates } = saved;
      this.#incidents.load(incidents, savedMs, this.#nowMs(), `${words}, and is started again`);
      if (day !== undefined) this.#day.load(day);
      this.#best.load(bestRates);
    }
    if (isUnclean) this.#addUncleanEnd(saved?.savedMs ?? 0);
  }

  /** Called once a second. */
  look({ atMs: monotonicMs, received, processed, oldestMs }: BacklogSample): void {
    const { parts, watch } = this.#of;
    const atMs = this.#nowMs();
    const ledger = this.#of.ledger();
    const waiting = Math.max(0, received - processed);
    const warnings = parts.logger.recentWarnings.after(this.#warningSeq);
    this.#warningSeq = warnings.at(-1)?.seq ?? this.#warningSeq;
    const parked = everParked(parts);
    const findings = [
      ...incidentFindings(parts, (stage) => watch.problems(stage)),
      ...this.#bursts.look(parked, monotonicMs),
    ];
    const hasChanged = this.#incidents.look({
      atMs,
      monotonicMs,
      findings,
      logFull: logFullReason(parts),
      warnings,
      received,
      processed,
      waiting,
      oldestMs,
      lost: ledger.lost,
      shed: parts.ingest?.broker.counters().packetsShed ?? 0,
    });
    for (const code of this.#bursts.unknownCodes) void this.#nameBurst(code);
    this.#best.add(storedSample(parts, processed, monotonicMs), atMs);
    this.#rates.add(monotonicMs, stageTotals(parts), oldestMs);
    const hasDayBegun = this.#isLedgerKnown() && this.#day.look(atMs, this.#totals(ledger), this.#newestMs());
    this.#isChanged ||= hasChanged || hasDayBegun;
    this.#saveWhenDue(monotonicMs);
  }

  bestPerSecond(): number | undefined {
    return this.#best.perSecond(this.#nowMs());
  }

  incidents(): readonly Incident[] {
    return this.#incidents.incidents();
  }

  history(range: HistoryRange): StageHistory {
    return this.#rates.view(range, this.#nowMs(), this.#of.parts.clock.monotonicMs());
  }

  liveFacts(): LiveFacts {
    const { parts, watch } = this.#of;
    const totals = this.#totals(this.#of.ledger());
    return {
      incident: this.#incidents.worst() ?? null,
      logBytesPerSecond: watch.logBytesPerSecond ?? null,
      sinkLastAnswerMs: parts.workers.consume?.report.sinkContact.lastAnswerMs ?? null,
      timeZone: this.#zoneName,
      setAsideToday: this.#day.parkedToday(totals),
      ledgerToday: this.#day.today(totals) ?? null,
    };
  }

  /** Saves once more. Resolves when no file is written any more. */
  async close(): Promise<void> {
    await this.#saving;
    await this.#save();
  }

  #saveWhenDue(monotonicMs: number): void {
    const isDue =
      this.#isChanged || (this.#incidents.isGoingOn && monotonicMs - this.#savedAtMs >= SAVE_EVERY_MS);
    if (!isDue || this.#saving !== undefined || monotonicMs < this.#retryAtMs) return;
    this.#savedAtMs = monotonicMs;
    this.#saving = this.#save().finally(() => {
      this.#saving = undefined;
    });
  }

  /** Never rejects. On a full disk the timeline is in memory only until there is room. */
  async #save(): Promise<void> {
    const timeline = {
      savedMs: this.#nowMs(),
      incidents: this.#incidents.saved(),
      day: this.#day.start,
      bestRates: this.#best.hours,
    };
    this.#isChanged = false;
    try {
      await writeTimeline(this.#of.parts.options.directory.root, timeline);
    } catch (thrown) {
      this.#isChanged = true;
      this.#retryAtMs = this.#savedAtMs + SAVE_AGAIN_MS;
      // The log, which writes to the same disk, reports that it is full.
      if (!isNoRoom(thrown)) this.#warn(errorText(thrown), 'the list of incidents cannot be written');
    }
  }

  async #nameBurst(code: string): Promise<void> {
    this.#bursts.name(code, undefined); // It is asked once.
    this.#bursts.name(code, await this.#of.sampleParked(code));
  }

  #hasEndedUncleanly(): boolean {
    const { ingest, options } = this.#of.parts;
    const records = ingest?.log.recovered.nextSequence ?? 0;
    return records > 0 && options.log.cleanEndSequence === undefined;
  }

  /** From the last sign of life that is on disk. */
  #addUncleanEnd(savedMs: number): void {
    const nowMs = this.#nowMs();
    const fromMs = Math.min(nowMs, Math.max(savedMs, this.#newestMs() ?? 0));
    const codes = this.#of.parts.logger.recentWarnings.after(0).map(({ code }) => code);
    const torn = codes.includes('LOG_TORN_TAIL')
      ? '; a write was cut off that was never acknowledged, so devices send it again'
      : '';
    const detail = `it was killed, or the machine went down${torn}`;
    this.#incidents.addEnded({ cause: 'unclean-end', subject: '', detail }, fromMs, nowMs, codes);
    this.#isChanged = true;
  }

  /** Until a lease table is read, its ledger counts 0. */
  #isLedgerKnown(): boolean {
    const { consume } = this.#of.parts.workers;
    return consume?.report.kinesis === undefined || consume.report.kinesis.status.state === 'healthy';
  }

  #totals({ received, written, parked, filtered, lost, buffered }: LedgerView): DayTotals {
    const ever = Object.values(everParked(this.#of.parts)).reduce((sum, count) => sum + count, 0);
    return { received, written, parked, filtered, lost, buffered, everParked: ever };
  }

  /** When the newest record was received that an earlier process has left. */
  #newestMs(): number | undefined {
    const newest = this.#of.parts.ingest?.log.recovered.lastReceivedAtNs;
    return newest === undefined ? undefined : Number(newest / NS_PER_MS);
  }

  #nowMs(): number {
    return Number(this.#of.parts.clock.nowNs() / NS_PER_MS);
  }

  #warn(reason: string, sentence: string): void {
    this.#of.parts.logger.warn({ code: 'TIMELINE_FAILED', reason }, sentence);
  }
}
