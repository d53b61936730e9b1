import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/duration.js';

export function configOption(): Option {
  return new Option('-c, --config <file>', 'configuration file (default: ./sluice.yaml if it is there)');
}

export function wholeNumber(min: number, max: number): (written: string) => number {
  return (written) => {
    const value = /^\d+$/.test(written) ? Number(written) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number, ${min} to ${max}.`);
  };
}

export function duration(written: string): number {
  const read = parseDuration(written);
  if (read.ok) return read.value;
  throw new InvalidArgumentError(`${read.hint}.`);
}

export function positiveNumber(written: string): number {
  const value = /^\d+(?:\.\d+)?$/.test(written) ? Number(written) : Number.NaN;
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number above 0.');
}

export function someText(written: string): string {
  if (written.trim() !== '') return written;
  throw new InvalidArgumentError('Expected some text.');
}

/** Grafana takes up to 40 of these characters. */
export function dashboardUid(written: string): string {
  if (/^[A-Za-z0-9_-]{1,40}$/.test(written)) return written;
  throw new InvalidArgumentError('Expected 1 to 40 letters, digits, - or _.');
}

export function qosLevel(written: string): 0 | 1 | 2 {
  if (written === '0') return 0;
  if (written === '1') return 1;
  if (written === '2') return 2;
  throw new InvalidArgumentError('Expected 0, 1 or 2.');
}
