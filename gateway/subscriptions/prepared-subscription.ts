import {
  type DocumentNode,
  type FieldNode,
  type GraphQLField,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionSetNode,
  stripIgnoredCharacters,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { getArgumentValues, getVariableValues } from 'graphql/execution/values.js';
import { LruCache } from '../planning/lru-cache.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { refusal, refused } from '../request-refused.ts';
import type { ContractSnapshot } from '../snapshot.ts';
import type { RequestDocument } from './request-document.ts';

/** Documents kept ready per contract. Subscribers send few different ones: those of the channel's own code. */
const MAX_PREPARED = 500;

/** A subscription document, validated and planned against one contract. */
export interface PreparedSubscription {
  readonly contract: ContractSnapshot;
  readonly plan: OperationPlan;
  /** The subscription field as the schema names it. */
  readonly field: string;
  /**
   * The document without the field's argument `after`: where a subscriber begins has no part in what an event looks
   * like, and must not keep it from sharing the execution with others.
   */
  readonly document: DocumentNode;
  readonly operationName: string | null;
  /** `document` as text: equal for documents that differ in white space only. */
  readonly text: string;
  /** Reads the field's arguments. @throws RequestRefused when the variables do not fit */
  bind(variables: Readonly<Record<string, unknown>>): BoundArguments;
}

export interface BoundArguments {
  /** The field's arguments, coerced, without `after`. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly after: string | null;
  /** The variables that `document` uses. */
  readonly variables: Readonly<Record<string, unknown>>;
}

const prepared = new WeakMap<ContractSnapshot, LruCache<PreparedSubscription>>();
/** Documents as text without what is ignored: one and the same document is read once for all who send it. */
const texts = new WeakMap<DocumentNode, string>();

/** @throws RequestRefused when the document is not valid for the contract */
export function prepareSubscription(contract: ContractSnapshot, request: RequestDocument): PreparedSubscription {
  let cache = prepared.get(contract);
  if (!cache) {
    cache = new LruCache(MAX_PREPARED);
    prepared.set(contract, cache);
  }
  const text = texts.get(request.document) ?? stripIgnoredCharacters(print(request.document));
  texts.set(request.document, text);
  const known = cache.get(text);
  if (known) return known;
  const fresh = prepare(contract, request);
  cache.set(text, fresh);
  return fresh;
}

function prepare(contract: ContractSnapshot, request: RequestDocument): PreparedSubscription {
  const { schema } = contract;
  const errors = validate(schema, request.document);
  if (errors.length > 0) throw refused('GRAPHQL_VALIDATION_FAILED', errors);
  const operation = operationOf(request.document);
  const node = rootField(request.document, operation.selectionSet);
  const field = schema.getSubscriptionType()?.getFields()[node.name.value];
  if (!field) throw refusal('GRAPHQL_VALIDATION_FAILED', 'The operation is not a subscription of this contract.');
  const document = withoutAfter(schema, request.document);
  const { operationName } = request;
  const used = new Set(operationOf(document).variableDefinitions?.map(({ variable }) => variable.name.value));
  return {
    contract,
    plan: contract.planSubscription(document, operationName),
    field: field.name,
    document,
    operationName,
    text: stripIgnoredCharacters(print(document)),
    bind: (variables) => bind(schema, operation, field, node, variables, used),
  };
}

function bind(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
  variables: Readonly<Record<string, unknown>>,
  used: ReadonlySet<string>,
): BoundArguments {
  const { errors, coerced } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: 10,
  });
  if (errors) throw refused('BAD_USER_INPUT', errors);
  const { after, ...args } = getArgumentValues(field, node, coerced);
  return {
    args,
    after: typeof after === 'string' ? after : null,
    variables: Object.fromEntries(Object.entries(variables).filter(([name]) => used.has(name))),
  };
}

function operationOf(document: DocumentNode): OperationDefinitionNode {
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (!operation) throw refusal('GRAPHQL_VALIDATION_FAILED', 'The document holds no operation.');
  return operation;
}

/** The one field that validation has left, also inside fragments. */
function rootField(document: DocumentNode, selections: SelectionSetNode): FieldNode {
  for (const selection of selections.selections) {
    if (selection.directives?.length) {
      // Validation of graphql-js 16 lets these through, and then there may be no field at all.
      throw refusal('GRAPHQL_VALIDATION_FAILED', 'Directives are not allowed on the root field of a subscription.');
    }
    if (selection.kind === Kind.FIELD) return selection;
    if (selection.kind === Kind.INLINE_FRAGMENT) return rootField(document, selection.selectionSet);
    const name = selection.name.value;
    for (const definition of document.definitions) {
      if (definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === name)
        return rootField(document, definition.selectionSet);
    }
  }
  throw refusal('GRAPHQL_VALIDATION_FAILED', 'The subscription selects no field.');
}

/** Removes `after` from the root field, and the variables that nothing uses any more. */
function withoutAfter(schema: GraphQLSchema, document: DocumentNode): DocumentNode {
  const info = new TypeInfo(schema);
  const root = schema.getSubscriptionType();
  const stripped = visit(
    document,
    visitWithTypeInfo(info, {
      Argument: (node) => (node.name.value === 'after' && info.getParentType() === root ? null : undefined),
    }),
  );
  const used = new Set<string>();
  visit(stripped, {
    VariableDefinition: () => false,
    Variable: ({ name }) => {
      used.add(name.value);
    },
  });
  const { definitions } = visit(stripped, {
    VariableDefinition: ({ variable }) => (used.has(variable.name.value) ? undefined : null),
  });
  // Without `loc`, which still points to the client's text: the planner keys its cache by it.
  return { kind: Kind.DOCUMENT, definitions };
}
