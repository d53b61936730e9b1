/** The range of the values, because a name alone does not tell mV from V. */
interface Values {
  readonly min: number;
  readonly max: number;
}

interface NamedUnit {
  /** Words of a name, any of which is enough. */
  readonly words: readonly string[];
  /** Undefined where the values do not fit. */
  readonly unit: (values: Values) => string | undefined;
}

const always = (unit: string) => () => unit;
/** The smaller unit where the values are too large for the larger one. */
const bySize = (limit: number, below: string, above: string) => (values: Values) =>
  values.max > limit ? above : below;

/** The last part of a name that is a unit: `temp_c`, `energy_kwh`. */
const UNIT_ENDINGS: Readonly<Record<string, string>> = {
  c: 'celsius',
  celsius: 'celsius',
  f: 'fahrenheit',
  fahrenheit: 'fahrenheit',
  k: 'kelvin',
  pct: 'percent',
  percent: 'percent',
  hpa: 'hPa',
  kpa: 'kPa',
  pa: 'Pa',
  mbar: 'mbar',
  bar: 'bar',
  psi: 'psi',
  lux: 'lux',
  ppm: 'ppm',
  ppb: 'ppb',
  kwh: 'kWh',
  wh: 'Wh',
  kw: 'kW',
  w: 'W',
  va: 'VA',
  v: 'V',
  mv: 'mV',
  volts: 'V',
  a: 'A',
  ma: 'mA',
  mah: 'mAh',
  amps: 'A',
  watts: 'W',
  mm: 'mm',
  m: 'm',
  km: 'km',
  kmh: 'km/h',
  mps: 'm/s',
  rpm: 'rpm',
  hz: 'Hz',
  kg: 'kg',
  g: 'g',
  l: 'l',
  ml: 'ml',
  dbm: 'dBm',
  db: 'dB',
  bytes: 'bytes',
  ms: 'ms',
  sec: 's',
  secs: 's',
  seconds: 's',
  s: 's',
  min: 'min',
  minutes: 'min',
  hours: 'h',
};
/** One letter is a unit only behind another word: `temp_c`, and not `c`. */
const MAX_ALONE = 1;

/** Units by the words of a name. They are guesses: the suggestion asks to check them. */
const NAMED_UNITS: readonly NamedUnit[] = [
  {
    words: ['temperature', 'temp', 'tmp', 'dewpoint', 'dew', 'thermostat'],
    unit: (values) => (values.max > 200 ? undefined : 'celsius'),
  },
  { words: ['humidity', 'hum', 'humid', 'rh', 'moisture'], unit: bySize(101, 'percent', 'none') },
  {
    words: ['battery', 'batt', 'bat', 'soc'],
    unit: ({ max }) => {
      if (max > 1_000) return 'mV';
      if (max > 101) return undefined;
      return max <= 5 ? 'V' : 'percent';
    },
  },
  { words: ['rssi'], unit: ({ max }) => (max < 0 ? 'dBm' : undefined) },
  { words: ['snr'], unit: always('dB') },
  { words: ['voltage', 'volt', 'vbat', 'vcc'], unit: bySize(1_000, 'V', 'mV') },
  { words: ['current', 'ampere'], unit: bySize(200, 'A', 'mA') },
  { words: ['power', 'watt'], unit: always('W') },
  { words: ['energy', 'consumption'], unit: always('kWh') },
  { words: ['pressure', 'barometer', 'baro'], unit: bySize(20_000, 'hPa', 'Pa') },
  { words: ['illuminance', 'lux', 'light', 'brightness'], unit: always('lux') },
  { words: ['co2', 'eco2', 'tvoc', 'voc'], unit: always('ppm') },
  { words: ['pm25', 'pm10', 'pm1'], unit: always('µg/m³') },
  { words: ['frequency', 'freq'], unit: always('Hz') },
  { words: ['distance', 'altitude', 'elevation'], unit: always('m') },
  {
    words: ['latitude', 'lat', 'longitude', 'lon', 'lng', 'heading', 'bearing', 'angle'],
    unit: always('degree'),
  },
  { words: ['speed', 'velocity'], unit: always('m/s') },
  { words: ['weight', 'mass'], unit: always('kg') },
  { words: ['uptime', 'duration', 'age'], unit: always('s') },
  { words: ['pulse', 'heartrate', 'bpm'], unit: always('bpm') },
];

/** The unit that a field of this name probably has; undefined where nothing is known. The name alone says nothing certain. */
export function unitByName(name: string, values: Values): string | undefined {
  const words = wordsOf(name);
  const last = words.at(-1) ?? '';
  const ending = Object.hasOwn(UNIT_ENDINGS, last) ? UNIT_ENDINGS[last] : undefined;
  if (ending !== undefined && (words.length > 1 || last.length > MAX_ALONE + 1)) return ending;
  return NAMED_UNITS.find((named) => named.words.some((word) => words.includes(word)))?.unit(values);
}

/** The words of a name in small letters: `supplyTemp_C` is supply, temp, c. */
export function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .flatMap((word) => (/^(?:co2|eco2|pm\d+)$/.test(word) ? [word] : [word.replace(/\d+$/, '') || word]))
    .filter((word) => word !== '');
}
