/** What a model reads when mail comes to it by itself, through a door or a hook. */
import type { Compose } from '../delivery/compose.ts';
import type { Random } from '../util/random.ts';
import { plural } from './answers.ts';
import { wrapMessages } from './render.ts';

/** The last sentence keeps two agents from thanking each other until their budgets are spent. */
const HOW_TO_ANSWER =
  'Answer with relay_send {"reply_to": id} where an answer is wanted; none is needed to acknowledge.';

export function composeWith(random: Random): Compose {
  return (messages, { more, longest }) => {
    const rest = more > 0 ? ` ${more} more unread: call relay_receive.` : '';
    const heading = `${plural(messages.length, 'message')} for you on claude-relay.${rest} ${HOW_TO_ANSWER}`;
    return `${heading}\n${wrapMessages(messages, random, longest)}`;
  };
}
