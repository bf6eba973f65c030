import type { SampleSite } from './model.ts';

/** Two distribution centres, five stores, one third-party warehouse. Real towns, made-up addresses. */
export const SITES: readonly SampleSite[] = [
  site('DC-LEEDS', 'Leeds Distribution Centre', 'DISTRIBUTION_CENTRE', '12 Cross Green Way', 'Leeds', 'LS9 0PX'),
  site('DC-READING', 'Reading Distribution Centre', 'DISTRIBUTION_CENTRE', '4 Kennet Island Park', 'Reading', 'RG2 0GU'),
  site('ST-LONDON', 'London Marylebone', 'STORE', '118 Paddington Row', 'London', 'W1U 5QW'),
  site('ST-MANCHESTER', 'Manchester Northern Quarter', 'STORE', '27 Tib Lane Arcade', 'Manchester', 'M4 1LE'),
  site('ST-EDINBURGH', 'Edinburgh Old Town', 'STORE', '63 Candlemaker Close', 'Edinburgh', 'EH1 2QE'),
  site('ST-BRISTOL', 'Bristol Harbourside', 'STORE', '9 Narrow Quay Yard', 'Bristol', 'BS1 4QA'),
  site('ST-CARDIFF', 'Cardiff Castle Quarter', 'STORE', '41 Duke Street Gallery', 'Cardiff', 'CF10 1AY'),
  site('TP-FELIXSTOWE', 'Felixstowe Third-Party Logistics', 'THIRD_PARTY', '2 Trimley Dock Road', 'Felixstowe', 'IP11 4BB'),
]; // biome-ignore format: a table

function site(
  siteNo: string,
  name: string,
  kind: SampleSite['kind'],
  street: string,
  city: string,
  postalCode: string,
): SampleSite {
  return { siteNo, name, kind, street, city, postalCode, countryCode: 'GB' };
}
