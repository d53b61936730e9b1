import { dashboardJson } from '../src/grafana/dashboard-json.js';
import { cityClimate } from './sources/city-climate.js';
import { fleetOverview } from './sources/fleet-overview.js';
import { gateway } from './sources/gateway.js';
import { gatewayInflux } from './sources/gateway-influx.js';
import { kinesis } from './sources/kinesis.js';
import { measurementExplorer } from './sources/measurement-explorer.js';

/** Returns the content of every file in grafana/dashboards by its name. */
export function dashboards(): Map<string, object> {
  return new Map([
    ['city-climate.json', dashboardJson(cityClimate)],
    ['fleet-overview.json', dashboardJson(fleetOverview)],
    ['gateway-influx.json', dashboardJson(gatewayInflux)],
    ['gateway.json', dashboardJson(gateway)],
    ['kinesis.json', dashboardJson(kinesis)],
    ['measurement-explorer.json', dashboardJson(measurementExplorer)],
  ]);
}
