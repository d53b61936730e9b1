import fc from 'fast-check';

/** What happens to one file while the gateway is stopped. Places are parts of its length, from 0 to below 1. */
export type FileDamage =
  | { readonly kind: 'remove' | 'empty' }
  | { readonly kind: 'cut'; readonly place: number }
  | { readonly kind: 'flip'; readonly bits: readonly Bit[] };

/** The content afterwards; `undefined`: the file is gone. */
export function damaged(whole: Buffer, damage: FileDamage): Buffer | undefined {
  switch (damage.kind) {
    case 'remove':
      return undefined;
    case 'empty':
      return Buffer.alloc(0);
    case 'cut':
      return whole.subarray(0, Math.floor(damage.place * whole.length));
    case 'flip':
      return flipped(whole, damage.bits);
  }
}

interface Bit {
  readonly place: number;
  readonly bit: number;
}

function flipped(whole: Buffer, bits: readonly Bit[]): Buffer {
  const bytes = Buffer.from(whole);
  for (const { place, bit } of bits) bytes[Math.floor(place * bytes.length)]! ^= 1 << bit;
  return bytes;
}

/** Not `fc.double`, of which half of all values are below 1e-150. */
const PLACES = 1_000_000;
export const anyPlace = fc.nat(PLACES - 1).map((place) => place / PLACES);

const flip = fc.record({ place: anyPlace, bit: fc.nat(7) });

export const anyDamage: fc.Arbitrary<FileDamage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('remove' as const, 'empty' as const) }),
  fc.record({ kind: fc.constant('cut' as const), place: anyPlace }),
  fc.record({ kind: fc.constant('flip' as const), bits: fc.array(flip, { minLength: 1, maxLength: 1 }) }),
  fc.record({ kind: fc.constant('flip' as const), bits: fc.array(flip, { minLength: 2, maxLength: 8 }) }),
);
