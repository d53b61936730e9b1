import type { Decoded } from '../../src/formats/payload-format.js';
import { seeded } from '../support/seeded.js';

/** How many mutated payloads a test decodes: the million of each format takes minutes. */
export const MUTATIONS = process.env.SLUICE_SOAK === 'full' ? 1_000_000 : 5_000;

/** Changes, cuts, repeats or inserts bytes of a good payload, one to eight times. */
export function mutated(good: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(good);
  for (let change = random(8); change >= 0; change--) {
    const at = random(bytes.length + 1);
    switch (random(6)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(at + 1))]);
        break;
      case 2:
        // The bytes that lengths are made of, in most encodings.
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from([[0xff, 0x7f, 0x9b, 0xbf, 0xdd, 0xdf, 0x00, 0x80][random(8)]!]),
          bytes.subarray(at),
        ]);
        break;
      default:
        if (at < bytes.length) bytes[at] = random(256);
    }
  }
  return bytes;
}

/** What became of mutated payloads. */
export interface MutationOutcome {
  decoded: number;
  readonly codes: Set<string>;
}

/** Decodes mutations of all good payloads; `decode` must not throw. */
export function decodeMutations(
  good: readonly Buffer[],
  seed: number,
  decode: (payload: Buffer) => Decoded,
): MutationOutcome {
  const random = seeded(seed);
  const outcome: MutationOutcome = { decoded: 0, codes: new Set() };
  for (let run = 0; run < MUTATIONS; run++) {
    const payload = mutated(good[random(good.length)]!, random);
    let result: Decoded;
    try {
      result = decode(payload);
    } catch (cause) {
      throw new Error(`decoding ${payload.toString('hex')} throws`, { cause });
    }
    if (result.ok) {
      // Every value can be written down: nothing in it is cyclic, not finite or of a class of its own.
      JSON.stringify(result.value);
      outcome.decoded++;
    } else {
      outcome.codes.add(result.code);
      if (/\n/.test(result.reason) || result.reason.length > 300) throw new Error(`reason: ${result.reason}`);
    }
  }
  return outcome;
}
