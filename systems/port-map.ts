/**
 * What a system of record can do for us, in the domain's words: the one list that configuration, adapters, conformance
 * suites and the graph go by. A port is a contract of a domain (`subgraphs/<domain>/port.ts`) or the part of one that
 * systems have or have not as a whole; a capability is a promise of the contract that some systems cannot keep.
 */
export const PORT_MAP = {
  PRODUCT_MASTER: {
    domain: 'product',
    contract: 'ProductSource',
    can: ['CATEGORIES', 'DESCRIPTIONS', 'VARIANT_TITLES', 'BRANDS', 'GTINS', 'OPTIONS', 'BUNDLES'],
  },
  PRICE_LIST: {
    domain: 'product',
    contract: 'ProductSource',
    can: ['SEVERAL_LISTS', 'QUANTITY_BREAKS', 'FORMER_PRICES', 'SEVERAL_CURRENCIES', 'PRICE_PERIODS', 'TAX_RATES'],
  },
  STOCK: { domain: 'inventory', contract: 'StockSource', can: ['ADJUSTMENTS', 'INCOMING_SUPPLY', 'ISSUES_BY_LINE'] },
  RETURNS: { domain: 'inventory', contract: 'StockSource', can: ['RESTOCK', 'PUT_ASIDE'] },
  ORDER_INTAKE: {
    domain: 'order',
    contract: 'OrderDesk',
    can: ['SHIPMENT_NOTICES', 'CANCELLATION_NOTICES', 'RETURN_NOTICES'],
  },
  CHANNEL_ORDERS: { domain: 'order', contract: 'ChannelOrders', can: [] },
  CHANNEL_NOTICES: {
    domain: 'order',
    contract: 'ChannelSystem',
    can: [
      'NAMED_NOTICES',
      'ACKNOWLEDGEMENTS',
      'REFUSALS',
      'SHIPMENTS',
      'CANCELLATIONS',
      'CANCELLATION_ANSWERS',
      'REFUNDS',
    ],
  },
  CHANNEL_PRICES: { domain: 'product', contract: 'ChannelPrices', can: ['PRICE_READING'] },
  CHANNEL_STOCK: { domain: 'inventory', contract: 'ChannelStock', can: ['NODES', 'READING'] },
  SHIPMENT: {
    domain: 'fulfillment',
    contract: 'NodeSystem',
    can: ['STAFF_COMMANDS', 'REFUSAL', 'SHIPPING_IN_PARTS', 'BUNDLES_AS_SETS', 'HANDING_OVER', 'TAKING_BACK'],
  },
  CARRIER: { domain: 'fulfillment', contract: 'CarrierSystem', can: ['RETURN_LABELS'] },
  CARRIER_TRACKING: { domain: 'fulfillment', contract: 'CarrierTrackers', can: ['WEBHOOKS'] },
  INVOICE: {
    domain: 'settlement',
    contract: 'FinanceSystem',
    can: ['CREDIT_MEMOS', 'CLEARING', 'UNIT_COSTS', 'FOREIGN_CURRENCIES'],
  },
  JOURNAL: {
    domain: 'settlement',
    contract: 'FinanceSystem',
    can: ['VOUCHERS', 'POSTING_PERIODS', 'FOREIGN_CURRENCIES'],
  },
} as const satisfies Record<string, { domain: Domain; contract: string; can: readonly string[] }>;

/** Domains whose facts systems of record hold. */
export type Domain = 'product' | 'inventory' | 'order' | 'fulfillment' | 'settlement';
export type PortName = keyof typeof PORT_MAP;
export type CapabilityOf<Port extends PortName> = (typeof PORT_MAP)[Port]['can'][number];
export type Capability = CapabilityOf<PortName>;

/** The kind of a system, as the graph's `SystemKind` names it. */
export type ProfileKind = 'ERP' | 'OMS' | 'WMS' | 'CARRIER' | 'MARKETPLACE';

/**
 * What one product (not one installation) serves: every capability of a port that it serves, but those it lacks, each with
 * the reason for an operator. A port that is not named is not served.
 */
export interface SystemProfile {
  /** Name for people. */
  readonly name: string;
  readonly kind: ProfileKind;
  readonly serves: { readonly [Port in PortName]?: { readonly [Lack in CapabilityOf<Port>]?: string } };
}

/** A port of a system as it is shown and stored. */
export interface ServedPort {
  readonly port: PortName;
  readonly capabilities: readonly Capability[];
  readonly missing: readonly { readonly capability: Capability; readonly reason: string }[];
}

/** The ports of a profile in the order of the map. */
export function portsOf(profile: SystemProfile): ServedPort[] {
  return portNames().flatMap((port) => {
    const lacks: Readonly<Record<string, string>> | undefined = profile.serves[port];
    if (lacks === undefined) return [];
    const all: readonly Capability[] = PORT_MAP[port].can;
    const missing = all.flatMap((capability) => {
      const reason = lacks[capability];
      return reason === undefined ? [] : [{ capability, reason }];
    });
    return [{ port, capabilities: all.filter((capability) => lacks[capability] === undefined), missing }];
  });
}

/** Domains that the system can be the system of record of, wholly or for one of their ports. */
export function domainsOf(profile: SystemProfile): Domain[] {
  return [...new Set(portsOf(profile).map(({ port }) => PORT_MAP[port].domain))];
}

/** Whether the profile keeps a promise. False too for every promise of a port that it does not serve. */
export function can(profile: SystemProfile, port: PortName, capability: Capability): boolean {
  return portsOf(profile).some((served) => served.port === port && served.capabilities.includes(capability));
}

function portNames(): PortName[] {
  return Object.keys(PORT_MAP) as PortName[];
}
