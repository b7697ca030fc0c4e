/** Paths that are told apart before what answers them is looked for. */

/** Whoever watches over processes asks there without a token. */
export const PROBES: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

/** They ask for no credential: what comes there proves itself otherwise, or wants to. */
export const STRANGERS: ReadonlySet<string> = new Set(['/challenge', '/join']);

/** By it a device may end itself: then it is cut like any other, and told all the same that it is done. */
export const REVOKE = '/admin/revoke';
