import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { projectFile } from '../../platform/paths.ts';
import type { DomainRoute, Route } from './model.ts';
import { loadRouting, parseRouting } from './read.ts';
import { routeOf, systemsOf } from './resolve.ts';
import { watchRouting } from './watch.ts';

const own: Route = { system: 'erp', read: 'projected', freshnessSeconds: 300, fallback: 'last-known' };
const cohort = (name: string, when: DomainRoute['cohorts'][number]['when']) => ({ ...own, system: name, name, when });

const project = readFileSync(projectFile('config', 'systems.yaml'), 'utf8');
const TRYTON =
  'tryton: { adapter: tryton, address: T_URL, database: T_DB, user: T_USER, password: T_PASSWORD, currency: GBP }';
/** The project's file with other routes for a domain, and Tryton among the systems. */
const withDomain = (domain: string, line: string) =>
  project.replace('systems:\n', `storeGroups: { outlets: [ST-LONDON] }\nsystems:\n  ${TRYTON}\n`).replace(new RegExp(`^ {2}${domain}: .*$`, 'm'), `  ${domain}: ${line}`); // biome-ignore format: one thought
/** The same with a database that has a mapping. */
const withDatabase = (mapping: string, domain = 'product') =>
  withDomain(domain, `{ ${ROUTE.replace('erp', 'legacy')} }`).replace('systems:\n', `systems:\n  legacy: { adapter: sql, mapping: ${mapping}, address: L_URL, user: L_USER, password: L_PASSWORD }\n`); // biome-ignore format: one thought
const wrong = (text: string) => () => parseRouting(text, 'systems.yaml');
const ROUTE = 'system: erp, read: projected, freshness: 5m, fallback: last-known';

describe('the route of a subject', () => {
  const domain: DomainRoute = {
    ...own,
    shadow: null,
    cohorts: [
      cohort('outlets', { sites: ['ST-1', 'ST-2'], countries: ['GB'] }),
      cohort('garden', { skus: [{ from: '20000', to: '21999' }, { from: 'G', to: 'GZ' }] }), // biome-ignore format: one thought
      cohort('glow', { brands: ['Glow & Co'] }),
    ],
  };
  const system = (subject: Parameters<typeof routeOf>[1]) => routeOf(domain, subject).system;

  it('is that of the first cohort all of whose conditions fit, and of the domain otherwise', () => {
    expect(system({ site: 'ST-2', country: 'GB', sku: '20000' })).toBe('outlets');
    expect(system({ site: 'ST-2', country: 'FR', sku: '20000' })).toBe('garden');
    expect(system({ sku: '21999' })).toBe('garden');
    expect(system({ sku: '21999A' })).toBe('erp');
    expect(system({ sku: 'GARDEN' })).toBe('garden');
    expect(system({ brand: 'Glow & Co' })).toBe('glow');
    expect(routeOf(domain, { sku: '7' })).toEqual({ ...own, cohort: null });
    expect(routeOf(domain, { brand: 'Glow & Co' }).cohort).toBe('glow');
  });

  it('is not that of a cohort of which something is not known', () => {
    expect(system({ site: 'ST-2' })).toBe('erp');
    expect(system({})).toBe('erp');
  });

  it('is in a share always the same one, near the share in number, and within a larger share again', () => {
    const skus = Array.from({ length: 2_000 }, (_, index) => String(index));
    const share = (percent: number) => {
      const one: DomainRoute = { ...own, shadow: null, cohorts: [cohort('few', { percent })] };
      return skus.filter((sku) => routeOf(one, { sku, site: 'ST-1' }).cohort === 'few');
    };
    const ten = share(10);
    expect(share(10)).toEqual(ten);
    expect(ten.length).toBeGreaterThan(140);
    expect(ten.length).toBeLessThan(260);
    expect(new Set(share(50))).toEqual(new Set([...ten, ...share(50)]));
    expect(share(100)).toHaveLength(2_000);
  });
});

