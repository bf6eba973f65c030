import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedId } from '../../platform/ids.ts';
import { openObservedJournal } from '../../platform/observed/journal.ts';
import { x12NodeSystem } from '../../subgraphs/fulfillment/adapters/x12.ts';
import type { FileOutcome } from '../../systems/x12/exchange.ts';
import { openX12Exchange } from '../../systems/x12/exchange.ts';
import { createX12Folder } from '../../systems/x12/folder.ts';
import type { X12Partner } from '../../systems/x12/partners.ts';
import { openThirdParty } from '../../systems/x12/simulator/warehouse.ts';
import { createTestDatabase } from './database.ts';

/** What was agreed with a 3PL of this name. */
export const agreedWith = (name: string, site = { code: name, name }): X12Partner => ({
  name,
  folder: `${name}_FOLDER`,
  site,
  parties: { ours: { qualifier: 'ZZ', id: 'COMMERCE' }, theirs: { qualifier: 'ZZ', id: name }, usage: 'T' },
  timeZone: 'America/Chicago',
  order: { newOrder: 'N', unit: 'EA', skuQualifier: 'SK', lineQualifier: 'LI' },
  advice: { ssccMark: 'GM', trackingMark: 'CP', shippedDate: '11', lineStatuses: { CC: 'COMPLETE', OS: 'COMPLETE', PR: 'PARTIAL' } },
  inventory: { onHandQuantity: '17' },
  services: { STANDARD: 'GROUND' },
  carriers: { UPSN: 'UPS' },
  skus: { B: 'B-THERE' },
}); // biome-ignore format: one thought

/** A 3PL at the other end of a folder, and our end of it. Its clock and ours are one, and stand still but for `tick`. */
export async function startThirdParty(partner: X12Partner = agreedWith('NORTHSTAR')) {
  const database = await createTestDatabase(['integration']);
  const folder = mkdtempSync(join(tmpdir(), 'threepl-'));
  let at = Date.UTC(2026, 10, 29, 12);
  const now = () => new Date(at);
  const journal = openObservedJournal(database.knex, 'x12');
  const exchange = openX12Exchange(journal, now);
  const threepl = await openThirdParty(partner, folder, now);
  const done: { readonly file: string; readonly outcome: FileOutcome }[] = [];
  const failures: unknown[] = [];
  const ours = createX12Folder({
    partner,
    folder,
    journal,
    exchange,
    settleMillis: 0,
    now,
    onDone: async (file, outcome) => void done.push({ file, outcome }),
    onFailure: (error) => failures.push(error),
  });
  const { signal } = new AbortController();
  return {
    partner,
    folder,
    journal,
    exchange,
    threepl,
    done,
    failures,
    knex: database.knex,
    nodes: x12NodeSystem([partner], exchange, journal),
    locationId: derivedId('location', partner.site.code),
    tick(minutes = 1) {
      at += minutes * 60_000;
    },
    now,
    look: () => ours.look(signal),
    /** Both read what the other wrote, until nothing is left to read. */
    async exchangeFiles() {
      at += 60_000;
      await ours.look(signal);
      await threepl.look();
      await ours.look(signal);
      if (failures.length > 0) throw failures[0];
    },
    async stop() {
      rmSync(folder, { recursive: true });
      await database.drop();
    },
  };
}
