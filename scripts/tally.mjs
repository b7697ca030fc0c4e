/**
 * The last line of `.ci/run`: `N passed, N failed, N skipped`, summed over vitest's JSON reports. What did not get as
 * far as a test counts as a failure too: a file that did not load, an error outside the tests, a report that is not
 * there, a run in which nothing ran, another command that failed (`--exit NAME=CODE`), and a test command that failed
 * after good reports (`--run NAME=CODE`, after them). Before it stands what failed, by name: of a long output often only
 * the end is kept.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { isMain, runScript } from './ensure.mjs';

/** Characters that are kept of what a failed test said. */
const MOST = 600;

/**
 * @typedef {{ passed: number, failed: number, skipped: number, problems: string[] }} Tally
 * @typedef {{ status: string, fullName?: string, failureMessages?: string[] }} Case
 * @typedef {{ name: string, status: string, message?: string, assertionResults: Case[] }} File
 * @typedef {{ success: boolean, testResults: File[] }} Report
 */

/** @param {readonly string[]} args @returns {Tally} */
export function tally(args) {
  /** @type {Tally} */
  const sum = { passed: 0, failed: 0, skipped: 0, problems: [] };
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--exit') addExit(sum, args[++i] ?? '');
    else if (args[i] === '--run') addRun(sum, args[++i] ?? '');
    else addReport(sum, args[i] ?? '');
  }
  if (sum.passed + sum.failed === 0) fail(sum, 'No test ran.');
  return sum;
}

/** @param {Tally} sum @param {string} exit NAME=CODE */
function addExit(sum, exit) {
  const [name, code] = exit.split('=');
  if (code !== '0') fail(sum, `${name} ended with ${code || 'no exit code'}.`);
}

/** Its failures are in its report: it adds one only when nothing has told of any. @param {Tally} sum @param {string} exit */
function addRun(sum, exit) {
  if (sum.failed === 0) addExit(sum, exit);
}

/** @param {Tally} sum @param {string} path */
function addReport(sum, path) {
  const report = read(path);
  if (!report) return fail(sum, `${path} is no report of a test run.`);
  const before = sum.passed + sum.failed;
  const failedBefore = sum.failed;
  for (const file of report.testResults) addFile(sum, file);
  if (sum.passed + sum.failed === before) fail(sum, `${path} has no test that ran.`);
  else if (!report.success && sum.failed === failedBefore) fail(sum, `${path} failed outside its tests.`);
}

/** @param {Tally} sum @param {File} file */
function addFile(sum, file) {
  const failures = file.assertionResults.filter(({ status }) => status === 'failed');
  const failed = failures.length;
  const passed = file.assertionResults.filter(({ status }) => status === 'passed').length;
  sum.passed += passed;
  sum.failed += failed;
  sum.skipped += file.assertionResults.length - passed - failed;
  for (const each of failures) sum.problems.push(`FAILED ${relative(process.cwd(), file.name)}: ${told(each)}`);
  if (file.status === 'failed' && failed === 0) fail(sum, `${file.name} failed: ${file.message || 'it did not load'}`);
}

/** Which test, and what it said, without the stack. @param {Case} failure */
function told({ fullName = 'a test', failureMessages: [message = ''] = [] }) {
  const [said = ''] = message.split('\n    at ');
  return [fullName, said.slice(0, MOST)].filter((each) => each !== '').join('\n  ');
}

/** @param {string} path @returns {Report | undefined} */
function read(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(report.testResults) ? report : undefined;
  } catch {
    // Not there or cut off: the caller counts that.
    return undefined;
  }
}

/** @param {Tally} sum @param {string} problem */
function fail(sum, problem) {
  sum.failed += 1;
  sum.problems.push(problem);
}

function main() {
  const { passed, failed, skipped, problems } = tally(process.argv.slice(2));
  for (const problem of problems) process.stdout.write(`${problem}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  return failed > 0 ? 1 : 0;
}

if (isMain(import.meta.url)) await runScript(main);
