import type { GatewayProcess } from '../../harness/gateway-process.js';
import { sluice } from '../../harness/programs.js';
import type { WindowsReport } from '../../src/windows/windows-report.js';

/** What `sluice windows list` prints of a running gateway. */
export async function windowsReport(gateway: GatewayProcess): Promise<WindowsReport> {
  const { stdout } = await sluice(['windows', 'list', '-c', gateway.configFile, '--json']);
  return JSON.parse(stdout) as WindowsReport;
}

/** Resolves when every value is in a row of each resolution. Windows that are open since the start may still be. */
export async function windowsReportWhenComputed(gateway: GatewayProcess): Promise<WindowsReport> {
  for (;;) {
    const report = await windowsReport(gateway);
    const isComputed = report.aggregates.every(
      ({ values, resolutions }) =>
        values.awaiting === 0 && resolutions.every(({ markedWindows }) => markedWindows === 0),
    );
    if (isComputed) return report;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
