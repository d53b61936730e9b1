const { FUZZ_SEED, FUZZ_FRAMES, SLUICE_SOAK } = process.env;

/** The seed of CI: the same frames in each run. */
const USUAL_SEED = 20_261_201;
const USUAL_FRAMES = 30_000;

/** How many mutated frames a test sends. */
export const fuzzFrames = Number(FUZZ_FRAMES ?? (SLUICE_SOAK === 'full' ? 1_000_000 : USUAL_FRAMES));

/** A run that somebody asks for looks where CI does not, unless it repeats an earlier one. */
export const fuzzSeed = Number(
  FUZZ_SEED ?? (FUZZ_FRAMES === undefined ? USUAL_SEED : Date.now() % 1_000_000_000),
);

/** Far more than the frames take, on a machine that does other things beside it. */
export const fuzzTimeoutMs = 120_000 + fuzzFrames * 10;
