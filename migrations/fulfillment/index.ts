import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as fulfillment from './20261123090000_fulfillment.ts';
import * as indicators from './20261123095000_indicators.ts';
import * as withdrawAt from './20261127110000_withdraw_at.ts';
import * as components from './20261127122000_components.ts';
import * as carrierWords from './20261127131000_carrier_words.ts';
import * as withdrawals from './20261127140000_withdrawals.ts';
import * as nodeCommands from './20261127151000_node_commands.ts';
import * as setAsideEvents from './20261127153000_set_aside_events.ts';
import { returnParcels } from './20261127155200_return_parcels.ts';
import * as gaveBackAt from './20261127183500_gave_back_at.ts';
import * as successors from './20261127184500_successors.ts';
import { toldParcels } from './20261128201500_told_parcels.ts';
import { parcelContents } from './20261128222500_parcel_contents.ts';
import { unitsKept } from './20261128234000_units_kept.ts';
import { disputes } from './20261129020000_disputes.ts';
import * as parcelOutcomes from './20261129053100_parcel_outcomes.ts';
import * as trackers from './20261129061000_trackers.ts';
import * as untracked from './20261129081000_untracked.ts';

export const migrations: MigrationSet = {
  '20261123090000_fulfillment': fulfillment,
  '20261123095000_indicators': indicators,
  '20261127110000_withdraw_at': withdrawAt,
  '20261127122000_components': components,
  '20261127131000_carrier_words': carrierWords,
  '20261127140000_withdrawals': withdrawals,
  '20261127151000_node_commands': nodeCommands,
  '20261127153000_set_aside_events': setAsideEvents,
  '20261127155200_return_parcels': returnParcels,
  '20261127183500_gave_back_at': gaveBackAt,
  '20261127184500_successors': successors,
  '20261128201500_told_parcels': toldParcels,
  '20261128222500_parcel_contents': parcelContents,
  '20261128234000_units_kept': unitsKept,
  '20261129020000_disputes': disputes,
  '20261129053100_parcel_outcomes': parcelOutcomes,
  '20261129061000_trackers': trackers,
  '20261129081000_untracked': untracked,
};
