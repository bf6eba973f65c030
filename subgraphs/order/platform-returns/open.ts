import { storeTime } from '../../../platform/db/store-time.ts';
import type { ReturnPlatform, SignedWebhook } from '../port.ts';
import { keepReturn } from './keep.ts';
import { type OpenPlatform, PLATFORM_RETURNS, type PlatformReturnDeps, takeDue, takeReturnAgain } from './take.ts';

/** Platforms on which buyers ask for returns, at work: what they say is kept, and taken by any worker. */
export function openReturnPlatforms(
  deps: PlatformReturnDeps,
  platforms: readonly (OpenPlatform & { readonly platform: ReturnPlatform })[],
) {
  const byAccount = new Map(platforms.map((platform) => [platform.account, platform]));
  return {
    takers: platforms.map(({ account, platform }) => ({
      account,
      of: 'returns' as const,
      /**
       * Takes a webhook; once this resolves, what it says is kept.
       * @throws CommerceError UNAUTHENTICATED or SYSTEM_BAD_RESPONSE, see {@link ReturnPlatform}
       */
      async hear(call: SignedWebhook): Promise<void> {
        const heard = platform.hear(call);
        if (heard) await keepReturn(deps.knex, account, platform, heard);
      },
    })),
    /** Takes what is due. @returns how many returns were turned to */
    async step(): Promise<number> {
      const now = await storeTime(deps.knex);
      let count = 0;
      for (const platform of platforms) count += await takeDue(deps, platform, now);
      return count;
    },
    takeAgain: {
      async [PLATFORM_RETURNS](id: string) {
        const [, account = '', externalId = ''] = /^([^:]+):(.+)$/s.exec(id) ?? [];
        const platform = byAccount.get(account);
        if (!platform) return { kind: 'gone' as const };
        return takeReturnAgain(deps, platform, externalId, await storeTime(deps.knex));
      },
    },
  };
}

export type ReturnPlatforms = ReturnType<typeof openReturnPlatforms>;
