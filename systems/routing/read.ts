import { z } from 'zod';
import { CommerceError, isCommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { parseYaml, readText } from '../../platform/read-yaml.ts';
import { BUSINESS_CENTRAL_PROFILE } from '../business-central/profile.ts';
import { ERP_PROFILE } from '../erp/profile.ts';
import { OMS_PROFILE } from '../oms/profile.ts';
import { type Capability, can, type Domain, type PortName, type SystemProfile } from '../port-map.ts';
import { profileOfSap } from '../sap/profile.ts';
import { profileOfMapping } from '../sql/profile.ts';
import { readMapping } from '../sql/read-mapping.ts';
import { TRYTON_PROFILE } from '../tryton/profile.ts';
import { VENDURE_PROFILE } from '../vendure/profile.ts';
import { WMS_PROFILE } from '../wms/profile.ts';
import { code, name, systemEntry } from './entries.ts';
import type { AdapterName, DomainRoute, Routing, SystemEntry } from './model.ts';

/** What each adapter's system can do. Of a database its mapping says it, of SAP also whether orders go there. */
const PROFILES: Readonly<Record<AdapterName, SystemProfile | null>> = {
  'reference-erp': ERP_PROFILE,
  'reference-oms': OMS_PROFILE,
  'reference-wms': WMS_PROFILE,
  tryton: TRYTON_PROFILE,
  'business-central': BUSINESS_CENTRAL_PROFILE,
  vendure: VENDURE_PROFILE,
  sap: null,
  sql: null,
};

/** @throws CommerceError CONFIGURATION_INVALID when its mapping cannot be read */
export function profileOf(entry: SystemEntry): SystemProfile {
  if (entry.adapter === 'sql') return profileOfMapping(readMapping(projectFile(entry.mapping)).mapping);
  if (entry.adapter === 'sap') return profileOfSap(entry.orders !== undefined);
  return PROFILES[entry.adapter] as SystemProfile;
}

/** Ports that a domain cannot do without. */
const NEEDED: Readonly<Record<Domain, readonly PortName[]>> = {
  product: ['PRODUCT_MASTER', 'PRICE_LIST'],
  inventory: ['STOCK', 'RETURNS'],
  order: ['ORDER_INTAKE'],
  fulfillment: ['SHIPMENT'],
  settlement: ['INVOICE', 'JOURNAL'],
};

/** Capabilities that a domain cannot do without, and why. */
const NEEDED_OF_PORTS: Readonly<Partial<Record<Domain, readonly [port: PortName, capability: Capability, reason: string][]>>> = {
  inventory: [['STOCK', 'ISSUES_BY_LINE', 'stock that is promised to orders would never count as gone']],
}; // biome-ignore format: one thought

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

const list = <Item extends z.ZodType>(item: Item) => z.array(item, 'expected a list').min(1, 'expected at least one').max(10_000); // biome-ignore format: one thought

const time = z
  .string('expected a time such as 90s, 15m, 2h or 1d')
  .regex(/^[1-9]\d{0,5}[smhd]$/, 'expected a time such as 90s, 15m, 2h or 1d')
  .transform((text) => Number(text.slice(0, -1)) * SECONDS[text.slice(-1) as keyof typeof SECONDS]);

const route = {
  system: name,
  read: z.enum(['projected', 'live'], 'expected projected or live'),
  freshness: time,
  fallback: z.enum(['last-known', 'nothing'], 'expected last-known or nothing'),
};

const skuRange = z
  .string()
  .regex(/^[^.\s][^\s]*\.\.[^.\s][^\s]*$/, 'expected a range such as "20000..21999"')
  .transform((text) => {
    const [from = '', to = ''] = text.split('..');
    return { from, to };
  })
  .refine(({ from, to }) => from <= to, 'the range ends before it begins');

const cohort = z.strictObject({
  name,
  when: z
    .strictObject({
      countries: list(z.string().regex(/^[A-Z]{2}$/, 'expected two capital letters, such as GB')).optional(),
      brands: list(code).optional(),
      skus: list(skuRange).optional(),
      storeGroups: list(name).optional(),
      percent: z.number('expected a share above 0 and up to 100').gt(0, 'expected a share above 0 and up to 100').max(100, 'expected a share above 0 and up to 100').optional(), // biome-ignore format: one thought
    })
    .refine(
      (when) => Object.keys(when).length > 0,
      'says nothing: give countries, brands, skus, storeGroups or percent',
    ),
  system: route.system,
  read: route.read.optional(),
  freshness: route.freshness.optional(),
  fallback: route.fallback.optional(),
});

const count = 'expected a whole number from 1 to 1000000000';
const share = 'expected a share from 0 to 100, in per cent';
const shadow = z
  .strictObject({
    system: name,
    every: time.default(60),
    settle: time.default(30),
    cleanSamples: z.int(count).min(1, count).max(1_000_000_000, count).default(10_000),
    errorBudget: z.number(share).min(0, share).max(100, share).default(0),
    ignore: list(code).default([]),
  })
  .transform(({ system, every, settle, cleanSamples, errorBudget, ignore }) => ({ system, everySeconds: every, settleSeconds: settle, cleanWanted: cleanSamples, budgetPercent: errorBudget, ignore })); // biome-ignore format: one thought

const domain = z.strictObject({
  ...route,
  shadow: shadow.nullable().default(null),
  cohorts: z.array(cohort).max(1_000).default([]),
});

const file = z
  .strictObject({
    systems: z.record(name, systemEntry),
    storeGroups: z.record(name, list(code)).default({}),
    domains: z.strictObject({
      product: domain,
      inventory: domain,
      order: domain,
      fulfillment: domain,
      settlement: domain,
    } satisfies Record<Domain, z.ZodType>),
  })
  .superRefine(({ systems, storeGroups, domains }, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const profiles = new Map<string, SystemProfile>();
    for (const [systemName, entry] of Object.entries(systems)) {
      const { adapter } = entry;
      const own = adapter.replace('reference-', '');
      if (own !== adapter && systemName !== own) complain(['systems', systemName], `${adapter} is named ${own}`);
      try {
        profiles.set(systemName, profileOf(entry));
      } catch (error) {
        if (!isCommerceError(error)) throw error;
        complain(['systems', systemName, 'mapping'], error.message);
      }
    }
    // Goods that leave are told by line of our work, and counted as gone, only by the system that the work was released to.
    if (domains.inventory.system !== domains.fulfillment.system)
      complain(['domains', 'fulfillment', 'system'], `expected ${domains.inventory.system}, as inventory has it: stock that is promised to orders counts as gone when the system that counts it ships the work`); // biome-ignore format: one thought
    for (const [domainName, one] of Object.entries(domains) as [Domain, z.output<typeof domain>][]) {
      const at = ['domains', domainName];
      checkRoute(at, domainName, one);
      if (one.shadow) {
        if (domainName !== 'product') complain([...at, 'shadow'], 'only product has a shadow in this version');
        if (one.shadow.system === one.system)
          complain([...at, 'shadow', 'system'], 'is the system of the domain itself');
        checkRoute([...at, 'shadow'], domainName, { system: one.shadow.system });
      }
      const names = new Set<string>();
      one.cohorts.forEach((each, index) => {
        const place = [...at, 'cohorts', index];
        checkRoute(place, domainName, each);
        if (names.has(each.name)) complain([...place, 'name'], `a second cohort "${each.name}"`);
        names.add(each.name);
        if (each.system !== one.system) complainOfSystem(place, domainName, one, each);
        for (const group of each.when.storeGroups ?? [])
          if (!(group in storeGroups))
            complain([...place, 'when', 'storeGroups'], `there is no store group "${group}"`);
      });
    }

    function complainOfSystem(
      place: (string | number)[],
      domainName: Domain,
      { shadow: other }: z.output<typeof domain>,
      { system, when }: z.output<typeof cohort>,
    ): void {
      if (domainName !== 'product') complain(place, `no cohort of ${domainName} is served by a system of its own in this version`); // biome-ignore format: one thought
      else if (system !== other?.system) complain([...place, 'system'], 'expected the system of the domain or its shadow');
      else if (when.countries || when.brands || when.storeGroups) complain([...place, 'when'], 'a cohort of product with a system of its own is told by skus and percent'); // biome-ignore format: one thought
    }

    function checkRoute(
      at: (string | number)[],
      domainName: Domain,
      one: { system: string; read?: string | undefined; fallback?: string | undefined },
    ): void {
      const entry = systems[one.system];
      if (!entry) {
        complain([...at, 'system'], `there is no system "${one.system}"`);
        return;
      }
      const profile = profiles.get(one.system);
      if (!profile) return;
      const { serves } = profile;
      const missing = NEEDED[domainName].filter((port) => serves[port] === undefined);
      if (missing.length > 0)
        complain(
          [...at, 'system'],
          `${entry.adapter} does not serve ${missing.join(' and ')}, which ${domainName} needs`,
        );
      for (const [port, capability, reason] of NEEDED_OF_PORTS[domainName] ?? []) {
        if (missing.length === 0 && !can(profile, port, capability))
          complain([...at, 'system'], `${entry.adapter} lacks ${capability} of ${port}: ${reason}`);
      }
      if (one.read === 'live') complain([...at, 'read'], 'no domain is read live in this version: use projected');
      if (one.fallback === 'nothing') complain([...at, 'fallback'], 'no domain falls back to nothing in this version: use last-known'); // biome-ignore format: one thought
    }
  });

/**
 * Reads which system of record each domain, and each part of one, has.
 * @param path absolute; default `config/systems.yaml`
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadRouting(path: string = projectFile('config', 'systems.yaml')): Routing {
  return parseRouting(readText(path), path);
}

/** As {@link loadRouting}, of a text that was read already. @param path for the message */
export function parseRouting(text: string, path: string): Routing {
  const parsed = file.safeParse(parseYaml(path, text));
  if (!parsed.success) {
    const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
    throw new CommerceError('CONFIGURATION_INVALID', `${path}: ${places.join('; ')}`);
  }
  const { systems, storeGroups, domains } = parsed.data;
  const toDomain = ({ freshness, cohorts, ...own }: z.output<typeof domain>): DomainRoute => ({
    ...own,
    freshnessSeconds: freshness,
    cohorts: cohorts.map((each) => ({
      name: each.name,
      system: each.system,
      read: each.read ?? own.read,
      freshnessSeconds: each.freshness ?? freshness,
      fallback: each.fallback ?? own.fallback,
      when: {
        countries: each.when.countries,
        brands: each.when.brands,
        skus: each.when.skus,
        sites: each.when.storeGroups?.flatMap((group) => storeGroups[group] ?? []),
        percent: each.when.percent,
      },
    })),
  });
  return {
    systems,
    domains: Object.fromEntries(
      Object.entries(domains).map(([key, one]) => [key, toDomain(one)]),
    ) as Routing['domains'],
  };
}
