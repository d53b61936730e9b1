/** Every dashboard and its uid. */
export const DASHBOARDS = [
  { uid: 'sluice-fleet', title: 'Fleet overview' },
  { uid: 'sluice-city-climate', title: 'City climate' },
  { uid: 'sluice-explorer', title: 'Measurement explorer' },
  { uid: 'sluice-gateway', title: 'Gateway' },
  { uid: 'sluice-gateway-influx', title: 'Gateway (InfluxDB)' },
  { uid: 'sluice-kinesis', title: 'Kinesis' },
] as const;

/** Returns links to all other dashboards. */
export function linksFrom(uid: (typeof DASHBOARDS)[number]['uid']): { uid: string; title: string }[] {
  return DASHBOARDS.filter((dashboard) => dashboard.uid !== uid);
}
