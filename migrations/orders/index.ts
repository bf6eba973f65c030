import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as orders from './20261123090000_orders.ts';
import * as indicators from './20261123095000_indicators.ts';
import { batches } from './20261127091200_batches.ts';
import { insertOrders } from './20261127121000_insert_orders.ts';
import { checksByIndex } from './20261127123000_checks_by_index.ts';
import * as allocationMeaning from './20261127131000_allocation_meaning.ts';
import { waitingHolds } from './20261127132200_waiting_holds.ts';
import * as channelDuties from './20261127134500_channel_duties.ts';
import * as refuseOrders from './20261127151600_refuse_orders.ts';
import { returns } from './20261127153100_returns.ts';
import { channelNotices } from './20261127154500_channel_notices.ts';
import * as acknowledgedByChannel from './20261127181000_acknowledged_by_channel.ts';
import * as timelineByTime from './20261127183000_timeline_by_time.ts';
import * as noAllocations from './20261128001100_no_allocations.ts';
import * as channelSkus from './20261128003000_channel_skus.ts';
import * as fetchedOrders from './20261128210000_fetched_orders.ts';
import * as channelItems from './20261129010600_channel_items.ts';
import * as unpaidOrders from './20261129030000_unpaid_orders.ts';
import * as changedOrders from './20261129032100_changed_orders.ts';
import * as heldUntilPaid from './20261129050300_held_until_paid.ts';
import * as deskReturns from './20261129051100_desk_returns.ts';
import * as holdsOfEndedOrders from './20261129051200_holds_of_ended_orders.ts';
import * as shipmentUnits from './20261129053200_shipment_units.ts';
import { membersOfBatches } from './20261129060000_members_of_batches.ts';
import * as platformReturns from './20261129081000_platform_returns.ts';

export const migrations: MigrationSet = {
  '20261123090000_orders': orders,
  '20261123095000_indicators': indicators,
  '20261127091200_batches': batches,
  '20261127121000_insert_orders': insertOrders,
  '20261127123000_checks_by_index': checksByIndex,
  '20261127131000_allocation_meaning': allocationMeaning,
  '20261127132200_waiting_holds': waitingHolds,
  '20261127134500_channel_duties': channelDuties,
  '20261127151600_refuse_orders': refuseOrders,
  '20261127153100_returns': returns,
  '20261127154500_channel_notices': channelNotices,
  '20261127181000_acknowledged_by_channel': acknowledgedByChannel,
  '20261127183000_timeline_by_time': timelineByTime,
  '20261128001100_no_allocations': noAllocations,
  '20261128003000_channel_skus': channelSkus,
  '20261128210000_fetched_orders': fetchedOrders,
  '20261129010600_channel_items': channelItems,
  '20261129030000_unpaid_orders': unpaidOrders,
  '20261129032100_changed_orders': changedOrders,
  '20261129050300_held_until_paid': heldUntilPaid,
  '20261129051100_desk_returns': deskReturns,
  '20261129051200_holds_of_ended_orders': holdsOfEndedOrders,
  '20261129053200_shipment_units': shipmentUnits,
  '20261129060000_members_of_batches': membersOfBatches,
  '20261129081000_platform_returns': platformReturns,
};
