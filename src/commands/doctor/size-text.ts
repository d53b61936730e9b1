const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** For reading, not for the configuration: rounded to three figures, such as `48.2 GiB`. */
export function sizeText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}
