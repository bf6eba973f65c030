import { z } from 'zod';
import type { ExecutionLimits } from '../../platform/admission/execution-gate.ts';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';

const whole = z.number().int().positive();
const bucket = z.strictObject({ capacity: z.number().positive(), refillPerSecond: z.number().positive() });
const request = z.strictObject({
  bodyBytes: whole,
  documentBytes: whole,
  variableBytes: whole,
  tokens: whole,
  operations: whole,
  rootFields: whole,
  depth: whole,
  introspectionDepth: whole,
  aliases: whole,
  aliasesPerField: whole,
  directives: whole,
  fields: whole,
  listSize: whole,
  listArgument: whole,
  cost: whole,
  subscriptionCost: whole,
  assumedListSize: whole,
});
const executions = z.strictObject({ queries: whole, mutations: whole, patienceMillis: whole });
const fileSchema = z.strictObject({
  default: z.strictObject({ request, rate: bucket }),
  contracts: z.record(z.string(), z.strictObject({ request: request.partial().optional(), rate: bucket.optional() })),
  credentials: bucket,
  executions: executions.default({ queries: 256, mutations: 256, patienceMillis: 2_000 }),
});

/** What one request may hold, each number the most that is accepted. config/limits.yaml says what each one is. */
export type RequestLimits = Readonly<z.infer<typeof request>>;

/** Points that a client may spend at once, and how fast they come back. */
export type Bucket = Readonly<z.infer<typeof bucket>>;

export interface ContractLimits {
  readonly request: RequestLimits;
  readonly rate: Bucket;
}

export interface Limits {
  /** @param contract name, e.g. storefront */
  of(contract: string): ContractLimits;
  /** Failed attempts of one network address. */
  readonly credentials: Bucket;
  /** Operations that are executed at the same time. */
  readonly executions: ExecutionLimits;
}

/**
 * @param file default: config/limits.yaml
 * @throws CommerceError CONFIGURATION_INVALID, which says what is wrong where
 */
export function readLimits(file: string = projectFile('config', 'limits.yaml')): Limits {
  const read = parseFile(file);
  const byContract = new Map<string, ContractLimits>();
  for (const [name, own] of Object.entries(read.contracts)) {
    const request = { ...read.default.request, ...own.request } as RequestLimits;
    byContract.set(name, { request, rate: own.rate ?? read.default.rate });
  }
  for (const [name, { request, rate }] of [['default', read.default] as const, ...byContract]) {
    // An operation that is allowed but that no bucket can ever pay would be refused for ever, with "try again".
    if (rate.capacity < request.cost) {
      throw invalid(file, `${name}: rate.capacity (${rate.capacity}) must be at least request.cost (${request.cost})`);
    }
  }
  const { credentials, executions } = read;
  return { of: (contract) => byContract.get(contract) ?? read.default, credentials, executions };
}

function parseFile(file: string): z.infer<typeof fileSchema> {
  const parsed = fileSchema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  throw invalid(file, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
}

function invalid(file: string, reason: string): CommerceError {
  return new CommerceError('CONFIGURATION_INVALID', `The limits in ${file} are not valid: ${reason}.`);
}
