/** Why a connection was closed or a request refused because of a limit. The list is closed: it is the label of a metric. */
export const HTTP_REFUSALS = [
  /** The oldest idle connection was closed to make room for a new one. */
  'idle-closed',
  /** A new connection was closed at once: the reserve for health requests is in use too. */
  'connection-refused',
  /** A request was refused on a connection on which only health is answered. */
  'too-many-connections',
  'too-many-streams',
  'too-many-queries',
  'too-many-searches',
  /** A search ended at its limits before the record was found. */
  'search-incomplete',
  /** A request was not complete in time, and its connection was closed. */
  'request-timeout',
  /** An event stream was closed whose reader was skipped too often. */
  'reads-too-slowly',
  /** A name in the `Host` header that is not ours. */
  'host-refused',
  /** A request showed no credential where one is needed. */
  'sign-in-needed',
  /** A credential was wrong, or was not looked at because too many were. */
  'sign-in-refused',
  /** A user has no role for what was asked. */
  'role-needed',
] as const;
export type HttpRefusal = (typeof HTTP_REFUSALS)[number];

/** How often each refusal happened; the counts only grow. */
export type HttpRefusalCounts = Record<HttpRefusal, number>;

export function createHttpRefusalCounts(): HttpRefusalCounts {
  return Object.fromEntries(HTTP_REFUSALS.map((refusal) => [refusal, 0])) as HttpRefusalCounts;
}
