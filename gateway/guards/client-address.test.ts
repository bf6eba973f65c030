import { describe, expect, it } from '@jest/globals';
import { addressGroup, clientAddress } from './client-address.ts';

const from = (remoteAddress: string, forwarded?: string) => ({
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
});

describe('the address of a client', () => {
  it('is the one that is connected, whatever it claims, when no proxy is trusted', () => {
    const addressOf = clientAddress([]);
    expect(addressOf(from('203.0.113.9', '198.51.100.1'))).toBe('203.0.113.9');
    expect(addressOf(from('::ffff:203.0.113.9'))).toBe('203.0.113.9');
  });

  it.each([
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, 198.51.100.1, 10.0.0.2', '198.51.100.1'],
    ['10.0.0.1', '6.6.6.6, nonsense', '10.0.0.1'],
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['fd00::1', '2001:db8::5', '2001:db8::5'],
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ])('connected as %s with X-Forwarded-For %s is %s behind trusted proxies', (remote, forwarded, expected) => {
    expect(clientAddress(['10.0.0.0/8', 'fd00::/8'])(from(remote, forwarded))).toBe(expected);
  });

  it.each(['nonsense', '10.0.0.0/33', '10.0.0.0/x', '10.0.0/8', ''])('cannot trust %j', (entry) => {
    expect(() => clientAddress([entry])).toThrow(expect.objectContaining({ code: 'CONFIGURATION_INVALID' }));
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::5', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['2001:0db8:0001:0002::', '2001:db8:1:2::/64'],
  ])('%s is counted as %s', (address, group) => expect(addressGroup(address)).toBe(group));
});
