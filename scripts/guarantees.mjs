/** GUARANTEES.md: each promise, the tests that prove it, and what they found when they ran last. No figure in it was not measured. */

/**
 * @typedef {Record<string, number | string>} Figures
 * @typedef {{ at: string, node: string, cpus: number, file: string, tests: readonly string[], figures: Figures }} Proof
 * @typedef {{ ci: Record<string, Proof>, long: Record<string, Proof> }} Results by promise
 */

export const RESULTS = 'test/faults/results.json';
export const SOAK = 'test/soak/results.json';

/** @type {Record<string, string>} */
export const PROMISES = {
  R1: 'An answered send survives the death of any process.',
  R2: 'An answered send survives a power cut.',
  R3: 'A send that is repeated with its id is stored once, for ever.',
  R4: 'No answer is for another message.',
  R5: 'Each inbox has one order; what one sender sends is read in the order in which it was sent.',
  R6: 'Nothing unread is skipped.',
  R7: 'A message is shown once while its session process lives; after its death at most once more, and marked `redelivered`.',
  R8: 'Who is away gets everything: 30 days, 10,000 messages and 256 MiB an inbox by default.',
  R9: 'A full inbox or disk refuses, and never drops. Sends work within two seconds of space, without a restart.',
  R10: 'Every accepted message reaches a state that its sender can ask for; each end that is not `seen` is told to its sender, once.',
  R11: 'A gap is said: to every client, and to the model.',
  R12: 'Reconnecting is quick and calm, and nothing is lost meanwhile.',
  R13: 'A peer that falls silent is noticed within sixteen seconds, and its mail is kept.',
  R14: 'A slow reader hurts nobody.',
  R15: 'A failing disk is no lie: what was answered is there, health is red, and it works again by itself.',
  R16: 'Damage is found, contained and reported: nothing that the disk has altered is given out as somebody’s words.',
  R17: 'Clocks do not matter: order is by position, and ends come by the time that really passed while the relay runs.',
  R18: 'Upgrade and restore are safe: whatever is interrupted leaves the old data or the new ones.',
  R21: 'The same seed is the same run: every failure that the simulator finds can be had again.',
  R22: 'The tests can fail: each of twelve bugs, put into the program, is caught by a test that names it.',
};

/** Throws when a promise has no figures. @param {Results} results @param {Proof} [soak] */
export function guarantees({ ci, long }, soak) {
  const missing = Object.keys(PROMISES).filter((promise) => !ci[promise]);
  if (missing.length > 0)
    throw new Error(`Nothing is recorded of ${missing.join(', ')}: npm run test:faults -- --record`);
  const sections = Object.entries(PROMISES).map(([promise, sentence]) =>
    section(promise, sentence, [ci[promise], long[promise]]),
  );
  const last = soak ? [`## Half an hour of faults\n\n${SOAKED}\n\n${told(soak, false).join('\n')}`] : [];
  return `${OPENING}\n${[...sections, ...last].join('\n')}`;
}

const OPENING = `<!-- Written by \`npm run gen\` from ${RESULTS}. -->
# What claude-relay promises, and what proves it

Each promise is proven by fault: processes are killed, disks lose their power, fill up and fail, networks fall silent, clocks are set, bits flip. Behind it stand the test that does so, and what it found when it ran last.

    npm run test:faults                    as every change is tested: minutes, as root on Linux, with the packages of scripts/apt-packages.txt
    npm run test:faults -- R1 R16          only these
    npm run test:faults -- --long R1       many more times
`;

const SOAKED = `All of it at once, and for long: two relays under load with a fault every few seconds, one of which is killed again and again, while the other must hold no more in the end than before. Figures with arrows are the medians of three thirds of the time; the first is for warming up. \`npm run test:soak\``;

/** @param {string} promise @param {string} sentence @param {readonly (Proof | undefined)[]} proofs */
function section(promise, sentence, proofs) {
  const lines = proofs.flatMap((proof, i) => (proof ? told(proof, i > 0) : []));
  return [`## ${promise}`, '', sentence, '', ...lines].join('\n');
}

/** @param {Proof} proof @param {boolean} isLong */
function told({ at, node, cpus, file, tests, figures }, isLong) {
  const found = Object.entries(figures).map(([name, value]) => `${name} ${shown(value)}`);
  const where = `${at}, Node ${node}, ${cpus} cores${isLong ? ', many times' : ''}`;
  const names = isLong ? [] : [`\`${file}\`:`, ...tests.map((name) => `- ${name}`), ''];
  return [...names, `${where}: ${found.join(', ')}.`, ''];
}

/** A seed is a name, not an amount. @param {number | string} value */
function shown(value) {
  return typeof value === 'number' ? value.toLocaleString('en-US') : value;
}
