import { type DriftFigures, whyNotClean } from '../../platform/drift/drift.ts';

/** Figures of one pair of systems, as lines for a person. */
export function figureLines(figures: DriftFigures): string[] {
  const { domain, part, system, shadow, samples, clean, cleanWanted, budgetPercent, fields, examples } = figures;
  const why = whyNotClean(figures);
  return [
    `${domain}${part === '' ? '' : ` (cohort ${part})`}: ${system} serves it, ${shadow} is asked too`,
    `  ${samples} samples, ${clean} clean, ${samples - clean} differ; wanted: ${cleanWanted} clean, ${budgetPercent} % may differ; compared ${figures.comparedAt.toISOString()}`,
    ...fields.map(({ field, differences }) => `  ${field}: ${differences}`),
    ...examples.map(({ subject, field, here, there }) => `    ${subject} ${field}: ${system} "${here}", ${shadow} "${there}"`), // biome-ignore format: one thought
    why === null ? `  ${shadow} can be promoted` : `  ${shadow} cannot be promoted: ${why}`,
  ];
}
