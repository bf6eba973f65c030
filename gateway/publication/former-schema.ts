import { buildSchemaFromAST } from '@apollo/federation-internals';
import {
  buildASTSchema,
  type GraphQLField,
  type GraphQLSchema,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
} from 'graphql';
import { type ContractSchema, readScalars } from '../contract-schema.ts';
import type { FormerContract } from './publication.ts';

/** The schema of a former version, in the forms that the gateway's parts want. */
export function formerSchema({ schemaSdl }: FormerContract): ContractSchema {
  const document = parse(schemaSdl, { noLocation: true });
  const federation = buildSchemaFromAST(document, { validate: false });
  federation.assumeValid();
  const graphql = buildASTSchema(document, { assumeValidSDL: true });
  readScalars(graphql);
  return { federation, graphql };
}

/** Documents by text: every reload looks at the same ones. */
const parsed = new Map<string, GraphQLSchema>();

/**
 * Sees to it that a former version can be served from a supergraph: all it promises must still be there.
 * @param live the API schema of the whole graph
 * @throws Error that names what is missing
 */
export function assertServable(former: FormerContract, live: GraphQLSchema): void {
  const promised = parsed.get(former.schemaSdl) ?? buildASTSchema(parse(former.schemaSdl), { assumeValidSDL: true });
  parsed.set(former.schemaSdl, promised);
  for (const type of Object.values(promised.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    const now = live.getType(type.name);
    if (!now) throw missing(former, type.name);
    if (isInputObjectType(type)) {
      const fields = isInputObjectType(now) ? now.getFields() : {};
      for (const name of Object.keys(type.getFields())) {
        if (!fields[name]) throw missing(former, `${type.name}.${name}`);
      }
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    const fields = isObjectType(now) || isInterfaceType(now) ? now.getFields() : {};
    for (const field of Object.values(type.getFields())) assertField(former, type.name, field, fields[field.name]);
  }
}

function assertField(
  former: FormerContract,
  type: string,
  promised: GraphQLField<unknown, unknown>,
  now: GraphQLField<unknown, unknown> | undefined,
): void {
  const at = `${type}.${promised.name}`;
  if (!now) throw missing(former, at);
  for (const { name } of promised.args) {
    if (!now.args.some((argument) => argument.name === name)) throw missing(former, `${at}(${name}:)`);
  }
}

function missing({ definition }: FormerContract, coordinate: string): Error {
  return new Error(`the version ${definition.path} promises ${coordinate}, which is no longer in the graph`);
}
