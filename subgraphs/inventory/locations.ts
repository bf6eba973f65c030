import type { Knex } from 'knex';
import { change, query } from '../../platform/db/query.ts';
import { derivedId } from '../../platform/ids.ts';
import { type Location, type LocationKind, nodePolicy } from './model.ts';
import type { Site } from './port.ts';

/** Id of the location that a site of the warehouse system is. The same in every process, without asking. */
export const locationIdOf = (siteCode: string): string => derivedId('location', siteCode);

/** Id of the stock of one SKU at one site. */
export const positionIdOf = (siteCode: string, sku: string): string => derivedId('position', siteCode, sku);

/** Whether sites serve orders that name no location, and how early, where it differs from what their kind does. */
export type NodePolicies = Readonly<
  Record<string, { readonly ships?: boolean | undefined; readonly priority?: number | undefined }>
>;

/**
 * Takes over a system's sites. Known ones are updated, none is ever removed: its ledger names it. A site of another system stays
 * what it is.
 * @param source a system beside the system of record of stock; null: that one
 */
export async function saveLocations(
  knex: Knex,
  sites: readonly Site[],
  nodes: NodePolicies = {},
  source: string | null = null,
): Promise<void> {
  const policies = sites.map(({ code, kind }) => {
    const { shippable, priority } = nodePolicy(kind);
    return { shippable: nodes[code]?.ships ?? shippable, priority: nodes[code]?.priority ?? priority };
  });
  await change(
    knex,
    `insert into inventory.location (id, code, name, kind, shippable, priority, source)
     select *, ?::text from unnest(?::text[], ?::text[], ?::text[], ?::text[], ?::boolean[], ?::int[])
     on conflict (id) do update
     set name = excluded.name, kind = excluded.kind, shippable = excluded.shippable, priority = excluded.priority, updated_at = now()
     where location.source is not distinct from excluded.source and (location.name, location.kind, location.shippable, location.priority)
           is distinct from (excluded.name, excluded.kind, excluded.shippable, excluded.priority)`,
    [
      source,
      sites.map((site) => locationIdOf(site.code)),
      sites.map((site) => site.code),
      sites.map((site) => site.name),
      sites.map((site) => site.kind),
      policies.map((policy) => policy.shippable),
      policies.map((policy) => policy.priority),
    ],
  );
}

/** Locations by code. @param kind null for every kind */
export function listLocations(knex: Knex, kind: LocationKind | null): Promise<Location[]> {
  return query<Location>(
    knex,
    'select id, code, name, kind from inventory.location where ?::text is null or kind = ? order by code',
    [kind, kind],
  );
}

/** Codes of those sites that are another system's. */
export async function sitesOfOthers(knex: Knex, codes: readonly string[], source: string): Promise<readonly string[]> {
  const rows = await query<{ code: string }>(
    knex,
    'select code from inventory.location where code = any (?::text[]) and source is distinct from ? order by code',
    [codes, source],
  );
  return rows.map(({ code }) => code);
}

/** Codes of all sites that are known, in order. */
export async function siteCodes(knex: Knex): Promise<readonly string[]> {
  return (await listLocations(knex, null)).map(({ code }) => code);
}

export async function locationsById(knex: Knex, ids: readonly string[]): Promise<Map<string, Location>> {
  const rows = await query<Location>(
    knex,
    'select id, code, name, kind from inventory.location where id = any (?::text[])',
    [ids],
  );
  return new Map(rows.map((row) => [row.id, row]));
}
