/** Stands in the bundle for node-forge, which secretlint carries to open key files; see `src/secrets/library.ts`. */
export {};
