import { resolve } from 'node:path';
import type { Knex } from 'knex';
import { namedVariable } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { openObservedJournal } from '../platform/observed/journal.ts';
import { openX12Exchange } from '../systems/x12/exchange.ts';
import { createX12Folder } from '../systems/x12/folder.ts';
import { loadX12Partners } from '../systems/x12/partners.ts';
import type { alarmOn } from './operations.ts';

/** 3PLs that config/x12.yaml names, as the domains need them. @throws CommerceError CONFIGURATION_INVALID naming what is wrong */
export function openThreePl(knex: Knex) {
  const journal = openObservedJournal(knex, 'x12');
  return { partners: loadX12Partners(), journal, exchange: openX12Exchange(journal) };
}

/**
 * Reads and writes the folders of 3PLs until the signal aborts. What of a file was not taken in is on the exception desk until a
 * file of the same name is.
 * @throws CommerceError CONFIGURATION_INVALID at once, when the variable of a folder is not set
 */
export function runThreePlFolders(
  { partners, journal, exchange }: ReturnType<typeof openThreePl>,
  { raise, resolve: settle }: ReturnType<typeof alarmOn>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void>[] {
  return partners.map((partner) => {
    const folder = createX12Folder({
      partner,
      folder: resolve(namedVariable(partner.folder, 'config/x12.yaml')),
      journal,
      exchange,
      async onDone(file, { taken, problems, refusals }) {
        logger.info({ partner: partner.name, file, taken, problems }, 'file of a 3PL');
        const key = `x12:file:${partner.name}:${file}`;
        if (problems.length === 0) await settle(key, 'a file of the same name that was taken in');
        else
          await raise({
            key,
            system: 'x12',
            operation: 'take-file',
            message: `File ${file} of ${partner.name}: ${problems.slice(0, 5).join('; ')}. ${taken === 0 ? 'Nothing of it was taken in.' : `${taken} of its transaction sets were.`} It lies in in/refused/ beside its reason. Have ${partner.name} send a right one, or mend config/x12.yaml, restart and put it back into in/: what was taken in is not taken twice.`,
          });
        for (const { workId, message } of refusals)
          await raise({ key: `x12:order:${workId}`, system: 'x12', operation: 'ask-3pl', message: `${message}.` });
      },
      onFailure: (error) => logger.warn({ partner: partner.name, err: error }, 'a folder of a 3PL waits'),
    });
    return folder.run(signal);
  });
}
