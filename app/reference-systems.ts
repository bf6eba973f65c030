import { readFileSync } from 'node:fs';
import type { SystemName } from '../platform/config.ts';
import type { Logger } from '../platform/logger.ts';
import { projectFile } from '../platform/paths.ts';
import { startCarrierSystem } from '../systems/carrier/simulator/start.ts';
import { startChannelSystem } from '../systems/channel/simulator/start.ts';
import { startErpSystem } from '../systems/erp/simulator/start.ts';
import type { RunningSystem } from '../systems/kit/start-system.ts';
import { startOmsSystem } from '../systems/oms/simulator/start.ts';
import { withBundles } from '../systems/sample-data/bundles.ts';
import { deriveSampleData } from '../systems/sample-data/derive.ts';
import type { SampleData, SampleSite } from '../systems/sample-data/model.ts';
import { articleNoOf } from '../systems/wms/article-number.ts';
import type { WmsSeed } from '../systems/wms/simulator/seed.ts';
import { startWmsSystem } from '../systems/wms/simulator/start.ts';

export interface ReferenceSystemOptions {
  readonly databaseUrl: string;
  readonly token: string;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly paceMillis: number;
  readonly logger: Logger;
  /** Where the WMS announces its parcels. */
  readonly carrier: { readonly url: string; readonly token: string } | null;
}

/** Starts one of the reference systems of record, with the sample data where it keeps master data. */
export function startReferenceSystem(name: SystemName, options: ReferenceSystemOptions): Promise<RunningSystem> {
  const { carrier, ...common } = options;
  switch (name) {
    case 'erp':
      return startErpSystem({ ...common, sample: () => withBundles(sampleData()) });
    case 'oms':
      return startOmsSystem(common);
    case 'wms':
      return startWmsSystem({ ...common, seed: wmsSeed(sampleData()), ...(carrier ? { carrier } : {}) });
    case 'carrier':
      return startCarrierSystem(common);
    case 'channel':
      return startChannelSystem(common);
  }
}

let derived: SampleData | undefined;

/** Catalogue, prices, sites and stock from the real order lines in data/online-retail; derived once per process. */
function sampleData(): SampleData {
  derived ??= deriveSampleData(readFileSync(projectFile('data', 'online-retail', 'order-lines.csv'), 'utf8'));
  return derived;
}

const SITE_TYPES: Readonly<Record<SampleSite['kind'], WmsSeed['sites'][number]['siteType']>> = {
  DISTRIBUTION_CENTRE: 'DC',
  STORE: 'ST',
  THIRD_PARTY: 'TP',
};

function wmsSeed(sample: SampleData): WmsSeed {
  return {
    sites: sample.sites.map((site) => ({
      code: site.siteNo,
      siteType: SITE_TYPES[site.kind],
      name: site.name,
      address: { street: site.street, city: site.city, postcode: site.postalCode, country: site.countryCode },
      // In the stores people work: they say through the point-of-sale contract when an order is ready and picked up.
      collectMode: 'MANUAL' as const,
      cancelMode: site.kind === 'STORE' ? ('MANUAL' as const) : ('AUTOMATIC' as const),
    })),
    articles: sample.materials.flatMap((material) =>
      material.oldMaterialNo === null
        ? []
        : [{ articleNo: articleNoOf(material.oldMaterialNo), barcode: material.gtinEan }],
    ),
    stock: sample.stock.map((row) => ({ site: row.siteNo, articleNo: articleNoOf(row.sku), quantity: row.quantity })),
  };
}
