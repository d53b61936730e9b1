import { BY_WARNING, CAUSE_FACTS } from './cause-facts.js';
import { INCIDENT_CAUSES, type Incident } from './incident.js';
import type { Finding, Look, SavedIncidents } from './look.js';
import { type Failure, OpenIncident, type OpenIncidentState } from './open-incident.js';
import { type SeenWarning, WarnedIncidents } from './warned-incidents.js';

/** A shorter failure is none, unless messages have waited for it longer than the second time. */
const LEAST_MS = 5_000;
const LEAST_WAITING_MS = 2_000;
/** Messages younger than this are on their way. */
const ON_THEIR_WAY_MS = 5_000;
/** The same again within this time goes on with the same incident. */
const SAME_WITHIN_MS = 60_000;
/** A warning may come before the report that it belongs to. */
const WARNED_BEFORE_MS = 5_000;
const MAX_RECENT_WARNINGS = 50;
const KEPT = 200;
const KEPT_FOR_MS = 30 * 86_400_000;
/** The tries that are worth an event: 2, 5, 10, 20, 50, … */
const LISTED_TRIES = [0, 1, 2, 3, 4, 5, 6].flatMap((tens) => [1, 2, 5].map((of) => of * 10 ** tens)).slice(1);

interface Tracked {
  readonly incident: OpenIncident;
  readonly beganMonotonicMs: number;
  /** False while it may still turn out to be too short. */
  isIncident: boolean;
  /** From an earlier process, and not looked at yet. */
  isLoaded: boolean;
}

interface Ended {
  readonly state: OpenIncidentState;
  readonly id: string;
  readonly monotonicMs: number;
}

/**
 * Derives incidents from one look at the gateway after the other, which the caller takes once a second: one for each cause,
 * from its first failure until what it has held up is stored. It reads no clock itself.
 */
export class IncidentCollector {
  readonly #open = new Map<string, Tracked>();
  readonly #warned = new WarnedIncidents();
  readonly #justEnded = new Map<string, Ended>();
  readonly #tries = new Map<string, number>();
  #lastWarnings: readonly SeenWarning[] = [];
  #ended: Incident[] = [];
  #before: Pick<Look, 'lost' | 'shed'> | undefined;
  #savedMs = 0;

  /** Continues what an earlier process has left. To be called before the first look. */
  load({ ended, open, lost }: SavedIncidents, savedMs: number, atMs: number, howItEnded: string): void {
    this.#ended = [...ended];
    this.#savedMs = savedMs;
    this.#before = { lost, shed: 0 };
    for (const state of open) {
      const incident = new OpenIncident(state);
      incident.add(atMs, howItEnded);
      // Nothing but a warning tells of it, and nobody knows whether one was missed.
      if (BY_WARNING.some(({ cause }) => cause === state.key)) this.#keep(incident.ended(savedMs));
      else this.#open.set(state.key, { incident, beganMonotonicMs: 0, isIncident: true, isLoaded: true });
    }
  }

  /** Adds one that was over when it was noticed. */
  addEnded(failure: Failure, fromMs: number, toMs: number, codes: readonly string[]): void {
    const incident = OpenIncident.begin(failure.cause, failure, fromMs);
    for (const code of codes) if (incident.facts.codes.test(code)) incident.link(code);
    this.#keep(incident.ended(toMs));
  }

