/** Words for a field's unit, by Grafana's unit. They are case-sensitive, because `mW` is not `MW`. */
const WORDS_BY_UNIT: Readonly<Record<string, readonly string[]>> = {
  // Climate
  celsius: ['celsius', '°C', 'degC'],
  fahrenheit: ['fahrenheit', '°F', 'degF'],
  kelvin: ['kelvin', 'K'],
  percent: ['percent', '%'],
  percentunit: ['ratio'],
  humidity: ['humidity', '%H', '%RH'],
  pressurepa: ['pascal', 'Pa'],
  pressurehpa: ['hPa'],
  pressurekpa: ['kPa'],
  pressurebar: ['bar'],
  pressurembar: ['mbar'],
  pressurepsi: ['psi'],
  lux: ['lux', 'lx'],
  Wm2: ['W/m²', 'W/m2'],
  // Air and water
  ppm: ['ppm'],
  conppb: ['ppb'],
  conμgm3: ['µg/m³', 'μg/m³', 'ug/m3'],
  conmgm3: ['mg/m³', 'mg/m3'],
  // Electricity
  volt: ['volt', 'V'],
  mvolt: ['mV'],
  kvolt: ['kV'],
  amp: ['ampere', 'A'],
  mamp: ['mA'],
  watt: ['watt', 'W'],
  mwatt: ['mW'],
  kwatt: ['kW'],
  megwatt: ['MW'],
  watth: ['Wh'],
  kwatth: ['kWh'],
  voltamp: ['VA'],
  voltampreact: ['var', 'VAr'],
  amph: ['Ah'],
  mamph: ['mAh'],
  ohm: ['ohm', 'Ω'],
  joule: ['joule', 'J'],
  // Place and movement
  lengthmm: ['mm'],
  lengthm: ['metre', 'meter', 'm'],
  lengthkm: ['km'],
  degree: ['degree', '°'],
  velocityms: ['m/s'],
  velocitykmh: ['km/h'],
  velocitymph: ['mph'],
  velocityknot: ['knot', 'kn'],
  accMS2: ['m/s²', 'm/s2'],
  accG: ['g-force'],
  rotrpm: ['rpm'],
  // Amounts
  massg: ['gram', 'g'],
  masskg: ['kg'],
  forceN: ['newton', 'N'],
  litre: ['litre', 'liter', 'l', 'L'],
  mlitre: ['ml', 'mL'],
  m3: ['m³', 'm3'],
  flowlpm: ['l/min', 'L/min'],
  litreh: ['l/h', 'L/h'],
  // Signals and machines
  dB: ['dB'],
  dBm: ['dBm'],
  hertz: ['hertz', 'Hz'],
  bytes: ['bytes', 'B'],
  Bps: ['B/s'],
  bps: ['bit/s'],
  // Time
  ns: ['ns'],
  µs: ['µs', 'μs', 'us'],
  ms: ['ms'],
  s: ['s'],
  m: ['min'],
  h: ['h'],
  d: ['d'],
  // Numbers
  short: ['count'],
  none: ['none'],
};

const BY_WORD: ReadonlyMap<string, string> = new Map(
  Object.entries(WORDS_BY_UNIT).flatMap(([unit, words]) => words.map((word) => [word, unit] as const)),
);

/** Grafana's notation for units without an id. */
const CUSTOM = /^(?:prefix|suffix|si|count|currency|bool|time):/;

/**
 * Returns Grafana's unit for the unit in a rule: a word (`celsius`, `kWh`), one of Grafana's unit ids, or a custom
 * form. Any other text becomes a suffix of the number.
 */
export function grafanaUnit(written: string): string {
  const known = BY_WORD.get(written);
  if (known !== undefined) return known;
  if (Object.hasOwn(WORDS_BY_UNIT, written) || CUSTOM.test(written)) return written;
  return `suffix:${written}`;
}

/** Returns every known word, by Grafana's unit. */
export function unitWords(): readonly (readonly [unit: string, words: readonly string[]])[] {
  return Object.entries(WORDS_BY_UNIT);
}
