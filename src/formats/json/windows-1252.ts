/** What Windows-1252 has for 80 to 9F, as the WHATWG Encoding Standard lists it: five bytes stay control characters. */
const FROM_80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/**
 * The text of bytes in Windows-1252: Latin-1 with printable characters in place of the control characters 80 to 9F, which no
 * device means. TextDecoder is not used: versions of Node.js differ in these bytes.
 */
export function windows1252Text(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[\u0080-\u009f]/g, (char) => FROM_80[char.charCodeAt(0) - 0x80]!);
}
