import { createHash } from 'node:crypto';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { type Clock, systemClock } from '../../platform/clock.ts';
import type { Logger } from '../../platform/logger.ts';
import type { OperationPlan } from '../planning/operation-plan.ts';
import { usedFields } from './used-fields.ts';

/** Time between two writes, in milliseconds. */
const WRITE_MILLIS = 15_000;
/** Different uses that are counted between two writes. */
const MAX_COUNTED = 5_000;

/** What one document uses, whoever sends it. */
export interface DocumentUse {
  readonly sha256: string;
  readonly operation: string;
  readonly coordinates: readonly string[];
}

/** A document of a client, and how often it came. */
export interface CountedUse {
  readonly contract: string;
  readonly version: string;
  readonly clientId: string;
  readonly clientVersion: string;
  readonly document: DocumentUse;
  count: number;
  lastSeen: Date;
}

export interface Use {
  /** Path of the contract: `<name>/<version>`. */
  readonly path: string;
  readonly clientId: string;
  readonly clientVersion: string;
  readonly plan: OperationPlan;
  readonly schema: GraphQLSchema;
  /** The document's text as the client sent it. */
  readonly text: string;
}

/** Counts one use. Never throws, never waits. */
export type RecordUse = (use: Use) => void;

export interface RecorderOptions {
  /** Keeps counts. Rejects when it cannot: they are offered again. */
  readonly write: (uses: readonly CountedUse[], until: Date) => Promise<void>;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Told how many uses were left out because there were too many different ones. */
  readonly onDropped?: (count: number) => void;
}

/** Counters of what clients use. */
export class UsageRecorder {
  readonly #options: RecorderOptions;
  readonly #clock: Clock;
  readonly #documents = new WeakMap<OperationPlan, DocumentUse>();
  #counted = new Map<string, CountedUse>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), WRITE_MILLIS);
    this.#timer.unref();
  }

  readonly record: RecordUse = (use) => {
    const document = this.#documentOf(use);
    const key = JSON.stringify([use.path, use.clientId, use.clientVersion, document.sha256, document.operation]);
    const known = this.#counted.get(key);
    if (known) {
      known.count += 1;
      known.lastSeen = this.#clock.now();
      return;
    }
    if (this.#counted.size >= MAX_COUNTED) return void this.#options.onDropped?.(1);
    const [contract = '', version = ''] = use.path.split('/');
    const { clientId, clientVersion } = use;
    const lastSeen = this.#clock.now();
    this.#counted.set(key, { contract, version, clientId, clientVersion, document, count: 1, lastSeen });
  };

  /** Writes what was counted so far. Never rejects. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  async #write(): Promise<void> {
    const counted = this.#counted;
    this.#counted = new Map();
    try {
      await this.#options.write([...counted.values()], this.#clock.now());
    } catch (error) {
      this.#options.logger.warn(
        { err: { type: error instanceof Error ? error.name : typeof error } },
        'usage not written',
      );
      this.#takeBack(counted);
    }
  }

  #takeBack(counted: ReadonlyMap<string, CountedUse>): void {
    for (const [key, use] of counted) {
      const since = this.#counted.get(key);
      if (since) since.count += use.count;
      else if (this.#counted.size < MAX_COUNTED) this.#counted.set(key, use);
      else this.#options.onDropped?.(use.count);
    }
  }

  /** Once per plan: plans are kept as long as their documents are sent. */
  #documentOf({ plan, schema, text }: Use): DocumentUse {
    const known = this.#documents.get(plan);
    if (known) return known;
    const document: DocumentUse = {
      sha256: createHash('sha256').update(text).digest('hex'),
      operation: plan.operationName ?? onlyName(plan.document),
      coordinates: usedFields(plan.document, plan.operationName, schema),
    };
    this.#documents.set(plan, document);
    return document;
  }
}

/** A document of one operation need not be told which. */
function onlyName({ definitions }: DocumentNode): string {
  for (const definition of definitions) {
    if (definition.kind === 'OperationDefinition') return definition.name?.value ?? '';
  }
  return '';
}
