import { CONTRACT_OF_KIND } from '../../gateway/access/channels.ts';
import { SCOPES } from '../../gateway/access/scopes.ts';
import { readContracts } from '../../registry/contracts.ts';
import { usage } from '../failure.ts';

/** @throws CommandFailure USAGE that lists the scopes when one is not known: it would open nothing */
export function readScopes(given: readonly string[]): readonly string[] {
  const unknown = given.find((scope) => !Object.hasOwn(SCOPES, scope));
  if (unknown === undefined) return given;
  const known = Object.entries(SCOPES).map(([scope, meaning]) => `  ${scope}  ${meaning}`);
  throw usage(`There is no scope ${unknown}. The scopes:\n${known.join('\n')}`);
}

/** @throws CommandFailure USAGE when there is no such contract, or one that sells is given to nobody's channel */
export function readContractNames(given: readonly string[], channelCode: string | null): readonly string[] {
  const names = readContracts().map(({ name }) => name);
  if (given.length === 0) throw usage(`Which contract is it for? Say --contract with one of: ${names.join(', ')}.`);
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw usage(`There is no contract ${unknown}. The contracts: ${names.join(', ')}.`);
  const selling = given.find((name) => Object.values(CONTRACT_OF_KIND).includes(name));
  if (channelCode === null && selling !== undefined) {
    // A key without a channel is the back office's: it would see the orders of every channel.
    throw usage(`A key for ${selling} needs a channel: say --channel <code>.`);
  }
  return given;
}
