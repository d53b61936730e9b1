import type { FieldMeaning } from '../rules/declared-fields.js';
import type { LatestGroup, LatestPage, LatestQuery, NewestValue } from '../sink/store-reader.js';
import type { Outside } from './field-meanings.js';

/**
 * reporting: nothing to say. late: a point is overdue. silent: nothing for as long as SilentDevices says. outside: a newest value
 * is outside of its expected range. unreadable: the newest message on one of its topics is parked.
 */
export type DeviceState = 'reporting' | 'late' | 'silent' | 'outside' | 'unreadable';

export interface DeviceValue extends NewestValue {
  readonly unit?: string;
  /** On which side of the expected range it lies; absent: inside, or nothing is expected. */
  readonly outside?: Outside;
}

/** A device with the newest value of each field. */
export interface DeviceGroup extends Omit<LatestGroup, 'values'> {
  readonly values: readonly DeviceValue[];
  readonly state: DeviceState;
  /** When the state began, ms since 1970; absent where that is not known. */
  readonly sinceMs?: number;
  /** The mean of each part of the last 24 h, with `spark`; null: no value. */
  readonly spark?: readonly (number | null)[];
}

export interface DevicePage extends Omit<LatestPage, 'groups'> {
  readonly groups: readonly DeviceGroup[];
  /** The field of the sparklines; absent without them. */
  readonly sparkField?: string;
}

export interface DeviceQuery extends LatestQuery {
  /** Into how many parts a sparkline divides the last 24 h; absent: no sparklines. */
  readonly spark?: number;
  /** The field of the sparklines; absent: the main number field. */
  readonly sparkField?: string;
}

/** In the order in which they are listed. */
export const LOOK_STATES = ['unreadable', 'outside', 'silent'] as const;

/** A device that needs a look, and why. */
export interface Look extends FieldMeaning {
  /** '' where it is not known. */
  readonly measurement: string;
  /** The tag whose value is the name; `topic` where only the topic is known, '' where the measurement is the name. */
  readonly tag: string;
  readonly name: string;
  readonly state: (typeof LOOK_STATES)[number];
  /** ms since 1970; absent where it is not known. */
  readonly sinceMs?: number;
  /** With `outside`: what is outside. */
  readonly field?: string;
  readonly value?: number;
  /** With `unreadable`: why the newest message is parked, and how many are since then. */
  readonly topic?: string;
  readonly code?: string;
  readonly reason?: string;
  readonly count?: number;
}

/** How many devices are known, and how many of them need a look. */
export interface DeviceCounts {
  readonly known: number;
  readonly needLook: number;
}

export interface NeedsLook {
  /** When the store was asked, ms since 1970. */
  readonly asOfMs: number;
  /** How many devices are known. */
  readonly devices: number;
  /** True when there are more than are looked at. */
  readonly moreDevices: boolean;
  /** How many of them need a look. */
  readonly needLook: number;
  /** How many reasons there are; `looks` has the first of them. */
  readonly found: number;
  readonly looks: readonly Look[];
}
