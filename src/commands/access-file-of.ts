import { dirname, join, resolve } from 'node:path';
import { openConfig } from '../config/load-config.js';
import type { ListenerConfig } from '../config/sluice-config.js';

export interface NamedAccessFile {
  /** Absolute. */
  readonly path: string;
  /** False when the configuration has no `broker.access` yet. */
  readonly isConfigured: boolean;
  readonly listeners: readonly ListenerConfig[];
}

/** The access file of a configuration; without `broker.access` it is access.yaml beside the configuration. */
export async function accessFileOf(config: string | undefined): Promise<NamedAccessFile> {
  const { config: loaded, file } = await openConfig(config, { secrets: 'optional' });
  const { accessFile, listeners } = loaded.broker;
  const directory = file === undefined ? process.cwd() : dirname(resolve(file));
  return {
    path: accessFile ?? join(directory, 'access.yaml'),
    isConfigured: accessFile !== undefined,
    listeners,
  };
}
