import {
  type DocumentNode,
  type GraphQLSchema,
  Kind,
  Lexer,
  type OperationDefinitionNode,
  parse,
  Source,
  TokenKind,
} from 'graphql';
import { LruCache } from '../planning/lru-cache.ts';
import { refusal } from '../request-refused.ts';
import type { CostRules } from './cost-rules.ts';
import { operationSize } from './document-size.ts';
import { assertLimit, limitExceeded } from './limit-exceeded.ts';
import type { RequestLimits } from './limits.ts';
import { type OperationCost, operationCost } from './operation-cost.ts';

/** Documents kept per contract, and the characters of their texts. */
const MAX_DOCUMENTS = 1_000;
const MAX_CHARACTERS = 2_000_000;

/** A document whose size is within the limits. */
export interface SizedDocument {
  /** Null when there is no such operation: who executes says so. */
  operation(name: string | null): PricedOperation | null;
}

export interface PricedOperation {
  readonly kind: OperationDefinitionNode['operation'];
  readonly cost: OperationCost;
  /** Fields after fragments are followed: what planning it for the first time is measured by. */
  readonly fields: number;
}

export interface DocumentGuardOptions {
  readonly schema: GraphQLSchema;
  readonly rules: CostRules;
  readonly limits: RequestLimits;
}

/** The limits of one contract that a document alone can exceed. All of them hold before anything expands a fragment. */
export class DocumentGuard {
  readonly #options: DocumentGuardOptions;
  readonly #documents = new LruCache<SizedDocument>(MAX_DOCUMENTS, MAX_CHARACTERS);

  constructor(options: DocumentGuardOptions) {
    this.#options = options;
  }

  /**
   * @returns the document, and whether it was known; null when the text is no document: who executes says so
   * @throws CommerceError LIMIT_EXCEEDED
   * @throws RequestRefused when fragments spread each other in a circle
   */
  check(text: string): { readonly document: SizedDocument; readonly isNew: boolean } | null {
    const known = this.#documents.get(text);
    if (known) return { document: known, isNew: false };
    const { limits } = this.#options;
    assertLimit(limits, 'documentBytes', Buffer.byteLength(text));
    if (!withinTokens(text, limits.tokens)) throw limitExceeded('tokens', limits.tokens);
    const document = parsed(text);
    if (!document) return null;
    const sized = this.#measure(document);
    this.#documents.set(text, sized);
    return { document: sized, isNew: true };
  }

  #measure(document: DocumentNode): SizedDocument {
    const { limits, schema, rules } = this.#options;
    const operations = document.definitions.filter(
      (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
    );
    assertLimit(limits, 'operations', operations.length);
    const fields = new Map<OperationDefinitionNode, number>();
    for (const operation of operations) {
      const size = operationSize(document, operation);
      // Refused here and not by validation: everything after this line may follow fragments.
      if (!size) throw refusal('GRAPHQL_VALIDATION_FAILED', 'Fragments of the document spread each other in a circle.');
      for (const name of SIZES) assertLimit(limits, name, size[name]);
      fields.set(operation, size.fields);
    }
    const priced = new Map<OperationDefinitionNode, PricedOperation>();
    const price = (operation: OperationDefinitionNode): PricedOperation => {
      const { assumedListSize } = limits;
      const cost = operationCost(schema, document, operation, { rules, assumedListSize });
      return { kind: operation.operation, cost, fields: fields.get(operation) ?? 0 };
    };
    return {
      operation(name) {
        const operation =
          name === null
            ? operations[operations.length === 1 ? 0 : -1]
            : operations.find((candidate) => candidate.name?.value === name);
        if (!operation) return null;
        const known = priced.get(operation) ?? price(operation);
        priced.set(operation, known);
        return known;
      },
    };
  }
}

const SIZES = [
  'fields',
  'depth',
  'introspectionDepth',
  'rootFields',
  'aliases',
  'aliasesPerField',
  'directives',
] as const;

/** Counts before parsing, so that a refusal costs no syntax tree. Text that is no GraphQL is left to the parser. */
function withinTokens(text: string, most: number): boolean {
  const lexer = new Lexer(new Source(text));
  try {
    for (let count = 0; count <= most; count++) if (lexer.advance().kind === TokenKind.EOF) return true;
    return false;
  } catch {
    return true;
  }
}

function parsed(text: string): DocumentNode | null {
  try {
    return parse(text, { noLocation: true });
  } catch {
    return null;
  }
}
