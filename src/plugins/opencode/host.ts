/** The part of OpenCode's plugin interface that we use, looked for before it is used: another version may have another one. */
import { type Fields, fieldsOf, listOf } from '../../util/fields.ts';
import { type Manner, mannerOf } from './conversations.ts';

type Call = (options: object) => Promise<unknown>;

/** What a plugin is given. */
export interface Host {
  readonly directory: string;
  /** Resolves with why it was not taken; undefined when it was. */
  prompt(id: string, text: string, manner: Manner | undefined): Promise<string | undefined>;
  /** Undefined when there is none, and when it cannot be asked. */
  get(id: string): Promise<Fields | undefined>;
  /** Of this directory. */
  list(): Promise<readonly Fields[]>;
  /** How the person last spoke there, by the messages. */
  lastManner(id: string): Promise<Manner | undefined>;
}

/** Undefined for a version whose calls are others. */
export function hostOf(input: unknown): Host | undefined {
  const { client, directory } = fieldsOf(input);
  const session: unknown = propertyOf(client, 'session');
  const promptAsync = methodOf(session, 'promptAsync');
  if (!promptAsync || typeof directory !== 'string') return undefined;
  const ask = async (name: string, options: object) => {
    const answer = fieldsOf(await methodOf(session, name)?.(options));
    return answer.error === undefined ? answer.data : undefined;
  };
  return {
    directory,
    async prompt(id, text, manner) {
      const body = { ...manner, parts: [{ type: 'text', text }] };
      const { error } = fieldsOf(await promptAsync({ path: { id }, body }));
      return error === undefined ? undefined : `it was refused (${String(fieldsOf(error).name ?? 'unknown reason')})`;
    },
    async get(id) {
      const info = fieldsOf(await ask('get', { path: { id } }));
      return typeof info.id === 'string' ? info : undefined;
    },
    list: async () => listOf(await ask('list', {})).map(fieldsOf),
    async lastManner(id) {
      const messages = listOf(await ask('messages', { path: { id }, query: { limit: 50 } }));
      const infos = messages.map((message) => fieldsOf(fieldsOf(message).info));
      return infos.flatMap((info) => (info.role === 'user' ? (mannerOf(info) ?? []) : [])).at(-1);
    },
  };
}

/** Also an inherited one: clients are classes. */
function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function methodOf(object: unknown, name: string): Call | undefined {
  const found = propertyOf(object, name);
  return typeof found === 'function' ? async (options) => Reflect.apply(found, object, [options]) : undefined;
}
