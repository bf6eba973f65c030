import type { MigrationSet } from '../../platform/db/migrate.ts';
import { positions } from './20261123090000_positions.ts';
import { reservations } from './20261123090100_reservations.ts';
import { allocation } from './20261123090200_allocation.ts';
import { hold } from './20261123090300_hold.ts';
import { commit } from './20261123090400_commit.ts';
import { release } from './20261123090450_release.ts';
import { source } from './20261123090500_source.ts';
import * as indicators from './20261123095000_indicators.ts';
import * as availabilityRules from './20261127090000_availability_rules.ts';
import * as guards from './20261127091000_guards.ts';
import * as offers from './20261127091100_offers.ts';
import * as holdBundles from './20261127091200_hold_bundles.ts';
import * as commitBundles from './20261127091300_commit_bundles.ts';
import * as releaseBundles from './20261127091400_release_bundles.ts';
import { batches } from './20261127091500_batches.ts';
import { uncountedHolds } from './20261127091600_uncounted_holds.ts';
import * as supply from './20261127094500_supply.ts';
import { plannedSupply } from './20261127102000_planned_supply.ts';
import { releaseAt } from './20261127110000_release_at.ts';
import { batchesByIndex } from './20261127121000_batches_by_index.ts';
import { looseComponents } from './20261127122000_loose_components.ts';
import { checksByIndex } from './20261127123000_checks_by_index.ts';
import { setBundle } from './20261127124000_set_bundle.ts';
import * as sourcing from './20261127130000_sourcing.ts';
import { wideMoves } from './20261127131500_wide_moves.ts';
import * as fallback from './20261127132100_fallback.ts';
import * as unreleased from './20261127142500_unreleased.ts';

/** Migrations of the schema `inventory`, in the order of their names. */ import * as emptyShelves from './20261127151700_empty_shelves.ts';
import * as heldOrders from './20261127161500_held_orders.ts';
import * as rises from './20261127183500_rises.ts';
import * as unsellable from './20261127185500_unsellable.ts';
import * as setsAndWaits from './20261128001000_sets_and_waits_in_batches.ts';
import * as defaultBackorder from './20261128002000_default_backorder.ts';
import * as duePreorders from './20261128193500_due_preorders.ts';
import * as sourcesByKey from './20261128195000_sources_by_key.ts';
import * as rulesOfComponents from './20261128195500_rules_of_components.ts';
import * as shortagesKnown from './20261128195600_shortages_known.ts';
import * as sharedSupply from './20261128210000_shared_supply.ts';
import * as capsOfParts from './20261128221500_caps_of_parts.ts';
import * as newPositions from './20261128222000_new_positions.ts';
import * as capsWhereTaken from './20261128225500_caps_where_taken.ts';
import * as shortPositions from './20261129011500_short_positions.ts';
import * as goodsOfWhoWaits from './20261129020000_goods_of_who_waits.ts';
import * as incomingIsWithheld from './20261129030500_incoming_is_withheld.ts';
import * as termsWithoutWaits from './20261129031000_terms_without_waits.ts';
import * as locationSource from './20261129031500_location_source.ts';
import * as whatMayBeTaken from './20261129050000_what_may_be_taken.ts';
import * as keptFromWhoWaits from './20261129050100_kept_from_who_waits.ts';
import * as movesKeepToRules from './20261129050200_moves_keep_to_rules.ts';
import * as releaseOrders from './20261129050400_release_orders.ts';
import { fewerStatements } from './20261129060100_fewer_statements.ts';

export const migrations: MigrationSet = {
  '20261123090000_positions': positions,
  '20261123090100_reservations': reservations,
  '20261123090200_allocation': allocation,
  '20261123090300_hold': hold,
  '20261123090400_commit': commit,
  '20261123090450_release': release,
  '20261123090500_source': source,
  '20261123095000_indicators': indicators,
  '20261127090000_availability_rules': availabilityRules,
  '20261127091000_guards': guards,
  '20261127091100_offers': offers,
  '20261127091200_hold_bundles': holdBundles,
  '20261127091300_commit_bundles': commitBundles,
  '20261127091400_release_bundles': releaseBundles,
  '20261127091500_batches': batches,
  '20261127091600_uncounted_holds': uncountedHolds,
  '20261127094500_supply': supply,
  '20261127102000_planned_supply': plannedSupply,
  '20261127110000_release_at': releaseAt,
  '20261127121000_batches_by_index': batchesByIndex,
  '20261127122000_loose_components': looseComponents,
  '20261127123000_checks_by_index': checksByIndex,
  '20261127124000_set_bundle': setBundle,
  '20261127130000_sourcing': sourcing,
  '20261127131500_wide_moves': wideMoves,
  '20261127132100_fallback': fallback,
  '20261127142500_unreleased': unreleased,
  '20261127151700_empty_shelves': emptyShelves,
  '20261127161500_held_orders': heldOrders,
  '20261127183500_rises': rises,
  '20261128001000_sets_and_waits_in_batches': setsAndWaits,
  '20261127185500_unsellable': unsellable,
  '20261128002000_default_backorder': defaultBackorder,
  '20261128193500_due_preorders': duePreorders,
  '20261128195000_sources_by_key': sourcesByKey,
  '20261128195500_rules_of_components': rulesOfComponents,
  '20261128195600_shortages_known': shortagesKnown,
  '20261128210000_shared_supply': sharedSupply,
  '20261128221500_caps_of_parts': capsOfParts,
  '20261128222000_new_positions': newPositions,
  '20261128225500_caps_where_taken': capsWhereTaken,
  '20261129011500_short_positions': shortPositions,
  '20261129020000_goods_of_who_waits': goodsOfWhoWaits,
  '20261129030500_incoming_is_withheld': incomingIsWithheld,
  '20261129031000_terms_without_waits': termsWithoutWaits,
  '20261129031500_location_source': locationSource,
  '20261129050000_what_may_be_taken': whatMayBeTaken,
  '20261129050100_kept_from_who_waits': keptFromWhoWaits,
  '20261129050200_moves_keep_to_rules': movesKeepToRules,
  '20261129050400_release_orders': releaseOrders,
  '20261129060100_fewer_statements': fewerStatements,
};
