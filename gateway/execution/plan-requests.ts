import type { FetchNode } from '@apollo/query-planner';
import { copyOf } from '../data-sources/copy-of.ts';
import type { PlannedFetch } from '../data-sources/data-source.ts';
import { type FetchOperation, fetchOperation, requestBody } from '../data-sources/fetch-operation.ts';
import { mergedOperation } from '../data-sources/merged-operation.ts';
import type { SubgraphAnswer } from '../data-sources/subgraph-answer.ts';
import { askSource, askTogether } from './ask-source.ts';
import type { Entity, Run } from './run.ts';

/** The planner numbers the operations of a plan (`Page__product__3`): fetches that ask for the same then look different. */
export function withoutNumber(fetch: Pick<FetchNode, 'operation' | 'operationName'>): {
  text: string;
  name: string | undefined;
} {
  const { operation: text, operationName: name } = fetch;
  const plain = name?.replace(/__\d+$/, '');
  if (name === undefined || plain === undefined || plain === name) return { text, name };
  return { text: text.replace(name, plain), name: plain };
}

/** The client's variables that the fetch uses, as the client sent them. */
export function variablesOf({ variableUsages }: FetchNode, { variables }: Run): Entity {
  const used: Entity = {};
  for (const name of variableUsages ?? []) {
    if (Object.hasOwn(variables, name) && variables[name] !== undefined) used[name] = variables[name];
  }
  return used;
}

/** The values that a fetch is sent with. */
export type SentValues = Pick<PlannedFetch, 'variables' | 'entities'>;

/** Sends one fetch of the plan. */
export type Send = (run: Run, values: SentValues) => Promise<SubgraphAnswer>;

/** Sends several that can go in one request; null for one that has nobody to ask for. @returns an answer for each */
export type SendTogether = (
  run: Run,
  values: readonly (SentValues | null)[],
) => readonly (Promise<SubgraphAnswer> | null)[];

/** What a fetch asks, and whether the answer holds nothing that a merge could change. */
export interface Question {
  readonly node: FetchNode;
  readonly isNeverChanged: boolean;
}

interface Sender {
  readonly subgraph: string;
  readonly operation: FetchOperation;
  readonly isNeverChanged: boolean;
  /** Of equal senders. */
  readonly key: string;
}

/** The requests that one plan makes: equal ones of a run are sent once, if they are reads. */
export class PlanRequests {
  readonly #mayShare: boolean;
  /** How many fetches of the plan send an operation: one that is alone can equal no other. */
  readonly #senders = new Map<string, number>();

  /** @param isQuery what a mutation reads may differ from one moment to the next */
  constructor(isQuery: boolean) {
    this.#mayShare = isQuery;
  }

  /** Called while the plan is compiled, once for each fetch. */
  sender(question: Question): Send {
    const sender = this.#add(question);
    return (run, values) => {
      const ask = () => askSource(run, sender.subgraph, plannedBy(sender, values));
      return once(run, sender, this.#keyOf(sender, values), ask);
    };
  }

  /** The same for fetches of entities that go to one subgraph. */
  togetherSender(questions: readonly Question[]): SendTogether {
    const senders = questions.map((question) => this.#add(question));
    const [first] = senders;
    if (!first) return () => [];
    const { subgraph } = first;
    const operation = fetchOperation(mergedOperation(senders.map((each) => each.operation.text)), first.operation.name);
    return (run, values) => {
      const sent = senders.map((sender, index) => {
        const own = values[index];
        return own ? { sender, values: own, key: this.#keyOf(sender, own) } : null;
      });
      const fetches = sent.map((each) => {
        const isAsked = each?.key !== undefined && each.key !== null && run.shared.has(each.key);
        return each && !isAsked ? plannedBy(each.sender, each.values) : null;
      });
      const variables = Object.assign({}, ...questions.map(({ node }) => variablesOf(node, run)));
      const answers = askTogether(run, subgraph, { operation, fetches, variables });
      return sent.map(
        (each, index) => each && once(run, each.sender, each.key, async () => (await answers)[index] ?? {}),
      );
    };
  }

  #add({ node, isNeverChanged }: Question): Sender {
    const { text, name } = withoutNumber(node);
    const key = `${node.serviceName} ${text}`;
    this.#senders.set(key, (this.#senders.get(key) ?? 0) + 1);
    return { subgraph: node.serviceName, operation: fetchOperation(text, name), isNeverChanged, key };
  }

  /** The same for equal requests; null for one that can equal no other of its run. */
  #keyOf({ subgraph, operation, key }: Sender, { variables }: SentValues): string | null {
    const isAlone = !this.#mayShare || this.#senders.get(key) === 1;
    return isAlone ? null : `${subgraph} ${requestBody(operation, variables)}`;
  }
}

function plannedBy({ operation }: Sender, values: SentValues): PlannedFetch {
  return { operation, ...values };
}

/** Sends equal requests of one run once. Merges change what they are given: each asker gets a copy of its own. */
async function once(
  run: Run,
  { isNeverChanged }: Sender,
  key: string | null,
  ask: () => Promise<SubgraphAnswer>,
): Promise<SubgraphAnswer> {
  if (key === null) return ask();
  const asked = run.shared.get(key) ?? ask();
  run.shared.set(key, asked);
  const answer = await asked;
  // Leaves are taken out of the answer one by one: there is nothing in it that a merge could change.
  return isNeverChanged ? answer : { ...answer, data: copyOf(answer.data) as Entity | null };
}
