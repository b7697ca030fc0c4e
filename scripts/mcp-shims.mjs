/**
 * Stands in the bundle for `@modelcontextprotocol/server/_shims`, whose Node version brings a JSON Schema validator: 268 KB,
 * a third of what `mcp` loads (20 of 65 ms CPU over a bare Node, 3 MB). The server asks it only about the answers to
 * forms that it sends to a user, and this one sends none.
 */
export { default as process } from 'node:process';

export class DefaultJsonSchemaValidator {
  /** @returns {never} */
  getValidator() {
    throw new Error('The bundle has no JSON Schema validator; see scripts/mcp-shims.mjs.');
  }
}
