import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { readFileSync } from 'node:fs';

/**
 * HelperProcesses are what libraries of this thread start on their own: the AWS SDK runs the `credential_process` of a
 * profile in a shell and sets it no time limit. One that hangs would outlive the gateway.
 */
export class HelperProcesses {
  readonly #running = new Set<ChildProcess>();

  constructor() {
    subscribe('child_process', (message) => {
      const { process: child } = message as { readonly process: ChildProcess };
      this.#running.add(child);
      child.once('exit', () => this.#running.delete(child));
      child.once('error', () => this.#running.delete(child));
    });
  }

  end(): void {
    for (const child of this.#running) {
      const inShell = child.pid === undefined ? [] : descendants(child.pid);
      child.kill('SIGKILL');
      for (const pid of inShell) kill(pid);
    }
  }
}

/** What a process has started, and those have started. Only Linux tells; elsewhere there is only the shell to end. */
function descendants(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return children.map(Number).flatMap((child) => [child, ...descendants(child)]);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
