import { type GraphQLLeafType, isEnumType, isSpecifiedScalarType } from 'graphql';
import { irregular } from './irregular.ts';

/** Writes the value of a leaf, which is not null, as JSON. @throws Irregular for a value that is not of its type */
export type LeafText = (value: unknown) => string;

/** How values of a type are written. */
export function leafText(type: GraphQLLeafType): LeafText {
  if (isEnumType(type)) {
    const texts = new Map(type.getValues().map(({ name }) => [name as unknown, JSON.stringify(name)]));
    return (value) => texts.get(value) ?? irregular();
  }
  return (isSpecifiedScalarType(type) && SPECIFIED[type.name]) || anyText;
}

const SPECIFIED: Readonly<Record<string, LeafText>> = {
  String: (value) => (typeof value === 'string' ? stringText(value) : irregular()),
  ID: (value) => (typeof value === 'string' ? stringText(value) : integerText(value)),
  Int: integerText,
  Float: (value) => (typeof value === 'number' && Number.isFinite(value) ? String(value) : irregular()),
  Boolean: (value) => (typeof value === 'boolean' ? String(value) : irregular()),
};

/** Beyond 32 bits too: what a subgraph says is an integer is passed on, as @apollo/gateway does. */
function integerText(value: unknown): string {
  return Number.isInteger(value) && Math.abs(value as number) < 1e21 ? String(value) : irregular();
}

/** A scalar of our own may be any JSON. */
function anyText(value: unknown): string {
  return typeof value === 'string' ? stringText(value) : (JSON.stringify(value) ?? irregular());
}

/** Up to this length a look at each character is faster than a regular expression. */
const SHORT = 42;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are among what JSON escapes
const NEEDS_ESCAPE = /[\u0000-\u001f"\\\ud800-\udfff]/;

/** `JSON.stringify` of a string, without its cost where nothing has to be escaped. */
export function stringText(value: string): string {
  if (value.length >= SHORT) return NEEDS_ESCAPE.test(value) ? JSON.stringify(value) : `"${value}"`;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code >= 0xd800 && code <= 0xdfff))
      return JSON.stringify(value);
  }
  return `"${value}"`;
}
