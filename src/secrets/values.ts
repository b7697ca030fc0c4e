/** Is a value a secret, or a word, a reference, a piece of code that stands where one would? */

/** Whatever the author of an example writes instead. */
const STANDS_FOR_ONE =
  /example|placeholder|redacted|change[-_]?(?:me|this|it)|your[-_]|(?:^|[-_])my[-_]|dummy|sample|insert|replace|x{4}|\*{3}|\.{3}|…|0{8}|1234567|abcdef(?:gh|12)|deadbeef|lorem/i;
/** `${TOKEN}`, `{{ token }}`, `$TOKEN`, `%TOKEN%`, `<token>`, `$(pass show x)`. */
const REFERENCE = /[$%#]\{|\{\{|^\$|^%[A-Za-z_]+%$|^<|^\{|\$\(|^@|^#/;
const ONE_CHARACTER = /^(.)\1*$/s;

export function isPlaceholder(value: string): boolean {
  return REFERENCE.test(value) || ONE_CHARACTER.test(value) || STANDS_FOR_ONE.test(value.slice(0, 200));
}

/** Names and paths of code: `process.env.API_TOKEN`, `req.body.password`, `Schema::STRING`, `src/auth/token2.ts`. */
const CODE = /^[A-Za-z_$][\w$]*(?:(?:\?\.|::|->|[./:-])[A-Za-z_$][\w$]*)*[?!;,.]?$/;
const WORDS = /^[A-Za-z]+(?:[-_./: ][A-Za-z]+)*\d{0,2}$/;
/** Words that make a password one for tests, or say that it is none. */
const FOR_TESTS =
  /test|pass(?:word|wd)|secret|token|hunter2|qwerty|admin|letmein|foobar|null|undefined|required|invalid/i;

/** A password: eight characters or more of at least three kinds, no word and no code. */
export function isPassword(value: string, isQuoted: boolean): boolean {
  if (value.length < 8 || value.length > 128 || isPlaceholder(value)) return false;
  if (FOR_TESTS.test(value) || WORDS.test(value) || isOther(value)) return false;
  const kinds = [/[a-z]/, /[A-Z]/, /\d/, /[^A-Za-z0-9]/].filter((kind) => kind.test(value)).length;
  if (kinds < 3) return isToken(value, isQuoted);
  return isQuoted || !CODE.test(value) || changes(value) >= 4;
}

/** A token: sixteen characters or more that no word and no code have. */
export function isToken(value: string, isQuoted = true): boolean {
  if (value.length < 16 || value.length > 512 || isPlaceholder(value) || WORDS.test(value) || isOther(value))
    return false;
  if (!/^[A-Za-z0-9+/=_.:~!@#$%^&*-]+$/.test(value)) return false;
  const digits = value.replace(/\D/g, '').length;
  if (digits < 2 || digits === value.length) return false;
  if (!isQuoted && CODE.test(value) && value.includes('.')) return false;
  return changes(value) / value.length > 0.2 && entropy(value) > 3;
}

/** What has a form of its own that is none of a secret: an address, a path, a time, a version, a hash that says so. */
const OTHERS: readonly RegExp[] = [
  /^[a-z][a-z0-9+.-]*:\/\//i,
  /^(?:sha(?:1|256|384|512)|md5|blake[23][a-z]?|h1)[-:]/i,
  /^\.{0,2}\/(?:[\w.@-]+\/)*[\w.@-]+$/,
  /^(?:[\w.@-]+\/){2,}[\w.@-]+\.[a-z]{1,5}$/,
  /^\d{4}-\d\d-\d\d/,
  /^v?\d+\.\d+\.\d+/,
  /^arn:/,
  /^\$2[aby]\$|^\$argon2|^\$[156]\$/,
  /^AA(?:AA[BCE]3|ECAw)/,
];

function isOther(value: string): boolean {
  return OTHERS.some((form) => form.test(value));
}

/** How often a letter, a capital, a digit and the rest take turns. */
function changes(value: string): number {
  let count = 0;
  for (let i = 1; i < value.length; i += 1) if (kindAt(value, i) !== kindAt(value, i - 1)) count += 1;
  return count;
}

function kindAt(value: string, at: number): number {
  const char = value[at] ?? '';
  if (char >= 'a' && char <= 'z') return 0;
  if (char >= 'A' && char <= 'Z') return 1;
  return char >= '0' && char <= '9' ? 2 : 3;
}

/** Bits a character. */
function entropy(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((sum, n) => sum - (n / value.length) * Math.log2(n / value.length), 0);
}
