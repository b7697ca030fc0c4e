/** What there is to look at when a test failed: screens, requests, output. Taken before anything is cleaned up. */
const witnesses = new Map<string, () => string>();

/** `look` is called only after a failure, and while everything still runs. */
export function evidence(name: string, look: () => string): void {
  witnesses.set(name, look);
}

/** All that can be told of the test that has just ended; then it is forgotten. */
export function takeEvidence(): string[] {
  const told = [...witnesses].map(([name, look]) => `--- ${name}\n${attempt(look)}`);
  witnesses.clear();
  return told;
}

function attempt(look: () => string): string {
  try {
    return look();
  } catch (error) {
    return `(nothing to be seen: ${error})`;
  }
}
