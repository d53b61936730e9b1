import { userInfo } from 'node:os';
import type { ReloadResult } from '../config/reload-result.js';
import type { Audit, AuditEntry } from '../lib/audit.js';
import { SluiceError } from '../lib/errors.js';
import type { ReplayStatus } from '../replay/replay-status.js';
import type { FieldChange, FieldChangeResult } from '../sink/field-change.js';
import type { RebuildRequest, RebuildResult } from '../windows/windows-report.js';
import type { ReplayCommand } from './command-protocol.js';

/** What commands change, or preview. */
export interface ChangingCommands {
  /** Begins a job; rejects with the reason why it cannot. */
  readonly start: (request: ReplayCommand) => Promise<ReplayStatus>;
  /** Reloads the configuration; rejects with RELOAD_BUSY or RELOAD_FAILED. */
  readonly reload: () => Promise<ReloadResult>;
  /** Changes a field of the store; rejects with the reason why it cannot. */
  readonly changeField: (change: FieldChange) => Promise<FieldChangeResult>;
  /** Marks windows to be computed again; rejects with the reason why it cannot. */
  readonly rebuildWindows: (request: RebuildRequest) => Promise<RebuildResult>;
}

const MAX_USER_CHARACTERS = 256;

/** The user of the system that runs this command; undefined: the system does not know a name for it. */
export function commandUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // In a container a user may have a number only.
  }
}

/**
 * Returns whom a request says it is from. Node cannot ask a socket for the user at its other end: the permissions of the
 * socket decide who may send commands, and this only names one of them.
 */
export function claimedUser(line: string): string | undefined {
  try {
    const { user } = (JSON.parse(line) ?? {}) as { user?: unknown };
    return typeof user === 'string' ? user.slice(0, MAX_USER_CHARACTERS) : undefined;
  } catch {
    return undefined; // The request is refused for it.
  }
}

/** The same commands, of which each that changes something is one line of the log. What only previews is none. */
export function auditCommands(
  deps: ChangingCommands,
  audit: Audit,
  user: string | undefined,
): ChangingCommands {
  const by = { user, method: 'claimed', remoteAddress: 'control socket' } as const;

  async function audited<Result>(
    of: Pick<AuditEntry, 'change' | 'parameters'>,
    run: () => Promise<Result>,
    outcomeOf: (result: Result) => AuditEntry['outcome'] = () => 'done',
  ): Promise<Result> {
    try {
      const result = await run();
      audit({ ...of, ...by, outcome: outcomeOf(result) });
      return result;
    } catch (thrown) {
      const reason = thrown instanceof SluiceError ? thrown.code : 'WORKER_FAILED';
      audit({ ...of, ...by, outcome: 'failed', reason });
      throw thrown;
    }
  }

  return {
    start: (request) => {
      const { kind, selection, dryRun } = request;
      if (dryRun) return deps.start(request);
      return audited({ change: kind, parameters: selection }, () => deps.start(request));
    },
    reload: () =>
      audited({ change: 'reload' }, deps.reload, ({ outcome }) =>
        outcome === 'invalid' ? 'failed' : 'done',
      ),
    changeField: (change) => audited({ change: 'field', parameters: change }, () => deps.changeField(change)),
    rebuildWindows: (request) => {
      if (request.isDryRun) return deps.rebuildWindows(request);
      return audited({ change: 'windows-rebuild', parameters: request }, () => deps.rebuildWindows(request));
    },
  };
}
