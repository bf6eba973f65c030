import type { Knex } from 'knex';

/** What became of each parcel's units, apart from the others of its shipment. See subgraphs/fulfillment/parcel-units.ts, taken-in.ts. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table fulfillment.package_line
      add column taken_in int not null default 0,
      add column arrived int not null default 0,
      add constraint package_line_outcome check (taken_in >= 0 and arrived >= 0 and taken_in + arrived <= quantity);
    comment on column fulfillment.package_line.taken_in is 'Units that a node took in again, because the parcel did not reach its buyer.';
    comment on column fulfillment.package_line.arrived is 'Units that reached the buyer as a person says, whatever the carrier says.';
    alter table fulfillment.package add column accounted_at timestamptz;
    comment on column fulfillment.package.accounted_at is 'When people had said of all that was in it what became of it: nothing is expected of it any more. Null until then.';

    create index package_to_tell_of on fulfillment.package (id)
      where case when status in ('LOST', 'RETURN_TO_SENDER', 'CANCELLED') and (accounted_at is null or contradicted_at > accounted_at) then status end is distinct from told;
    drop index fulfillment.package_to_tell;

    -- Parcels that ended before their shipment were not counted until now: their orders hear of them as of a parcel that ends now.
    do $$ begin
      if exists (select from fulfillment.shipment) then
        with uncounted as (
          select distinct on (s.id) s.id, s.order_id, s.channel_code, s.revision, f.trace_id, p.id as package_id, p.status
          from fulfillment.shipment s
          join fulfillment.package p on p.shipment_id = s.id and p.status in ('DELIVERED', 'LOST', 'RETURN_TO_SENDER')
          join fulfillment.fulfillment_order f on f.id = s.fulfillment_order_id
          where s.status not in ('DELIVERED', 'LOST', 'CANCELLED')
          order by s.id, p.status, p.position
        ), told as (
          insert into integration.outbox (type, source, subject, version, channel_code, trace_id, data)
          select 'shipment-parcel-ended.v1', '/commerce/fulfillment', id, revision + 1, channel_code, trace_id,
            jsonb_build_object('shipmentId', id, 'orderId', order_id, 'packageId', package_id, 'status', status)
          from uncounted
        )
        update fulfillment.shipment s set revision = s.revision + 1 from uncounted where s.id = uncounted.id;
      end if;
    end $$;
  `);
}
