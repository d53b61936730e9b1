import type { EventLoopUtilization } from 'node:perf_hooks';
import type { SignInTotals } from '../access/sign-in-counts.js';
import type { ArrivalsSource } from '../arrivals/arrival.js';
import type { HttpRefusalCounts } from '../http/http-refusals.js';
import type { Clock } from '../lib/clock.js';
import type { Logger } from '../lib/logger.js';
import type { SelfMetricsCounters } from '../metrics/self-metrics.js';
import type { ConsumeAnswer, ConsumeReport, ConsumeRequest } from '../pipeline/consume-protocol.js';
import type { ForwardReport } from '../pipeline/forward-protocol.js';
import type { LogWriter } from '../stream/log/log-writer.js';
import type { ClockWatch } from './clock-watch.js';
import type { GatewayAccess } from './gateway-access.js';
import type { GatewayBroker } from './gateway-broker.js';
import type { ReplayWorker } from './gateway-dead-letters.js';
import type { GatewayOptions } from './gateway-options.js';
import type { GatewayReload } from './gateway-reload.js';
import type { GatewayTls } from './gateway-tls.js';

/** What the status of the gateway is read from. Which of the halves run here depends on the role. */
export interface StatusParts {
  readonly options: GatewayOptions;
  readonly version: string;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'recentWarnings' | 'level' | 'warn'>;
  readonly ingest?: {
    readonly log: LogWriter;
    /** How many records the log has dropped before its reader came to them. */
    readonly dropped: () => number;
    readonly broker: Pick<GatewayBroker, 'isListening' | 'counters' | 'listeners'>;
  };
  readonly workers: {
    readonly forward?: { readonly report: ForwardReport; eventLoop(): EventLoopUtilization };
    readonly consume?: {
      readonly report: ConsumeReport;
      eventLoop(): EventLoopUtilization;
      ask(request: ConsumeRequest): Promise<ConsumeAnswer>;
    };
    readonly replaying: ReplayWorker;
  };
  readonly arrivals: ArrivalsSource;
  /** Returns undefined when no metrics go into the store. */
  readonly selfMetrics: () => SelfMetricsCounters | undefined;
  /** Returns undefined without access rules. */
  readonly signIns: () => SignInTotals | undefined;
  /** All of them 0 without HTTP. */
  readonly httpRefusals: HttpRefusalCounts;
  readonly isFailed: () => boolean;
  readonly clockWatch: Pick<ClockWatch, 'facts' | 'notes'>;
  readonly access: Pick<GatewayAccess, 'notes'>;
  readonly tls: Pick<GatewayTls, 'notes'>;
  readonly reload: Pick<GatewayReload, 'run' | 'totals' | 'rulesInForce'>;
}
