/** A reporter for vitest: says why a test failed when it fails. Its own wait for the end of the run, which may be hours away. */

/** @typedef {{ fullName: string, result: () => { state: string, errors?: readonly { message: string }[] } }} TestCase */

export default class AtOnce {
  /** @param {TestCase} test */
  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    if (state === 'failed')
      process.stdout.write(`FAILED ${test.fullName}\n${errors.map(({ message }) => `${message}\n`).join('')}`);
  }
}
