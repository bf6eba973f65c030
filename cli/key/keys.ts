import { createApiKey, listApiKeys, revokeApiKey } from '../../gateway/access/api-keys.ts';
import { findChannel } from '../../gateway/access/channels.ts';
import type { Invocation } from '../command.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { CommandFailure, usage } from '../failure.ts';
import { withStore } from '../store.ts';
import { readContractNames, readScopes } from './read-rights.ts';

/** `commerce key create` */
export async function create(invocation: Invocation): Promise<ExitCode> {
  const clientId = invocation.value('client');
  if (!clientId) throw usage('Who holds the key? Say --client <id>, such as web-shop.');
  const channelCode = invocation.value('channel') ?? null;
  const contracts = readContractNames(invocation.values('contract'), channelCode);
  const scopes = readScopes(invocation.values('scope'));
  const customerId = invocation.value('customer') ?? null;
  const none = invocation.flag('no-scopes');
  if (none && scopes.length > 0) throw usage('--scope and --no-scopes exclude each other.');
  const key = await withStore(async ({ knex }) => {
    if (channelCode !== null && !(await findChannel(knex, channelCode))) {
      throw new CommandFailure(EXIT.REFUSED, `There is no channel ${channelCode}: \`commerce channel add\` makes one.`);
    }
    const chosen = none || scopes.length > 0 ? { scopes } : {};
    return createApiKey(knex, { clientId, contracts, channelCode, customerId, ...chosen });
  });
  invocation.terminal.note('The key, which is shown this once and kept nowhere:');
  invocation.terminal.out(key);
  return EXIT.OK;
}

/** `commerce key revoke` */
export async function revoke({ arguments: [prefix = ''], terminal }: Invocation): Promise<ExitCode> {
  // Whoever pastes the whole key means the key; its secret part is not needed, and must not be looked for.
  const known = /^csk_[0-9a-f]{10}/.exec(prefix)?.[0] ?? prefix;
  const revoked = await withStore(({ knex }) => revokeApiKey(knex, known));
  if (!revoked) throw new CommandFailure(EXIT.REFUSED, `There is no key ${known} that could be revoked.`);
  terminal.note(`${terminal.style('green', 'revoked')} ${known}: refused everywhere within 5 seconds.`);
  return EXIT.OK;
}

/** `commerce key list` */
export async function list(invocation: Invocation): Promise<ExitCode> {
  const { terminal } = invocation;
  const keys = await withStore(({ knex }) => listApiKeys(knex));
  for (const key of keys) {
    const { prefix, clientId, contracts, channelCode, scopes, revokedAt } = key;
    const state = revokedAt === null ? '' : terminal.style('dim', `  revoked ${revokedAt.toISOString().slice(0, 10)}`);
    const rights = scopes === null ? 'usual scopes' : scopes.join(' ') || 'no scopes';
    terminal.out(
      invocation.flag('json')
        ? JSON.stringify(key)
        : `${prefix}  ${clientId}  ${contracts.join(',')}  ${channelCode ?? 'back office'}  ${rights}${state}`,
    );
  }
  return EXIT.OK;
}
