import { isIP } from 'node:net';
import type { Parsed } from './first-bytes.js';

/** What a PROXY header says; see https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt. */
export type ProxyHeader =
  | { readonly kind: 'client'; readonly address: string }
  /** The proxy itself connects (a health check), or does not know for whom. */
  | { readonly kind: 'proxy' }
  | { readonly kind: 'invalid'; readonly detail: string };

/** With its line end, by the specification. */
const MAX_V1_BYTES = 107;
/** What follows the 16 fixed bytes of version 2: addresses of 36 bytes, and extensions such as the name of the host. */
const MAX_V2_BYTES = 2048;

const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED_BYTES = 16;
const V1_SIGNATURE = Buffer.from('PROXY ');

/** Parses a header of version 1 or 2. It asks for no more than the header needs and the bounds allow. */
export function parseProxyHeader(bytes: Buffer): Parsed<ProxyHeader> {
  if (startsLike(bytes, V2_SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? 'more' : parseV2(bytes);
  if (startsLike(bytes, V1_SIGNATURE)) return parseV1(bytes);
  return invalid(`the first byte is 0x${bytes.toString('hex', 0, 1)}, not that of a PROXY header`);
}

/** True while the bytes are the beginning of the signature, or begin with it. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function parseV1(bytes: Buffer): Parsed<ProxyHeader> {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end === -1) {
    return bytes.length < MAX_V1_BYTES ? 'more' : invalid(`no line end in ${MAX_V1_BYTES} bytes`);
  }
  const [, family, source = '', target = '', ...ports] = bytes.toString('latin1', 0, end).split(' ');
  const length = end + 2;
  if (family === 'UNKNOWN') return { value: { kind: 'proxy' }, length };
  const version = family === 'TCP4' ? 4 : family === 'TCP6' ? 6 : undefined;
  const isValid =
    version !== undefined &&
    isIP(source) === version &&
    isIP(target) === version &&
    ports.length === 2 &&
    ports.every((port) => /^\d{1,5}$/.test(port) && Number(port) <= 65_535);
  return isValid
    ? { value: { kind: 'client', address: source }, length }
    : invalid('a damaged header of version 1');
}

/** Bytes of the addresses by family; other families (Unix sockets, unspecified) name no address of a client. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 12, 2: 36 };

function parseV2(bytes: Buffer): Parsed<ProxyHeader> {
  const command = bytes[12]!;
  if (command !== 0x20 && command !== 0x21) {
    return invalid(`version and command 0x${command.toString(16)}, expected 0x20 or 0x21`);
  }
  const rest = bytes.readUInt16BE(14);
  if (rest > MAX_V2_BYTES) return invalid(`${rest} bytes after the fixed part, the limit is ${MAX_V2_BYTES}`);
  const length = V2_FIXED_BYTES + rest;
  if (bytes.length < length) return 'more';
  const family = bytes[13]! >> 4;
  const addressBytes = ADDRESS_BYTES[family];
  // 0x20: LOCAL, the proxy checks the health of the gateway; what follows is to be skipped.
  if (command === 0x20 || addressBytes === undefined) return { value: { kind: 'proxy' }, length };
  if (rest < addressBytes) return invalid(`${rest} bytes of addresses, expected ${addressBytes}`);
  const address = family === 1 ? ipv4(bytes, V2_FIXED_BYTES) : ipv6(bytes, V2_FIXED_BYTES);
  return { value: { kind: 'client', address }, length };
}

function ipv4(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join('.');
}

/** Written as `net` writes it, so that one client is one address for limits. */
function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(at + 2 * index).toString(16));
  const { hostname } = new URL(`http://[${groups.join(':')}]`);
  return hostname.slice(1, -1);
}

function invalid(detail: string): Parsed<ProxyHeader> {
  return { value: { kind: 'invalid', detail }, length: 0 };
}
