import { BlockList, isIP } from 'node:net';
import { CommerceError } from '../../platform/errors.ts';

/** Finds out where a request comes from. */
export type ClientAddress = (request: AddressedRequest) => string;

/** What an IncomingMessage has of it. */
export interface AddressedRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
}

/**
 * The network address of a client. `X-Forwarded-For` is believed only as far as trusted proxies wrote it: from its end,
 * the first address that is none of theirs. Whoever sends the header without being one is the client itself.
 *
 * @param trustedProxies addresses and networks (`10.0.0.0/8`); none: the header counts for nothing
 * @throws CommerceError CONFIGURATION_INVALID
 */
export function clientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = blockList(trustedProxies);
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? '');
    if (trustedProxies.length === 0 || !isTrusted(trusted, address)) return address;
    const header = headers['x-forwarded-for'] ?? '';
    for (const hop of (typeof header === 'string' ? header : header.join(',')).split(',').reverse()) {
      const next = plain(hop.trim());
      if (isIP(next) === 0) return address;
      address = next;
      if (!isTrusted(trusted, address)) return address;
    }
    return address;
  };
}

/**
 * What attempts are counted by: the address itself, or the network of an IPv6 address, of which a single client has 2^64.
 */
export function addressGroup(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head === '' ? [] : head.split(':');
  const missing = 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const filled = address.includes('::') ? [...groups, ...Array.from({ length: missing }, () => '0')] : groups;
  return `${[...filled, '0', '0', '0', '0']
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    const bits = prefix === undefined ? null : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
    const fits = isIP(address) !== 0 && (bits === null || bits <= (family === 'ipv6' ? 128 : 32));
    if (!fits) {
      const expected = 'addresses and networks such as 10.0.0.0/8, with commas between them';
      throw new CommerceError(
        'CONFIGURATION_INVALID',
        `TRUSTED_PROXIES holds ${JSON.stringify(entry)}; expected ${expected}.`,
      );
    }
    if (bits === null) list.addAddress(address, family);
    else list.addSubnet(address, bits, family);
  }
  return list;
}

function isTrusted(list: BlockList, address: string): boolean {
  const version = isIP(address);
  return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/** A socket that listens on both families shows IPv4 addresses as `::ffff:10.0.0.1`. */
function plain(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.split('%')[0] ?? '';
}
