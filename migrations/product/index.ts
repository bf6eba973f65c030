import type { MigrationSet } from '../../platform/db/migrate.ts';
import * as catalogue from './20261123090000_catalogue.ts';
import * as price from './20261123090100_price.ts';
import * as projection from './20261123090200_projection.ts';
import { plannedQuote } from './20261127121000_planned_quote.ts';
import { bundles } from './20261127124500_bundles.ts';
import { categoriesOf } from './20261127153100_categories_of.ts';
import { told } from './20261128213000_told.ts';

/** Migrations of the schema `product`, in the order of their names. */
export const migrations: MigrationSet = {
  '20261123090000_catalogue': catalogue,
  '20261123090100_price': price,
  '20261123090200_projection': projection,
  '20261127121000_planned_quote': plannedQuote,
  '20261127124500_bundles': bundles,
  '20261127153100_categories_of': categoriesOf,
  '20261128213000_told': told,
};
