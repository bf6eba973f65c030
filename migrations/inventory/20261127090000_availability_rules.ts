import type { Knex } from 'knex';

/** What a channel may sell beyond or below what is there, what bundles consist of, and who waits for stock. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table inventory.channel_rule (
      id bigint generated always as identity primary key,
      channel_code text collate "C",
      sku text collate "C",
      location_id text collate "C",
      withheld int check (withheld between 0 and 100000000),
      cap int check (cap between 0 and 100000000),
      backorder text check (backorder in ('NONE', 'UNITS', 'INCOMING', 'UNLIMITED')),
      backorder_units int check (backorder_units between 0 and 100000000),
      release_at timestamptz,
      preorder_units int check (preorder_units between 0 and 100000000),
      constraint channel_rule_scope unique nulls not distinct (channel_code, sku, location_id),
      constraint channel_rule_backorder_units check ((backorder is not distinct from 'UNITS') = (backorder_units is not null)),
      constraint channel_rule_preorder check (preorder_units is null or release_at is not null),
      constraint channel_rule_location check (location_id is null or (backorder is null and release_at is null))
    );
    comment on table inventory.channel_rule is 'The rules of config/availability.yaml. A null in channel_code, sku or location_id means all of them.';
    comment on column inventory.channel_rule.withheld is 'Units withheld from the channel. Null: this rule does not say.';
    comment on column inventory.channel_rule.cap is 'Most units the channel sees, and sells with one order. Null: this rule does not say.';
    comment on column inventory.channel_rule.release_at is 'Until then nothing is sold from stock: orders are preorders.';
    comment on column inventory.channel_rule.preorder_units is 'Most units that may be preordered; null with a release_at means any number.';

    create table inventory.bundle_component (
      bundle_sku text collate "C" not null,
      component_sku text collate "C" not null,
      quantity int not null check (quantity between 1 and 10000),
      primary key (bundle_sku, component_sku),
      constraint bundle_is_not_its_component check (bundle_sku <> component_sku)
    );
    comment on table inventory.bundle_component is 'SKUs that are made of others when they are sold, as the catalogue''s events tell. A bundle has no stock of its own.';
    create index bundle_component_component on inventory.bundle_component (component_sku);

    create table inventory.backorder (
      order_line_id text collate "C" primary key,
      order_id text collate "C" not null,
      sku text collate "C" not null,
      channel_code text collate "C",
      location_id text collate "C",
      quantity int not null check (quantity > 0),
      waiting_since timestamptz not null default clock_timestamp()
    );
    comment on table inventory.backorder is 'Units of order lines that were accepted without stock and still wait for it.';
    comment on column inventory.backorder.location_id is 'The only location that may serve them; null lets any node that ships.';
    create index backorder_sku on inventory.backorder (sku) include (channel_code, quantity);
    create index backorder_order on inventory.backorder (order_id);

    -- Units of a SKU that orders wait for: by itself and inside bundles.
    create function inventory.awaited(p_sku text) returns bigint language sql stable as $$
      select coalesce((select sum(quantity) from inventory.backorder where sku = p_sku), 0)
           + coalesce((select sum(waiting.quantity * part.quantity::bigint)
                       from inventory.bundle_component part join inventory.backorder waiting on waiting.sku = part.bundle_sku
                       where part.component_sku = p_sku), 0)
    $$;

    -- Units of a SKU that are on their way to nodes that ship and that nobody waits for yet.
    create function inventory.unclaimed_supply(p_sku text) returns bigint language sql stable as $$
      select greatest(0, coalesce((select sum(position.incoming::bigint) from inventory.position
                                   join inventory.location on location.id = position.location_id and location.shippable
                                   where position.sku = p_sku), 0) - inventory.awaited(p_sku))
    $$;

    create function inventory.channel_terms(p_channel_code text, p_skus text[]) returns table (
      sku text, withheld int, cap int, backorder_units int, is_bundle boolean, release_at timestamptz, by_location boolean
    ) language sql stable as $$
      select asked.sku, rule.withheld, rule.cap,
             case
               when rule.release_at is not null then
                 case when rule.preorder_units is not null then greatest(0, rule.preorder_units - waiting.units)::int end
               when rule.backorder = 'NONE' then 0
               when rule.backorder = 'UNITS' then greatest(0, rule.backorder_units - waiting.units)::int
               when rule.backorder = 'INCOMING' then least(2000000000, case when bundle.made_of is null then inventory.unclaimed_supply(asked.sku) else (
                 select min(inventory.unclaimed_supply(component_sku) / quantity) from inventory.bundle_component where bundle_sku = asked.sku) end)::int
             end,
             bundle.made_of is not null, rule.release_at, coalesce(rule.by_location, false)
      from (select distinct unnest(p_skus) collate "C" as sku) asked
      left join lateral (
        -- Per word, the rule with the closest scope that says it: channel and SKU, SKU, channel, all.
        select (array_agg(withheld order by closeness) filter (where withheld is not null and location_id is null))[1] as withheld,
               (array_agg(cap order by closeness) filter (where cap is not null and location_id is null))[1] as cap,
               (array_agg(backorder order by closeness) filter (where backorder is not null))[1] as backorder,
               (array_agg(backorder_units order by closeness) filter (where backorder is not null))[1] as backorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where backorder is not null))[1] as backorder_own,
               (array_agg(release_at order by closeness) filter (where release_at > clock_timestamp()))[1] as release_at,
               (array_agg(preorder_units order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_units,
               (array_agg(closeness in (1, 3) order by closeness) filter (where release_at > clock_timestamp()))[1] as preorder_own,
               bool_or(location_id is not null) as by_location
        from (
          select *, case when channel_code is null then case when sku is null then 4 else 2 end else case when sku is null then 3 else 1 end end as closeness
          from inventory.channel_rule
          where (channel_code is null or channel_code = p_channel_code) and (channel_rule.sku is null or channel_rule.sku = asked.sku)
        ) fitting
      ) rule on true
      left join lateral (select min(component_sku) as made_of from inventory.bundle_component where bundle_sku = asked.sku) bundle on true
      -- A limit of one channel counts that channel's orders; a limit of all counts all.
      left join lateral (
        select coalesce(sum(quantity), 0) as units from inventory.backorder
        where (rule.release_at is not null or rule.backorder = 'UNITS') and backorder.sku = asked.sku
          and (not case when rule.release_at is not null then rule.preorder_own else rule.backorder_own end or channel_code = p_channel_code)
      ) waiting on true
    $$;
    comment on function inventory.channel_terms is 'What a channel may do with each distinct SKU now. withheld null: the channel''s own safety stock applies. cap null: none. backorder_units: units that may still be ordered without stock; 0 none, null any number. release_at set: only preorders until then. by_location: rules of single locations exist, see inventory.location_terms.';

    create function inventory.location_terms(p_channel_code text, p_skus text[]) returns table (sku text, location_id text, withheld int, cap int)
    language sql stable as $$
      select asked.sku, fitting.location_id,
             (array_agg(fitting.withheld order by closeness) filter (where fitting.withheld is not null))[1],
             (array_agg(fitting.cap order by closeness) filter (where fitting.cap is not null))[1]
      from (select distinct unnest(p_skus) collate "C" as sku) asked
      join lateral (
        select *, case when channel_code is null then case when sku is null then 4 else 2 end else case when sku is null then 3 else 1 end end as closeness
        from inventory.channel_rule
        where channel_rule.location_id is not null
          and (channel_code is null or channel_code = p_channel_code) and (channel_rule.sku is null or channel_rule.sku = asked.sku)
      ) fitting on true
      group by asked.sku, fitting.location_id
    $$;
    comment on function inventory.location_terms is 'Units of a SKU withheld from a channel at one location, and the most it sees there. No row: nothing is.';
  `);
}
