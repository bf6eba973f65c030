import { createHash } from 'node:crypto';
import type { Cohort, CohortConditions, DomainRoute, Route, RoutedSubject } from './model.ts';

/**
 * The route of one subject: of the first cohort that fits, or of the domain. Pure: the same subject has the same route in
 * every process and after every restart, as long as the file is the same.
 * @returns `cohort` null for the domain's own route
 */
export function routeOf(domain: DomainRoute, subject: RoutedSubject): Route & { readonly cohort: string | null } {
  const cohort = domain.cohorts.find((one) => fits(one, subject));
  const { system, read, freshnessSeconds, fallback } = cohort ?? domain;
  return { system, read, freshnessSeconds, fallback, cohort: cohort?.name ?? null };
}

/** Whether all conditions of a cohort fit. */
export function fits({ name, when }: Pick<Cohort, 'name' | 'when'>, subject: RoutedSubject): boolean {
  const { countries, brands, skus, sites, percent } = when;
  const among = (wanted: readonly string[] | undefined, actual: string | undefined) =>
    wanted === undefined || (actual !== undefined && wanted.includes(actual));
  return (
    among(countries, subject.country) &&
    among(brands, subject.brand) &&
    among(sites, subject.site) &&
    isInRanges(skus, subject.sku) &&
    (percent === undefined || isInShare(name, subject, percent))
  );
}

function isInRanges(ranges: CohortConditions['skus'], sku: string | undefined): boolean {
  if (ranges === undefined) return true;
  return sku !== undefined && ranges.some(({ from, to }) => from <= sku && sku <= to);
}

/** By SKU where there is one, by site otherwise: an article must not change its system from call to call. */
function isInShare(cohort: string, { sku, site }: RoutedSubject, percent: number): boolean {
  const key = sku ?? site;
  if (key === undefined) return false;
  const hash = createHash('sha256').update(`${cohort}\0${key}`).digest().readUInt32BE(0);
  return (hash / 2 ** 32) * 100 < percent;
}

/** Names of the systems that a domain has facts from, its own first. */
export function systemsOf({ system, shadow, cohorts }: DomainRoute): string[] {
  return [...new Set([system, ...(shadow ? [shadow.system] : []), ...cohorts.map((cohort) => cohort.system)])];
}
