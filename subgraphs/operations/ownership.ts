import { z } from 'zod';
import { CommerceError } from '../../platform/errors.ts';
import { projectFile } from '../../platform/paths.ts';
import { readYaml } from '../../platform/read-yaml.ts';
import type { OwnershipMap } from './model.ts';

const name = z.string().regex(/^[a-z][a-z0-9-]*$/, 'expected lower-case letters, digits and hyphens');

const schema = z
  .strictObject({
    default: name,
    rules: z.array(
      z
        .strictObject({ system: name, operation: z.string().trim().min(1).optional(), owner: name })
        .transform((rule) => ({
          ...rule,
          operation: rule.operation ?? '',
        })),
    ),
  })
  .superRefine(({ rules }, context) => {
    const seen = new Set<string>();
    rules.forEach((rule, index) => {
      const subject = `${rule.system} ${rule.operation}`.trim();
      if (seen.has(subject))
        context.addIssue({ code: 'custom', path: ['rules', index], message: `a second rule for "${subject}"` });
      seen.add(subject);
    });
  });

/**
 * Reads who looks after which exceptions.
 * @param file absolute path; `config/ownership.yaml` of the project unless told
 * @throws CommerceError CONFIGURATION_INVALID, naming the file and every place in it that is wrong
 */
export function loadOwnership(file: string = projectFile('config', 'ownership.yaml')): OwnershipMap {
  const parsed = schema.safeParse(readYaml(file));
  if (parsed.success) return parsed.data;
  const places = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'file'}: ${issue.message}`);
  throw new CommerceError('CONFIGURATION_INVALID', `${file}: ${places.join('; ')}`);
}
