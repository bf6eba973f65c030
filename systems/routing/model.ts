import type { Domain } from '../port-map.ts';

/** How a system is reached. Addresses and credentials are names of environment variables, never the values themselves. */
export type SystemEntry =
  | { readonly adapter: ReferenceAdapter; readonly address: string; readonly token: string }
  | {
      readonly adapter: 'tryton';
      readonly address: string;
      readonly database: string;
      readonly user: string;
      readonly password: string;
      /** ISO 4217 code of the currency of Tryton's company. */
      readonly currency: string;
      /** What its warehouses are, by their codes, where they are no warehouses: Tryton knows nothing else. */
      readonly siteKinds: Readonly<Record<string, 'STORE' | 'THIRD_PARTY_LOGISTICS'>>;
    }
  | {
      readonly adapter: 'business-central';
      readonly address: string;
      /** GUID of the company, by the name of its variable as the others are. */
      readonly company: string;
      readonly tokenAddress: string;
      readonly user: string;
      readonly password: string;
      /** ISO 4217 code of the currency of the company. */
      readonly currency: string;
      /** Name of its one price list here. */
      readonly priceList: string;
      /** Per cent: its API tells no rates. */
      readonly taxRate: number;
    }
  | {
      readonly adapter: 'sap';
      readonly address: string;
      readonly user: string;
      readonly password: string;
      /** Of texts, as SAP has it: `EN`. */
      readonly language: string;
      readonly salesArea: { readonly organization: string; readonly channel: string; readonly division: string };
      /** Lists by their names here; `type` is SAP's price list type, empty for prices without one. */
      readonly prices: {
        readonly condition: string;
        readonly lists: Readonly<Record<string, { readonly type: string; readonly taxIncluded: boolean }>>;
      };
      /** Rates in per cent by the tax classes of products: it tells classes only. */
      readonly tax: {
        readonly country: string;
        readonly category: string;
        readonly rates: Readonly<Record<string, number>>;
      };
      /** Left out: no orders go there. */
      readonly orders?:
        | {
            readonly type: string;
            /** Numbers of customers by channel, and `default`. */
            readonly soldTo: Readonly<Record<string, string>>;
            readonly priceCondition: string;
            readonly rejection: string;
          }
        | undefined;
      readonly timeZone: string;
    }
  | {
      readonly adapter: 'vendure';
      readonly address: string;
      readonly user: string;
      readonly password: string;
      /** Ids of customers, who stand for all buyers, by channel, and `default`. */
      readonly customer: Readonly<Record<string, string>>;
      /** Id of the shipping method of every order. */
      readonly shippingMethod: string;
      /** Name under which orders are noted as paid. */
      readonly payment: string;
    }
  | {
      readonly adapter: 'sql';
      /** The mapping of its views and tables: a file of the project. */
      readonly mapping: string;
      readonly address: string;
      readonly user: string;
      readonly password: string;
    };

export type ReferenceAdapter = 'reference-erp' | 'reference-oms' | 'reference-wms';
export type AdapterName = SystemEntry['adapter'];

/** Where the facts of a domain, or of a part of it, come from. */
export interface Route {
  readonly system: string;
  /** Answered from our projection of the system's facts, or by asking it each time. */
  readonly read: 'projected' | 'live';
  /** How old the system's word may be, in seconds, before it is not called fresh any more. */
  readonly freshnessSeconds: number;
  /** What is answered from then on: what was known last, or nothing. */
  readonly fallback: 'last-known' | 'nothing';
}

/** A part of a domain with a route of its own. All conditions that are given must fit. */
export interface Cohort extends Route {
  readonly name: string;
  readonly when: CohortConditions;
}

export interface CohortConditions {
  /** ISO 3166-1 alpha-2 codes. */
  readonly countries?: readonly string[] | undefined;
  readonly brands?: readonly string[] | undefined;
  /** `from` and `to` belong to the range; they are compared as texts, character by character. */
  readonly skus?: readonly { readonly from: string; readonly to: string }[] | undefined;
  /** Codes of sites, resolved from the names of store groups. */
  readonly sites?: readonly string[] | undefined;
  /** Share of what the other conditions let through, above 0 and up to 100: always the same ones. */
  readonly percent?: number | undefined;
}

/** A system that is asked beside the system of record, and what a promotion to it asks for. */
export interface Shadow {
  readonly system: string;
  /** Pause between two comparisons of everything. */
  readonly everySeconds: number;
  /** What one of the systems said within so many seconds is not compared yet. */
  readonly settleSeconds: number;
  /** Clean samples before a promotion. */
  readonly cleanWanted: number;
  /** Share of samples that may differ then, in per cent. */
  readonly budgetPercent: number;
  /** Fields that may differ. */
  readonly ignore: readonly string[];
}

export interface DomainRoute extends Route {
  readonly shadow: Shadow | null;
  /** The first that fits counts. */
  readonly cohorts: readonly Cohort[];
}

/** What `config/systems.yaml` says. */
export interface Routing {
  readonly systems: Readonly<Record<string, SystemEntry>>;
  readonly domains: Readonly<Record<Domain, DomainRoute>>;
}

/** What is to be routed, as far as it is known. A condition about something that is not known does not fit. */
export interface RoutedSubject {
  readonly country?: string;
  readonly brand?: string;
  readonly sku?: string;
  readonly site?: string;
}
