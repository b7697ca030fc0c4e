/** Units for the tests of what is made of them. */
import type { Unit } from '../../src/service/unit.ts';

export function unit(over: Partial<Unit> = {}): Unit {
  return {
    name: 'relay',
    description: 'claude-relay: the relay',
    command: ['/usr/bin/node', '/opt/claude-relay/dist/cli.mjs', 'serve'],
    environment: { CLAUDE_RELAY_HOME: '/home/me/.claude-relay' },
    logs: { out: '/home/me/.claude-relay/logs/relay.log', error: '/home/me/.claude-relay/logs/relay-error.log' },
    always: true,
    delay: { first: 2, most: 60 },
    final: [2, 65, 78],
    ...over,
  };
}

/** Words that mean something to XML, to systemd, to a shell, or look as if they did. */
export const NASTY_WORDS = [
  'plain',
  'two words',
  "it's",
  '"double"',
  'back\\slash',
  '\\n',
  '\\x41',
  'end\\',
  '$HOME',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are systemd's.
  '${HOME}',
  '$$',
  '%h',
  '%%',
  '100%',
  '<key>&amp;</key>',
  ']]>',
  '<!-- -->',
  ';',
  'a;b',
  '#hash',
  '-dash',
  '@at',
  '!bang',
  '*',
  '~',
  '`id`',
  'ünï ✓ 🎉',
  'a=b',
];
