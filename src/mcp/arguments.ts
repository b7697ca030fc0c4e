/** Arguments that several tools share, and how models write them. */
import { addressField } from '../protocol/address.ts';
import type { Check } from '../protocol/check.ts';
import { list, wrong } from '../protocol/check.ts';
import { LIMITS } from '../protocol/limits.ts';

/** The same check with a sentence for the model. */
export function described<C extends Check<unknown>>(check: C, description: string): C {
  return { ...check, schema: { ...check.schema, description } };
}

const many = list(addressField, { max: LIMITS.recipients, min: 1 });

/** One address, several with commas between them (as models write it), or a list. */
export const addresses: Check<readonly string[]> = {
  schema: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  read(value, path) {
    if (typeof value !== 'string') return many.read(value, path);
    const parts = value.split(',').map((part) => part.trim());
    if (parts.some((part) => part === ''))
      throw wrong(path, 'a name, a #room, all, or several of them with commas between');
    return many.read([...new Set(parts)], path);
  },
};
