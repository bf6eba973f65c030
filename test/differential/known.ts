import type { GeneratedOperation } from './operations.ts';

/** Operations that chance makes seldom: each was answered wrongly once, or would be by an executor that is broken so. */
export const KNOWN: readonly GeneratedOperation[] = [
  // One fetch for both places, and what follows asks for other things under the same name.
  `{ one: items(first: 1) { places { item { offers(first: 1) { amount } } } }
     other: items(first: 3) { places { item { offers(first: 3) { amount } } } } }`,
  // Two equal fetches that do not begin together.
  `{ scarce { places { item { offers(first: 1) { amount } } } }
     items(first: 3) { related { places { item { offers(first: 3) { amount } } } } } }`,
  // Entities of several types, which may have one id, in one list: asked for by one fetch.
  '{ search { ... on Item { onHand notes { text } } ... on Book { copies { label } stars } ... on Film { stars } } }',
  '{ shelf { results { ... on Book { maker { rank } } ... on Item { stars maker { rank } } } best { stars } } }',
  // A subgraph that does not know the type sends what is asked of any, and the client pays for his own.
  '{ best { ... on Book { mine: notes { text } } ... on Film { notes { text } } ... on Secret { notes { text } } } }',
  // The type follows from the field, and nobody asks a subgraph for it.
  '{ lastBook { id ... on Media { ... on Book { kind: __typename } } } }',
].map((text) => ({ text, variables: {} }));