describe('config/systems.yaml', () => {
  it('of the project names reference systems only, as they always were', () => {
    const { domains } = loadRouting();
    expect(Object.fromEntries(Object.entries(domains).map(([name, one]) => [name, systemsOf(one)]))).toEqual({
      product: ['erp'],
      inventory: ['wms'],
      order: ['oms'],
      fulfillment: ['wms'],
      settlement: ['erp'],
    });
    expect(domains.inventory.freshnessSeconds).toBe(60);
  });

  it('is read with all its words', () => {
    const text = withDomain('product', `{ ${ROUTE}, cohorts: [{ name: few, system: tryton, freshness: 90s, when: { countries: [GB], brands: [Glow], skus: ["1..2"], storeGroups: [outlets], percent: 12.5 } }] }`); // biome-ignore format: one thought
    expect(() => parseRouting(text, 'systems.yaml')).toThrow('domains.product.cohorts.0.system: expected the system of the domain or its shadow'); // biome-ignore format: one thought
    const same = parseRouting(text.replace('system: tryton, freshness', 'system: erp, freshness'), 'systems.yaml');
    expect(same.domains.product.cohorts).toEqual([
      {
        name: 'few',
        system: 'erp',
        read: 'projected',
        freshnessSeconds: 90,
        fallback: 'last-known',
        when: {
          countries: ['GB'],
          brands: ['Glow'],
          skus: [{ from: '1', to: '2' }],
          sites: ['ST-LONDON'],
          percent: 12.5,
        },
      },
    ]);
    expect(parseRouting(withDomain('product', `{ ${ROUTE.replace('erp', 'tryton')} }`), 's').domains.product.system).toBe('tryton'); // biome-ignore format: one thought
    expect(parseRouting(withDomain('order', `{ ${ROUTE.replace('erp', 'tryton')} }`), 's').domains.order.system).toBe('tryton'); // biome-ignore format: one thought
    expect(parseRouting(withDatabase('config/sql/legacy-erp.yaml'), 's').domains.product.system).toBe('legacy');
    expect(parseRouting(withDatabase('config/sql/legacy-erp.yaml', 'order'), 's').domains.order.system).toBe('legacy'); // biome-ignore format: one thought
  });

  it('names an SAP system with the words of its house, and gives it orders only where it says how', () => {
    const sap = (more: string, domain: string) =>
      withDomain(domain, `{ ${ROUTE.replace('erp', 's4')} }`).replace('systems:\n', `systems:\n  s4: { adapter: sap, address: S_URL, user: S_USER, password: S_PASSWORD, language: EN, salesArea: { organization: "1010", channel: "10", division: "00" }, prices: { lists: { WEB: { taxIncluded: true } } }, tax: { country: GB, category: TTX1, rates: { "1": 20 } }${more} }\n`);
    expect(parseRouting(sap('', 'product'), 's').systems.s4).toMatchObject({ prices: { condition: 'PPR0', lists: { WEB: { type: '', taxIncluded: true } } }, timeZone: 'UTC' });
    expect(wrong(sap('', 'order'))).toThrow('domains.order.system: sap does not serve ORDER_INTAKE, which order needs');
    const orders = ', orders: { soldTo: { default: "17100001" }, rejection: "01" }';
    expect(parseRouting(sap(orders, 'order'), 's').systems.s4).toMatchObject({ orders: { type: 'OR', priceCondition: 'PMP0' } });
    expect(wrong(sap(', orders: { soldTo: { AMAZON: "1" }, rejection: 1 }', 'order'))).toThrow(/s4\.orders\.soldTo: expected a default.*s4\.orders\.rejection: expected a text; write numbers in quotes/);
    expect(wrong(sap(orders, 'inventory'))).toThrow('domains.inventory.system: sap does not serve STOCK and RETURNS');
  }); // biome-ignore format: one thought

  it('has a shadow of product, which may serve cohorts that a SKU tells', () => {
    const shadowed = (shadow: string, when = 'skus: ["1..2"]') => withDomain('product', `{ ${ROUTE}, shadow: { ${shadow} }, cohorts: [{ name: few, system: tryton, when: { ${when} } }] }`); // biome-ignore format: one thought
    const { product } = parseRouting(shadowed('system: tryton, every: 5m, errorBudget: 0.5, ignore: [description]'), 's').domains; // biome-ignore format: one thought
    expect(product.shadow).toEqual({ system: 'tryton', everySeconds: 300, settleSeconds: 30, cleanWanted: 10_000, budgetPercent: 0.5, ignore: ['description'] }); // biome-ignore format: one thought
    expect([systemsOf(product), routeOf(product, { sku: '2' }).system]).toEqual([['erp', 'tryton'], 'tryton']);
    expect(wrong(shadowed('system: tryton', 'brands: [Glow]'))).toThrow('domains.product.cohorts.0.when: a cohort of product with a system of its own is told by skus and percent'); // biome-ignore format: one thought
    expect(wrong(shadowed('system: erp, errorBudget: 101, cleanSamples: 0'))).toThrow(/shadow\.cleanSamples: expected a whole number.*shadow\.errorBudget: expected a share from 0 to 100/); // biome-ignore format: one thought
    expect(wrong(shadowed('system: erp'))).toThrow('domains.product.shadow.system: is the system of the domain itself'); // biome-ignore format: one thought
    expect(wrong(withDomain('order', '{ system: oms, read: projected, freshness: 5m, fallback: last-known, shadow: { system: oms } }'))).toThrow('domains.order.shadow: only product has a shadow in this version'); // biome-ignore format: one thought
  });

  it('has every wrong place named, all at once', () => {
    const text = withDomain('product', '{ system: sap, read: live, freshness: 5, fallback: nothing }');
    expect(wrong(text)).toThrow(/domains\.product\.freshness: expected a time such as 90s/);
    const routes = withDomain('product', '{ system: sap, read: live, freshness: 5m, fallback: nothing }').replace('fulfillment: { system: wms', 'fulfillment: { system: oms'); // biome-ignore format: one thought
    expect(wrong(routes)).toThrow(/domains\.product\.system: there is no system "sap".*domains\.fulfillment\.system: reference-oms does not serve SHIPMENT, which fulfillment needs/); // biome-ignore format: one thought
    expect(wrong(withDomain('product', `{ ${ROUTE.replace('projected', 'live')} }`))).toThrow('domains.product.read: no domain is read live in this version'); // biome-ignore format: one thought
    const cohorts = withDomain('product', `{ ${ROUTE}, cohorts: [{ name: a, system: erp, when: {} }, { name: b, system: erp, when: { skus: ["9..1"], percent: 0 } }] }`); // biome-ignore format: one thought
    expect(wrong(cohorts)).toThrow(/cohorts\.0\.when: says nothing.*cohorts\.1\.when\.skus\.0: the range ends before it begins.*cohorts\.1\.when\.percent: expected a share/); // biome-ignore format: one thought
    const twice = withDomain('product', `{ ${ROUTE}, cohorts: [{ name: a, system: erp, when: { storeGroups: [none] } }, { name: a, system: erp, when: { percent: 1 } }] }`); // biome-ignore format: one thought
    expect(wrong(twice)).toThrow(/cohorts\.0\.when\.storeGroups: there is no store group "none".*cohorts\.1\.name: a second cohort "a"/); // biome-ignore format: one thought
    const stock = withDomain('inventory', `{ ${ROUTE.replace('erp', 'tryton')} }`);
    expect(wrong(stock)).toThrow('domains.fulfillment.system: expected tryton, as inventory has it: stock that is promised'); // biome-ignore format: one thought
    expect(parseRouting(stock.replace('fulfillment: { system: wms', 'fulfillment: { system: tryton'), 's').domains.fulfillment.system).toBe('tryton'); // biome-ignore format: one thought
    expect(wrong(project.replace('  erp: { adapter', '  sap: { adapter'))).toThrow(
      /systems\.sap: reference-erp is named erp/,
    );
    expect(wrong(withDatabase('config/sql/none.yaml'))).toThrow(/systems\.legacy\.mapping: .*none\.yaml cannot be read as YAML: the file cannot be opened/); // biome-ignore format: one thought
    expect(wrong(withDatabase('/etc/passwd'))).toThrow('systems.legacy.mapping: expected a file of the project');
    expect(wrong(withDatabase('config/sql/legacy-erp.yaml', 'inventory'))).toThrow('domains.inventory.system: sql does not serve STOCK and RETURNS'); // biome-ignore format: one thought
    expect(wrong('systems: {')).toThrow('cannot be read as YAML: line 1');
  });

  it('refuses a credential in place of the name of its variable, without repeating it', () => {
    const text = withDomain('product', `{ ${ROUTE} }`).replace('password: T_PASSWORD', 'password: s3cret-Passw0rd');
    expect(wrong(text)).toThrow('systems.tryton.password: expected the name of an environment variable');
    expect(wrong(text)).not.toThrow(/s3cret/);
  });
});

