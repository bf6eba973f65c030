import type { Knex } from 'knex';
import { change, query } from '../../../platform/db/query.ts';
import type { RejectionReason } from '../errors.ts';
import type { BundleFact } from '../port.ts';
import { variantId } from './variants.ts';

/** The most units of a component that inventory counts in one bundle. */
const MAX_QUANTITY = 10_000;

/** A bundle whose record cannot be used as it is, by the record's key. It is known, and not sold. */
export interface FaultyBundle {
  readonly key: string;
  readonly reason: RejectionReason;
}

/** What is wrong with a bundle by itself. Null when nothing is. */
export function faultOf({ key, components }: BundleFact): RejectionReason | null {
  if (components.length === 0) return 'NO_COMPONENTS';
  if (components.some((component) => component.variantKey === key)) return 'BUNDLE_OF_ITSELF';
  const sound = unitsByVariant(components).every(([, units]) => Number.isInteger(units) && units >= 1 && units <= MAX_QUANTITY); // biome-ignore format: one thought
  const positive = components.every((component) => component.quantity > 0);
  return sound && positive ? null : 'COMPONENT_QUANTITY_INVALID';
}

/** Stores what bundles are made of; those with a fault as bundles of nothing. Whether they are sold is decided by {@link settleBundles}. */
export async function writeBundles(trx: Knex.Transaction, facts: readonly BundleFact[]): Promise<void> {
  if (facts.length === 0) return;
  const faults = facts.map(faultOf);
  const parts = facts.flatMap((fact, index) =>
    faults[index] === null ? unitsByVariant(fact.components).map(([key, units]) => ({ of: fact.key, key, units })) : [],
  );
  await change(
    trx,
    `insert into product.bundle as known (variant_id, source_key, fault, held)
     select id, key, fault, 'PENDING' from unnest(?::text[], ?::text[], ?::text[]) as given (id, key, fault)
     on conflict (variant_id) do update set source_key = excluded.source_key, fault = excluded.fault`,
    [facts.map((fact) => variantId(fact.key)), facts.map((fact) => fact.key), faults],
  );
  await change(trx, 'delete from product.bundle_component where variant_id = any(?::text[])', [
    facts.map((fact) => variantId(fact.key)),
  ]);
  await change(
    trx,
    `insert into product.bundle_component (variant_id, component_variant_id, quantity)
     select * from unnest(?::text[], ?::text[], ?::int[])`,
    [
      parts.map((part) => variantId(part.of)),
      parts.map((part) => variantId(part.key)),
      parts.map((part) => part.units),
    ],
  );
}

/** These variants are sold as they are from now on. */
export async function deleteBundles(trx: Knex.Transaction, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const gone = await query<{ told_sku: string | null }>(
    trx,
    'delete from product.bundle where variant_id = any(?::text[]) returning told_sku',
    [keys.map(variantId)],
  );
  for (const { told_sku } of gone) if (told_sku !== null) await tell(trx, told_sku, []);
}

interface Settled {
  readonly id: string;
  readonly key: string;
  readonly fault: RejectionReason | null;
  readonly held: string | null;
  readonly told_sku: string | null;
  /** Null while the variant is not on sale. */
  readonly sku: string | null;
  /** Whether another variant on sale took the SKU over that inventory was told. */
  readonly taken_over: boolean;
  readonly product_id: string | null;
  readonly components: readonly { readonly sku: string | null; readonly quantity: number; readonly nested: boolean }[];
}

/**
 * Decides anew which bundles are sold, of those that the given variants are or belong to, and tells inventory, in this
 * transaction. A bundle that cannot be put together is not sold; inventory knows it as made of something that no node has.
 *
 * @returns products whose bundles changed, and the bundles that nobody can put right here
 */
export async function settleBundles(
  trx: Knex.Transaction,
  variantKeys: readonly string[],
): Promise<{ productIds: string[]; faulty: FaultyBundle[] }> {
  const bundles = await affected(trx, variantKeys.map(variantId));
  if (bundles.length === 0) return { productIds: [], faulty: [] };
  for (const bundle of bundles) {
    const { id, sku, told_sku } = bundle;
    const held = whyHeld(bundle);
    if (told_sku !== null && (bundle.taken_over || (sku !== null && sku !== told_sku))) await tell(trx, told_sku, []);
    if (sku !== null) {
      const parts = bundle.components.map((part) => ({ sku: part.sku ?? '', quantity: part.quantity }));
      await tell(trx, sku, held === null ? parts : NEVER_THERE);
    }
    await change(trx, 'update product.bundle set held = ?, told_sku = ? where variant_id = ?', [
      held,
      sku ?? (bundle.taken_over ? null : told_sku),
      id,
    ]);
  }
  const sound = bundles.filter((bundle) => reasonOf(bundle) === null).map((bundle) => bundle.key);
  await change(trx, "delete from product.set_aside where kind = 'bundle' and key = any(?::text[])", [sound]);
  return {
    productIds: bundles.flatMap((bundle) => bundle.product_id ?? []),
    faulty: bundles.flatMap((bundle) => {
      const reason = reasonOf(bundle);
      return reason === null ? [] : [{ key: bundle.key, reason }];
    }),
  };
}

/** No node has a SKU without a name. */
const NEVER_THERE = [{ sku: '', quantity: 1 }];

function reasonOf({ fault, components }: Settled): RejectionReason | null {
  return fault ?? (components.some((part) => part.nested) ? 'NESTED_BUNDLE' : null);
}

function whyHeld(bundle: Settled): string | null {
  const pending = bundle.sku === null || bundle.components.some((part) => part.sku === null);
  return reasonOf(bundle) ?? (pending ? 'PENDING' : null);
}

function affected(trx: Knex.Transaction, variantIds: readonly string[]): Promise<Settled[]> {
  return query<Settled>(
    trx,
    `select bundle.variant_id as id, bundle.source_key as key, bundle.fault, bundle.held, bundle.told_sku,
       head.sku, head.product_id,
       exists (
         select from product.variant other
         where other.sku = bundle.told_sku and not other.hidden and other.id <> bundle.variant_id
       ) as taken_over,
       coalesce((
         select jsonb_agg(jsonb_build_object('sku', variant.sku, 'quantity', part.quantity, 'nested', inner_bundle.variant_id is not null) order by part.component_variant_id)
         from product.bundle_component part
         left join product.variant on variant.id = part.component_variant_id and not variant.hidden
         left join product.bundle inner_bundle on inner_bundle.variant_id = part.component_variant_id
         where part.variant_id = bundle.variant_id
       ), '[]') as components
     from product.bundle
     left join product.variant head on head.id = bundle.variant_id and not head.hidden
     where bundle.variant_id = any(?::text[])
        or bundle.variant_id in (select variant_id from product.bundle_component where component_variant_id = any(?::text[]))
        or bundle.told_sku in (select sku from product.variant where id = any(?::text[]))
     order by bundle.variant_id`,
    [variantIds, variantIds, variantIds],
  );
}

async function tell(
  trx: Knex.Transaction,
  sku: string,
  parts: readonly { readonly sku: string; readonly quantity: number }[],
): Promise<void> {
  await query(trx, 'select inventory.set_bundle(?, ?::text[], ?::int[])', [
    sku,
    parts.map((part) => part.sku),
    parts.map((part) => part.quantity),
  ]);
}

/** A system may list a component on two positions. */
function unitsByVariant(components: BundleFact['components']): [key: string, units: number][] {
  const units = new Map<string, number>();
  for (const { variantKey, quantity } of components) units.set(variantKey, (units.get(variantKey) ?? 0) + quantity);
  return [...units];
}
