/**
 * The fixtures that answer with questions to their client: multi-round-trip requests, as 2026-07-28 has them. Nothing is
 * kept between the rounds; what must be remembered goes to the client and back, sealed.
 */
import { randomBytes } from 'node:crypto';
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  createRequestStateCodec,
  fromJsonSchema,
  type InputRequest,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';

type Responses = Readonly<Record<string, unknown>> | undefined;

interface Question {
  readonly request: InputRequest;
  /** What a client must have declared to be asked this. */
  readonly needs: 'elicitation' | 'sampling' | 'roots';
  isAnswered(responses: Responses, key: string): boolean;
}
type Round = Readonly<Record<string, Question>>;

interface Asking {
  readonly rounds: readonly Round[];
  /** The round that was asked is carried by the client; without it there is only one. */
  readonly isSealed?: true;
  /** The text when all is answered. */
  answer(responses: Responses): string;
}

/** What a sealed state says. */
interface Asked {
  readonly name: string;
  readonly round: number;
}

function elicit(message: string, field: string, type: 'string' | 'boolean' = 'string'): Question {
  const schema = fromJsonSchema({ type: 'object', properties: { [field]: { type } }, required: [field] });
  return {
    request: inputRequired.elicit({ message, requestedSchema: schema }),
    needs: 'elicitation',
    isAnswered: (responses, key) => acceptedContent(responses, key, schema) !== undefined,
  };
}

const sample = (text: string, maxTokens: number): Question => ({
  request: inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens }),
  needs: 'sampling',
  isAnswered: (responses, key) => inputResponse(responses, key).kind === 'sampling',
});

const listRoots: Question = {
  request: inputRequired.listRoots(),
  needs: 'roots',
  isAnswered: (responses, key) => inputResponse(responses, key).kind === 'roots',
};

const user_name = elicit('What is your name?', 'name');
const confirm = elicit('Please confirm', 'ok', 'boolean');

const TOOLS = {
  test_input_required_result_elicitation: {
    rounds: [{ user_name }],
    answer: (responses) => `Hello, ${acceptedContent(responses, 'user_name')?.['name']}!`,
  },
  test_input_required_result_sampling: {
    rounds: [{ capital_question: sample('What is the capital of France?', 100) }],
    answer: (responses) => `The model says: ${JSON.stringify(responses?.['capital_question'])}`,
  },
  test_input_required_result_list_roots: {
    rounds: [{ client_roots: listRoots }],
    answer: (responses) => `The roots are ${JSON.stringify(responses?.['client_roots'])}`,
  },
  test_input_required_result_request_state: { rounds: [{ confirm }], isSealed: true, answer: () => 'state-ok' },
  test_input_required_result_tampered_state: { rounds: [{ confirm }], isSealed: true, answer: () => 'state-ok' },
  test_input_required_result_multiple_inputs: {
    rounds: [{ user_name, greeting: sample('Generate a greeting', 50), client_roots: listRoots }],
    isSealed: true,
    answer: (responses) => `You answered ${Object.keys(responses ?? {}).join(', ')}`,
  },
  test_input_required_result_multi_round: {
    rounds: [
      { step1: elicit('Step 1: What is your name?', 'name') },
      { step2: elicit('Step 2: What is your favorite color?', 'color') },
    ],
    isSealed: true,
    answer: (responses) => `Your color is ${acceptedContent(responses, 'step2')?.['color']}`,
  },
  test_input_required_result_capabilities: {
    rounds: [{ user_name, greeting: sample('Generate a greeting', 50) }],
    answer: () => 'You were asked what you can answer.',
  },
} satisfies Readonly<Record<string, Asking>>;

const PROMPTS = {
  test_input_required_result_prompt: {
    rounds: [{ user_context: elicit('What context should the prompt use?', 'context') }],
    answer: (responses) => `Consider: ${acceptedContent(responses, 'user_context')?.['context']}`,
  },
} satisfies Readonly<Record<string, Asking>>;

const FIXTURES: ReadonlyMap<string, Asking> = new Map<string, Asking>(Object.entries({ ...TOOLS, ...PROMPTS }));

export const ASKING_TOOLS = Object.keys(TOOLS);
export const ASKING_PROMPTS = Object.keys(PROMPTS);

/** One process answers every round, so its key needs no keeping. */
const seal = createRequestStateCodec<Asked>({ key: randomBytes(32) });

/**
 * The next questions of the fixture, or its text when it has none left; undefined when there is no such fixture.
 * Questions without a good answer are asked again. A state that we did not seal for this fixture is an error.
 */
export async function askOrAnswer(name: string, ctx: ServerContext): Promise<InputRequiredResult | string | undefined> {
  const fixture = FIXTURES.get(name);
  if (!fixture) return undefined;
  const { inputResponses } = ctx.mcpReq;
  const asked = fixture.isSealed ? await openedRound(name, ctx) : 0;
  const current = questions(fixture, asked ?? 0, ctx);
  const isDone = asked !== undefined && current.every(([key, { isAnswered }]) => isAnswered(inputResponses, key));
  const round = isDone ? asked + 1 : (asked ?? 0);
  if (round >= fixture.rounds.length) return fixture.answer(inputResponses);
  return inputRequired({
    inputRequests: Object.fromEntries(questions(fixture, round, ctx).map(([key, { request }]) => [key, request])),
    ...(fixture.isSealed ? { requestState: await seal.mint({ name, round }) } : {}),
  });
}

/** The round that the client was asked last, as we sealed it; undefined when it brings no state, as at first. */
async function openedRound(name: string, ctx: ServerContext): Promise<number | undefined> {
  const state = ctx.mcpReq.requestState<string>();
  if (state === undefined) return undefined;
  const refusal = new ProtocolError(ProtocolErrorCode.InvalidParams, 'This is not a state of this call.');
  const asked = await seal.verify(state, ctx).catch(() => Promise.reject(refusal));
  if (asked.name !== name) throw refusal;
  return asked.round;
}

/** Those of the round that this client has said it can answer. */
function questions({ rounds }: Asking, round: number, ctx: ServerContext): [string, Question][] {
  const said: Readonly<Record<string, unknown>> = { ...ctx.mcpReq.envelope };
  const can: object = Object(said[CLIENT_CAPABILITIES_META_KEY]);
  return Object.entries(rounds[round] ?? {}).filter(([, { needs }]) => Object.hasOwn(can, needs));
}
