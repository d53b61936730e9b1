import { join } from 'node:path';
import { bundle } from './bundle.js';

/** For the projects whose tests start the program often. SLUICE_UNBUNDLED=1: they start it as users have it. */
export default async function buildBundle(): Promise<void> {
  if (process.env.SLUICE_UNBUNDLED === '1') return;
  process.env.SLUICE_LAUNCHER = await bundle(join(import.meta.dirname, '..', '..'));
}