describe('a running process', () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'routing-'));
    file = join(folder, 'systems.yaml');
    writeFileSync(file, project);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('takes what may change, once, and keeps what was in force when the file is wrong or needs a restart', () => {
    const told: string[] = [];
    const watched = watchRouting(file, {
      change: () => told.push('change'),
      refused: (error) => told.push((error as Error).message),
    });
    const bound = () => watched.current().domains.inventory.freshnessSeconds;
    expect(watched.look()).toBe(false);
    writeFileSync(file, project.replace('inventory: { system: wms, read: projected, freshness: 1m', 'inventory: { system: wms, read: projected, freshness: 2m')); // biome-ignore format: one thought
    expect([watched.look(), watched.look(), bound()]).toEqual([true, false, 120]);
    writeFileSync(file, withDomain('product', `{ ${ROUTE.replace('erp', 'tryton')} }`));
    expect([watched.look(), watched.look(), bound()]).toEqual([false, false, 120]);
    writeFileSync(file, 'systems: {');
    expect([watched.look(), bound()]).toEqual([false, 120]);
    rmSync(file);
    expect([watched.look(), bound()]).toEqual([false, 120]);
    expect(told).toEqual([
      'change',
      `${file}: systems, domains.product.system changed: restart the processes`,
      `${file} cannot be read as YAML: line 1, column 11: the indentation does not fit, or a bracket is not closed`,
      expect.stringContaining('ENOENT'),
    ]);
    writeFileSync(file, project);
    expect([watched.look(), bound()]).toEqual([true, 60]);
  });

  it('takes another order of the systems that are named already', () => {
    writeFileSync(file, withDomain('product', `{ ${ROUTE}, shadow: { system: tryton } }`));
    const refused: unknown[] = [];
    const watched = watchRouting(file, { change: () => undefined, refused: (error) => refused.push(error) });
    writeFileSync(file, withDomain('product', `{ ${ROUTE.replace('erp', 'tryton')}, shadow: { system: erp } }`));
    expect([watched.look(), watched.current().domains.product.system, refused]).toEqual([true, 'tryton', []]);
  });
});
