/** Asks one session process, and lets it know once its answer was printed. */
import { connect } from 'node:net';

export interface Reply {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit?: number;
}

/** Undefined when nobody answers there. `print` resolves when the text is out; what was not printed has shown nothing. */
export function ask(path: string, request: object, print: (reply: Reply) => Promise<void>): Promise<Reply | undefined> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    let heard = '';
    socket.setEncoding('utf8');
    socket.on('error', () => resolve(undefined));
    socket.on('close', () => resolve(undefined));
    socket.on('data', (chunk: string) => {
      heard += chunk;
      const end = heard.indexOf('\n');
      if (end < 0) return;
      const reply = decoded(heard.slice(0, end));
      heard = '';
      void print(reply).then(() => socket.end('{"printed":true}\n', () => resolve(reply)));
    });
  });
}

function decoded(line: string): Reply {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
