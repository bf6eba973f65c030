import { GraphQLError, GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { isCurrencyCode } from '../money.ts';

function textScalar(
  name: string,
  description: string,
  check: (text: string) => string | null,
): GraphQLScalarType<string, string> {
  const read = (value: unknown): string => {
    if (typeof value !== 'string') throw refusal(`${name} must be a string`);
    const problem = check(value);
    if (problem) throw refusal(problem);
    return value;
  };
  return new GraphQLScalarType<string, string>({
    name,
    description,
    serialize: (value) => (value instanceof Date ? value.toISOString() : read(value)),
    parseValue: read,
    parseLiteral: (node: ValueNode) => {
      if (node.kind !== Kind.STRING && !(name === 'Decimal' && (node.kind === Kind.INT || node.kind === Kind.FLOAT))) {
        throw refusal(`${name} must be a string`);
      }
      return read(node.value);
    },
  });
}

function refusal(message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { code: 'BAD_USER_INPUT' } });
}

const DATE_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;

/** Implementations of the scalars that schema/shared.graphql describes. All travel as strings. */
export const scalars: Readonly<Record<string, GraphQLScalarType>> = {
  Decimal: textScalar('Decimal', 'A decimal number as a string, never a float.', (text) =>
    /^-?\d{1,15}(\.\d{1,6})?$/.test(text) ? null : 'Decimal must look like "12.50"',
  ),
  DateTime: textScalar('DateTime', 'A point in time, RFC 3339 with a time zone.', (text) =>
    DATE_TIME.test(text) && !Number.isNaN(Date.parse(text)) ? null : 'DateTime must look like "2026-11-23T09:00:00Z"',
  ),
  CurrencyCode: textScalar('CurrencyCode', 'ISO 4217 currency code.', (text) =>
    isCurrencyCode(text) ? null : 'CurrencyCode must be an ISO 4217 code such as GBP',
  ),
  CountryCode: textScalar('CountryCode', 'ISO 3166-1 alpha-2 country code.', (text) =>
    /^[A-Z]{2}$/.test(text) ? null : 'CountryCode must be two capital letters such as GB',
  ),
};
