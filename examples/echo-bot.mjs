#!/usr/bin/env node
/**
 * A bot in forty lines, with nothing but Node: waits for messages, answers each, and says what it has seen.
 *
 *   node examples/echo-bot.mjs echo        then: claude-relay send echo "hello"
 *   node examples/echo-bot.mjs echo 1      ends after one answer
 */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const name = process.argv[2] ?? 'echo';
const rounds = Number(process.argv[3] ?? Number.POSITIVE_INFINITY);
const url = process.env.RELAY_HTTP ?? 'http://localhost:9999';
const home = process.env.CLAUDE_RELAY_HOME ?? join(homedir(), '.claude-relay');
const token = readFileSync(join(home, 'token'), 'utf8').trim();

async function relay(verb, args) {
  const response = await fetch(`${url}/v1/${verb}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'relay-as': name, 'relay-kind': 'script' },
    body: JSON.stringify(args),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${body.error.code}: ${body.error.message}`);
  return body;
}

console.log(`${name} is listening`);
for (let answered = 0; answered < rounds; ) {
  // What is received is held for a minute; the receipt says that it was dealt with.
  const { messages } = await relay('receive', { count: 1, wait_seconds: 60 });
  for (const message of messages) {
    await relay('send', { reply_to: message.id, body: `You said: ${message.body}` });
    await relay('receipt', { state: 'seen', ids: [message.id] });
    console.log(`answered ${message.from}`);
    answered++;
  }
}
