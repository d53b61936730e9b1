/** Every truncation of `whole` and every copy of it with one flipped bit. */
export function* damages(whole: Buffer): Generator<Buffer> {
  for (let length = 0; length < whole.length; length += 1) yield whole.subarray(0, length);
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}