  /** Takes one look. Returns whether something has changed that is worth saving at once. */
  look(look: Look): boolean {
    const lost = Math.max(
      0,
      look.lost + look.shed - (this.#before?.lost ?? look.lost) - (this.#before?.shed ?? 0),
    );
    this.#before = { lost: look.lost, shed: look.shed };
    const changes = [
      this.#takeWarnings(look),
      ...look.findings.map((finding) => this.#take(finding, look)),
      this.#takeLog(look),
      this.#endUnseen(look),
      ...[...this.#open.values()].map((tracked) => this.#count(tracked, look, lost)),
      ...[...this.#open.values()].map((tracked) => this.#endIfCaughtUp(tracked, look)),
    ];
    this.#warned.countLost(lost);
    const silent = this.#warned.endSilent(look.monotonicMs);
    for (const ended of silent) this.#keep(ended);
    this.#forget(look);
    return silent.length > 0 || changes.includes(true);
  }

  /** Those that go on, the worst first, and then the others, the newest first. */
  incidents(): readonly Incident[] {
    return [...this.#goingOn(), ...[...this.#ended].sort((a, b) => b.fromMs - a.fromMs)];
  }

  /** The worst that goes on, of those that are of the gateway itself. */
  worst(): Incident | undefined {
    return this.#goingOn().find(({ cause }) => CAUSE_FACTS[cause].isOfDevices === undefined);
  }

  saved(): SavedIncidents {
    const open = this.#shown().map(({ state }) => state);
    return { ended: this.#ended, open, lost: this.#before?.lost ?? 0 };
  }

  get isGoingOn(): boolean {
    return this.#shown().length > 0;
  }

  #shown(): OpenIncident[] {
    const open = [...this.#open.values()].filter(({ isIncident }) => isIncident);
    return [...open.map(({ incident }) => incident), ...this.#warned.open];
  }

  #goingOn(): Incident[] {
    return this.#shown()
      .map((incident) => incident.view())
      .sort((a, b) => rank(a) - rank(b) || a.fromMs - b.fromMs);
  }

  #take(finding: Finding, look: Look): boolean {
    const { key } = finding;
    const tries = finding.tries ?? 0;
    const more = Math.max(0, tries - (this.#tries.get(key) ?? 0));
    this.#tries.set(key, tries);
    if (finding.state === 'unknown') return false;
    const tracked = this.#open.get(key);
    if (finding.state !== 'failing') return tracked !== undefined && this.#recover(tracked, look);
    return this.#fail(tracked ?? this.#begin(key, finding, look), finding, more, look);
  }

  #begin(key: string, failure: Failure, { atMs, monotonicMs }: Look): Tracked {
    const before = this.#justEnded.get(key);
    const isSame = before !== undefined && monotonicMs - before.monotonicMs < SAME_WITHIN_MS;
    if (isSame) this.#ended = this.#ended.filter(({ id }) => id !== before.id);
    const incident = isSame ? new OpenIncident(before.state) : OpenIncident.begin(key, failure, atMs);
    const tracked = { incident, beganMonotonicMs: monotonicMs, isIncident: isSame, isLoaded: false };
    this.#open.set(key, tracked);
    return tracked;
  }

  #fail(tracked: Tracked, failure: Failure, tries: number, { atMs }: Look): boolean {
    const { incident } = tracked;
    tracked.isLoaded = false;
    const hasChanged = incident.fail(failure, atMs);
    const before = incident.state.tries;
    incident.countTries(tries);
    const listed = LISTED_TRIES.findLast((count) => count > before && count <= incident.state.tries);
    if (listed !== undefined) incident.add(atMs, `${listed} tries so far`);
    return hasChanged || listed !== undefined;
  }

  #recover(tracked: Tracked, { atMs, received }: Look): boolean {
    const { incident, isIncident } = tracked;
    tracked.isLoaded = false;
    if (!isIncident) {
      this.#open.delete(incident.state.key);
      return false;
    }
    if (incident.isCatchingUp) return false;
    incident.recover(atMs, received);
    return true;
  }

  /** What holds up the reader of the log has filled it. */
  #takeLog(look: Look): boolean {
    const { logFull, atMs } = look;
    const holders = [...this.#open.values()].filter(
      ({ incident }) => incident.state.key !== 'log' && incident.state.hasHeldUp && !incident.isCatchingUp,
    );
    const filling = [...this.#open.values()].find(({ incident }) => incident.state.hasFilledLog);
    if (logFull === undefined) {
      filling?.incident.fillLog(atMs, false);
      return this.#take({ key: 'log', state: 'well' }, look) || filling !== undefined;
    }
    const holder = filling ?? (this.#open.has('log') ? undefined : holders[0]);
    if (holder === undefined) {
      return this.#take(
        { key: 'log', state: 'failing', cause: 'log-full', subject: '', detail: logFull },
        look,
      );
    }
    holder.incident.fillLog(atMs, true);
    return filling === undefined;
  }

  /** What is no longer found is over. Of what an earlier process has left, nobody knows since when. */
  #endUnseen(look: Look): boolean {
    const found = new Set(['log', ...look.findings.map(({ key }) => key)]);
    let hasEnded = false;
    for (const [key, tracked] of this.#open) {
      const { incident, isLoaded } = tracked;
      if (found.has(key)) continue;
      hasEnded = true;
      if (!isLoaded) {
        this.#recover(tracked, look);
        continue;
      }
      incident.add(look.atMs, 'It was not seen again after the start');
      this.#end(incident, look, this.#savedMs);
    }
    return hasEnded;
  }

  #count(tracked: Tracked, look: Look, lost: number): boolean {
    const { incident, beganMonotonicMs } = tracked;
    const { waiting } = incident.facts;
    const isFirst = incident.count(look.waiting, lost);
    for (const warning of this.#lastWarnings) linkTo(incident, warning);
    if (tracked.isIncident) {
      if (isFirst && waiting !== undefined) incident.add(look.atMs, waiting);
      return isFirst;
    }
    const lastedMs = look.monotonicMs - beganMonotonicMs;
    const hasMadeWait = incident.state.waited > 0 && look.oldestMs >= LEAST_WAITING_MS;
    tracked.isIncident = lastedMs >= LEAST_MS || (lastedMs >= LEAST_WAITING_MS && hasMadeWait);
    if (!tracked.isIncident) return false;
    if (incident.state.waited > 0 && waiting !== undefined) incident.add(look.atMs, waiting);
    return true;
  }

  #endIfCaughtUp({ incident }: Tracked, look: Look): boolean {
    const { recoveredMs, receivedAtRecovery = 0, hasHeldUp, waited, lost } = incident.state;
    if (recoveredMs === undefined) return false;
    if (!hasHeldUp) {
      this.#end(incident, look, recoveredMs);
      return true;
    }
    // Messages in a stream that were not read yet are not counted as waiting; only their age is known.
    if (look.processed < receivedAtRecovery || look.oldestMs >= ON_THEIR_WAY_MS) return false;
    if (waited > 0) {
      const losses = lost === 0 ? 'nothing is lost' : `${lost} are lost`;
      incident.add(look.atMs, `Caught up: what had waited is stored, ${losses}`);
    }
    this.#end(incident, look, look.atMs, look.atMs);
    return true;
  }

  #end(incident: OpenIncident, { monotonicMs }: Look, toMs: number, caughtUpMs?: number): void {
    const ended = incident.ended(toMs, caughtUpMs);
    const { state } = incident;
    this.#open.delete(state.key);
    this.#justEnded.set(state.key, { state, id: ended.id, monotonicMs });
    this.#keep(ended);
  }

  #keep(ended: Incident): void {
    this.#ended.push(ended);
    if (this.#ended.length > KEPT) this.#ended.shift();
  }

  #takeWarnings({ warnings, atMs, monotonicMs }: Look): boolean {
    let hasBegun = false;
    for (const warning of warnings) {
      if (this.#warned.take(warning, monotonicMs)) hasBegun = true;
    }
    this.#lastWarnings = [...this.#lastWarnings, ...warnings]
      .filter((warning) => atMs - warning.atMs < WARNED_BEFORE_MS)
      .slice(-MAX_RECENT_WARNINGS);
    return hasBegun;
  }

  #forget({ atMs, monotonicMs }: Look): void {
    for (const [key, ended] of this.#justEnded) {
      if (monotonicMs - ended.monotonicMs >= SAME_WITHIN_MS) this.#justEnded.delete(key);
    }
    const oldest = this.#ended[0];
    if (oldest === undefined || atMs - (oldest.toMs ?? atMs) < KEPT_FOR_MS) return;
    this.#ended = this.#ended.filter(({ toMs = atMs }) => atMs - toMs < KEPT_FOR_MS);
  }
}

/** What fails comes before what only has to catch up. */
function rank({ cause, state }: Incident): number {
  return INCIDENT_CAUSES.indexOf(cause) + (state === 'failing' ? 0 : INCIDENT_CAUSES.length);
}

function linkTo(
  incident: OpenIncident,
  { atMs, code }: { readonly atMs: number; readonly code: string },
): void {
  if (atMs < incident.state.fromMs - WARNED_BEFORE_MS) return;
  if (incident.facts.codes.test(code) || (incident.state.hasFilledLog && /^LOG_(UN)?BLOCKED$/.test(code))) {
    incident.link(code);
  }
}
