import type { Tag } from '../sink/point.js';
import type { Span } from './window-spans.js';

/** The tags of a group as one text; equal groups have equal keys. */
export type GroupKey = string;

export function groupKeyOf(tags: readonly Tag[]): GroupKey {
  return JSON.stringify(tags.map(({ name, value }) => [name, value]));
}

export function tagsOfGroup(key: GroupKey): Tag[] {
  return (JSON.parse(key) as [string, string][]).map(([name, value]) => ({ name, value }));
}

/** A window of one resolution that has to be computed, as a whole or for some groups. */
export interface WindowMark {
  readonly span: Span;
  /** Generation in which any group may have changed; undefined: only `groups` have. */
  whole: number | undefined;
  /** Group → the generation in which it changed last. */
  readonly groups: Map<GroupKey, number>;
  /** Writes on the way whose points fall into the window. */
  writing: number;
  /** Values that no fold has begun to read. */
  values: number;
  /** Values that the running fold reads. */
  folding: number;
  /** The watermark when a point last fell into it. */
  touchedAtMs: number;
  /** The watermark since when it waits for points to be quiet; undefined: it does not. */
  waitsSinceMs: number | undefined;
  /** The watermark when it was marked first by a finer window or by a person; undefined: by points only. */
  markedAtMs: number | undefined;
  /** When a window that could not be computed is tried again, by the monotonic clock. */
  retryAtMs: number;
  /** When the open window may be written next, by the monotonic clock. */
  nextEarlyMs: number;
  /** The generation of the last fold while the window was open; undefined: there was none. */
  shownGeneration: number | undefined;
  /** A person asked for it, also where a count would fall. */
  isForced: boolean;
  /** Asked for again: existing rows are compared before they are replaced. */
  isRebuild: boolean;
}

/** More groups than this are not remembered one by one: the window is computed as a whole. */
export const MAX_GROUPS_PER_MARK = 1_000;

const BYTES_PER_MARK = 400;
const BYTES_PER_GROUP = 120;

/** So much of the memory is freed at once, because finding it takes a look at every mark. */
const FREED_SHARE = 1 / 16;

/** A window that is computed as a whole from now on, because its groups took too much room. */
export interface WidenedMark {
  readonly measurement: string;
  readonly startMs: number;
}

/** Counts the bytes of all marks of a gateway. */
export class MarksMemory {
  readonly maxBytes: number;
  bytes = 0;
  /** Those of them that groups take. */
  groupBytes = 0;
  readonly #marks: WindowMarks[] = [];

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  hasRoomFor(bytes: number): boolean {
    return this.bytes + bytes <= this.maxBytes;
  }

  register(marks: WindowMarks): void {
    this.#marks.push(marks);
  }

  /** Frees what groups take, so that another window has room: a window that is computed as a whole is as exact. */
  makeRoom(): WidenedMark[] {
    const widened: WidenedMark[] = [];
    const enoughBytes = this.bytes - this.maxBytes * FREED_SHARE;
    for (const marks of this.#marks) {
      for (const mark of marks.all()) {
        if (this.groupBytes === 0 || this.bytes < enoughBytes) return widened;
        if (mark.groups.size === 0) continue;
        marks.touchWhole(mark, Math.max(...mark.groups.values()));
        widened.push({ measurement: marks.measurement, startMs: mark.span.startMs });
      }
    }
    return widened;
  }
}

/** The marks of one resolution, by the start of their window. */
export class WindowMarks {
  readonly #marks = new Map<number, WindowMark>();
  readonly measurement: string;
  readonly #memory: MarksMemory;

  constructor(measurement: string, memory: MarksMemory) {
    this.measurement = measurement;
    this.#memory = memory;
    memory.register(this);
  }

  get size(): number {
    return this.#marks.size;
  }

  all(): IterableIterator<WindowMark> {
    return this.#marks.values();
  }

  get(startMs: number): WindowMark | undefined {
    return this.#marks.get(startMs);
  }

