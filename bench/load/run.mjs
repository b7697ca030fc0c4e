/** Starts a load generator: a process of its own, told what to do by one JSON argument, that answers with one JSON line. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * @param {string} name a file of this folder @param {object} work @returns {Promise<any>}
 */
export function runLoad(name, work) {
  const script = fileURLToPath(new URL(`./${name}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(work)], { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(text));
      else reject(new Error(`The generator ${name} ended with ${code}.`));
    });
  });
}

/** What this generator was told. @returns {any} */
export function work() {
  return JSON.parse(process.argv[2] ?? '{}');
}

/** Says the result and ends. @param {object} result */
export function finish(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