  /** Frees room where another window needs it; returns the windows that are computed as a whole instead. */
  makeRoomFor(span: Span): readonly WidenedMark[] {
    if (this.#marks.has(span.startMs) || this.#memory.hasRoomFor(BYTES_PER_MARK)) return [];
    return this.#memory.makeRoom();
  }

  /**
   * The mark of a window, which is made when there is none; undefined when there is no room for it. One that is always kept
   * goes beyond the room: there are few of these, and one device with a wrong clock could take all of it.
   */
  markOf(span: Span, isAlwaysKept = false): WindowMark | undefined {
    const known = this.#marks.get(span.startMs);
    if (known !== undefined) return known;
    if (!isAlwaysKept && !this.#memory.hasRoomFor(BYTES_PER_MARK)) return undefined;
    this.#memory.bytes += BYTES_PER_MARK;
    const mark: WindowMark = {
      span,
      whole: undefined,
      groups: new Map(),
      writing: 0,
      values: 0,
      folding: 0,
      touchedAtMs: Number.NEGATIVE_INFINITY,
      waitsSinceMs: undefined,
      markedAtMs: undefined,
      retryAtMs: Number.NEGATIVE_INFINITY,
      nextEarlyMs: Number.NEGATIVE_INFINITY,
      shownGeneration: undefined,
      isForced: false,
      isRebuild: false,
    };
    this.#marks.set(span.startMs, mark);
    return mark;
  }

  /** Notes a change of the whole window. Returns true when that was not known yet. */
  touchWhole(mark: WindowMark, generation: number): boolean {
    const isNew = mark.whole === undefined;
    mark.whole = generation;
    if (isNew) this.#forgetGroups(mark);
    return isNew;
  }

  /** Notes a change of one group, or of the whole window where there are too many. Returns true when it was not known yet. */
  touchGroup(mark: WindowMark, group: GroupKey, generation: number): boolean {
    if (mark.whole !== undefined) return this.touchWhole(mark, generation);
    if (mark.groups.has(group)) {
      mark.groups.set(group, generation);
      return false;
    }
    const bytes = BYTES_PER_GROUP + 2 * group.length;
    if (mark.groups.size >= MAX_GROUPS_PER_MARK || !this.#memory.hasRoomFor(bytes)) {
      return this.touchWhole(mark, generation);
    }
    this.#memory.bytes += bytes;
    this.#memory.groupBytes += bytes;
    mark.groups.set(group, generation);
    return true;
  }

  /**
   * Forgets what did not change since the fold of this generation began. The store may have been read before a write that
   * is on the way, so nothing is forgotten until that has ended. Returns what was forgotten.
   */
  computed(
    mark: WindowMark,
    generation: number,
    groups: readonly GroupKey[] | undefined,
  ): 'none' | 'whole' | readonly GroupKey[] {
    if (mark.writing > 0) return 'none';
    const done =
      groups === undefined
        ? this.#wholeComputed(mark, generation)
        : this.#groupsComputed(mark, generation, groups);
    if (mark.whole === undefined && mark.groups.size === 0) this.drop(mark);
    return done;
  }

  drop(mark: WindowMark): void {
    if (!this.#marks.delete(mark.span.startMs)) return;
    this.#forgetGroups(mark);
    this.#memory.bytes -= BYTES_PER_MARK;
  }

  #wholeComputed(mark: WindowMark, generation: number): 'none' | 'whole' {
    if (mark.whole === undefined || mark.whole >= generation) return 'none';
    mark.whole = undefined;
    return 'whole';
  }

  #groupsComputed(mark: WindowMark, generation: number, groups: readonly GroupKey[]): GroupKey[] {
    const done = groups.filter((group) => (mark.groups.get(group) ?? generation) < generation);
    for (const group of done) this.#forgetGroup(mark, group);
    return done;
  }

  #forgetGroups(mark: WindowMark): void {
    for (const group of [...mark.groups.keys()]) this.#forgetGroup(mark, group);
  }

  #forgetGroup(mark: WindowMark, group: GroupKey): void {
    mark.groups.delete(group);
    const bytes = BYTES_PER_GROUP + 2 * group.length;
    this.#memory.bytes -= bytes;
    this.#memory.groupBytes -= bytes;
  }
}
