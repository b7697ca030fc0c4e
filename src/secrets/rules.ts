/**
 * Our own rules: tokens that say by their prefix what they are, keys in their armour, passwords in addresses, and values that
 * are given to a name such as `password` or `api_key`. The forms are those that the services document.
 */
import type { Finding } from './main.ts';
import { isPassword, isPlaceholder, isToken } from './values.ts';

type Groups = Readonly<Record<string, string | undefined>>;

interface Rule {
  readonly kind: string;
  /** With the flags `d` and `g`. What must not be seen is in the group `secret`, `quoted` or `bare`, where it has one. */
  readonly pattern: RegExp;
  /** Is it one, or does it stand for one? Absent: it is, unless it is a placeholder. */
  readonly judge?: (secret: string, groups: Groups) => boolean;
}

/** Of a token that has a prefix: no letter before it, but that of `\\n` in a JSON string, and none after it. */
function token(kind: string, form: string): Rule {
  return { kind, pattern: new RegExp(`(?<![A-Za-z0-9](?<!\\\\[nrt]))(?:${form})(?![A-Za-z0-9])`, 'dg') };
}

const TOKENS: readonly Rule[] = [
  token('AWS access key', '(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}'),
  token('GitHub token', 'gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}'),
  token('GitLab token', 'gl(?:pat|ptt|dt|rt|cbt|agent|ft|imt|soat|oas)-[A-Za-z0-9_.-]{20,}|GR1348941[A-Za-z0-9_-]{20}'),
  token('Google API key', 'AIza[A-Za-z0-9_-]{35}'),
  token('Google OAuth secret', 'GOCSPX-[A-Za-z0-9_-]{28}|ya29\\.[A-Za-z0-9_-]{30,}'),
  token('Slack token', 'xox[a-z]-[A-Za-z0-9-]{20,}|xapp-\\d-[A-Za-z0-9-]{30,}|xoxe\\.xox[bp]-\\d-[A-Za-z0-9]{100,}'),
  token('Slack webhook', 'https://hooks\\.slack\\.com/(?:services|workflows)/[A-Za-z0-9+/]{30,}'),
  token(
    'Discord webhook',
    'https://(?:ptb\\.|canary\\.)?discord(?:app)?\\.com/api/webhooks/\\d{17,20}/[A-Za-z0-9_-]{60,}',
  ),
  token('Discord token', '[MNO][A-Za-z0-9_-]{23,27}\\.[A-Za-z0-9_-]{6}\\.[A-Za-z0-9_-]{27,40}'),
  token('Telegram bot token', '\\d{8,10}:AA[A-Za-z0-9_-]{32,33}'),
  token('Stripe key', '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{32,}'),
  token('Square token', 'sq0(?:atp|csp)-[A-Za-z0-9_-]{22,43}|EAAA[A-Za-z0-9_-]{60}'),
  token('Twilio key', 'SK[0-9a-f]{32}'),
  token('SendGrid key', 'SG\\.[A-Za-z0-9_-]{20,24}\\.[A-Za-z0-9_-]{39,50}'),
  token('Mailgun key', 'key-[0-9a-f]{32}'),
  token('Mailchimp key', '[0-9a-f]{32}-us\\d{1,2}'),
  token('PyPI token', 'pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}'),
  token('RubyGems key', 'rubygems_[0-9a-f]{48}'),
  token('npm token', 'npm_[A-Za-z0-9]{36}'),
  token('Docker token', 'dckr_(?:pat|oat)_[A-Za-z0-9_-]{27,}'),
  token('Anthropic key', 'sk-ant-[a-z]+\\d{2}-[A-Za-z0-9_-]{40,}'),
  token('API key', 'sk-(?:[a-z]+-){0,2}(?:v1-)?[A-Za-z0-9_-]{32,}'),
  token('Hugging Face token', 'hf_[A-Za-z0-9]{34,}'),
  token('Groq key', 'gsk_[A-Za-z0-9]{40,}'),
  token('Replicate token', 'r8_[A-Za-z0-9]{37}'),
  token('xAI key', 'xai-[A-Za-z0-9]{60,}'),
  token('Perplexity key', 'pplx-[A-Za-z0-9]{40,}'),
  token('DigitalOcean token', 'do[opr]_v1_[0-9a-f]{64}'),
  token('Databricks token', 'dapi[0-9a-f]{32}(?:-\\d)?'),
  token('Vault token', 'hv[sbr]\\.[A-Za-z0-9_-]{24,}'),
  token('Terraform token', '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_-]{60,}'),
  token('Pulumi token', 'pul-[0-9a-f]{40}'),
  token('Azure secret', '[A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}'),
  { kind: 'Azure storage key', pattern: /\b(?:Account|Shared)(?:Access)?Key=(?<secret>[A-Za-z0-9+/]{42,86}={1,2})/dg },
  { kind: 'Azure signature', pattern: /[?&]sig=(?<secret>[A-Za-z0-9%]{43,64}(?:%3D|=))/dg },
  token('Notion token', 'ntn_[A-Za-z0-9]{40,}|secret_[A-Za-z0-9]{43}'),
  token('Linear key', 'lin_(?:api|oauth)_[A-Za-z0-9]{32,}'),
  token('Figma token', 'fig[duo]r?_[A-Za-z0-9_-]{40,}'),
  token('Postman key', 'PMAK-[0-9a-f]{24}-[0-9a-f]{34}'),
  token('New Relic key', 'NRAK-[A-Z0-9]{27}|NRJS-[0-9a-f]{19}'),
  token('Grafana token', 'glsa_[A-Za-z0-9]{32}_[0-9a-f]{8}|glc_[A-Za-z0-9+/]{32,}={0,2}'),
  token('Sentry token', 'sntry[su]_[A-Za-z0-9+/=_-]{40,}'),
  token('Doppler token', 'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9.]{40,}'),
  token('PlanetScale token', 'pscale_(?:tkn|oauth|pw)_[A-Za-z0-9_.-]{32,}'),
  token('Supabase token', 'sb[ps]_(?:secret_)?[A-Za-z0-9_-]{31,}'),
  token('Netlify token', 'nf[pcbou]_[A-Za-z0-9]{36}'),
  token('Fly token', 'fo1_[A-Za-z0-9_-]{43}|fm[12][ar]?_[A-Za-z0-9+/=_-]{100,}'),
  token('Tailscale key', 'tskey-[a-z]+-[A-Za-z0-9]{11,}-[A-Za-z0-9]{20,}'),
  token('Atlassian token', 'AT[AC]TT3[A-Za-z0-9_=-]{60,}'),
  token('Airtable token', 'pat[A-Za-z0-9]{14}\\.[0-9a-f]{64}'),
  token('Heroku key', 'HRKU-[A-Za-z0-9_-]{36,}'),
  token('age key', 'AGE-SECRET-KEY-1[02-9AC-HJ-NP-Z]{58}'),
  token('JSON web token', 'eyJ[A-Za-z0-9_-]{10,}\\.eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{20,}'),
];

/** Of PEM, OpenPGP and PuTTY; also one that was cut off, or stands in a JSON string. A dozen letters are no key yet. */
const KEYS: readonly Rule[] = [
  {
    kind: 'private key',
    pattern:
      /-----BEGIN (?:[A-Z0-9]{2,9} ){0,2}PRIVATE KEY(?: BLOCK)?-----(?<secret>(?:(?:\s|\\{1,4}[nr])+[A-Za-z-]{1,20}: [^\n"\\]{1,80}){0,4}(?:[A-Za-z0-9+/=\s]|\\{1,4}[nr]){40,16384})/dg,
  },
  { kind: 'private key', pattern: /\bPrivate-Lines: \d+\s(?<secret>[A-Za-z0-9+/=\s]{40,8192})/dg },
];

/** `"DB_PASSWORD": "…"`, `db.password = '…'`, `the password is …`, `--password …`; a name that goes on after these words is another. */
const PASSWORDS = '(?:password|passwd|passphrase|passwort|pwd)';
/** Keys that open something; of tokens, not those that mark a page or a place in a stream. */
const SECRETS = [
  '(?:api|access|secret|private|signing|encryption|master|account|auth|service|admin|deploy|license)[ _.-]?keys?',
  'secret',
  '(?<!(?:page|next|continuation|sync|cursor|resume|csrf|xsrf|cancel|cancellation)[ _.-]?)token',
  'credentials?',
  '_auth',
].join('|');
const IS = '\\\\{0,3}["\'`]?\\]?(?:\\s{0,3}(?::=|=>|=|:)\\s{0,3}|\\s(?:is|was)(?: now)?:?\\s)';
const QUOTED = '\\\\{0,3}(?<quote>["\'`])(?<quoted>[^\\s"\'`\\\\]{8,512})\\\\{0,3}\\k<quote>';
const BARE = '(?<bare>[^\\s"\'`,;(){}<>[\\]|\\\\]{8,512})';

function given(names: string): RegExp {
  return new RegExp(`(?:(?:${names})${IS}|--[a-z-]{0,20}(?:${names})\\s)(?:${QUOTED}|${BARE})`, 'dgi');
}

const GIVEN: readonly Rule[] = [
  { kind: 'registry token', pattern: /:_(?:authToken|auth|password)=(?<secret>[^\s$"'{}<>]{12,})/dg },
  { kind: 'password', pattern: given(PASSWORDS), judge: judged(isPassword) },
  { kind: 'secret value', pattern: given(SECRETS), judge: judged(isToken) },
  {
    kind: 'authorization header',
    pattern: /\b(?:bearer|basic|token)\s+(?<secret>[A-Za-z0-9+/=_.~-]{20,})/dgi,
    judge: (secret) => isToken(secret),
  },
  {
    kind: 'password in an address',
    pattern:
      /\b[a-z][a-z0-9+.-]{1,30}:\/\/(?<user>[^\s:/?#@"'`<>]{0,100}):(?<secret>[^\s/?#@"'`<>]{3,200})@(?<host>[^\s/:?#@"'`<>]{1,253})/dgi,
    judge: (secret, { user, host }) => !isPlaceholder(secret) && !isOfExamples(secret, user, host),
  },
  {
    kind: 'password on a command line',
    pattern: /\s(?:-u|--user|--proxy-user)[ =]["']?[^\s:"']{1,64}:(?<secret>[^\s"'/][^\s"']{5,127})/dg,
    judge: (secret) => isPassword(secret, true),
  },
];

function judged(judge: (value: string, isQuoted: boolean) => boolean): NonNullable<Rule['judge']> {
  return (secret, { quoted }) => judge(secret, quoted !== undefined);
}

const EXAMPLE_HOST = /(?:^|\.)(?:example|test)\.(?:com|org|net)$|\.(?:example|test|invalid)$/i;
const NEAR_HOST = /^(?:[^.]+|127\.\d+\.\d+\.\d+|.*\.local(?:host|domain)?)$/i;

/** `postgres:postgres@localhost`: what every example of a database on one's own machine says. */
function isOfExamples(password: string, user = '', host = ''): boolean {
  if (EXAMPLE_HOST.test(host) || password.toLowerCase() === user.toLowerCase()) return true;
  return NEAR_HOST.test(host) && !isPassword(password, true);
}

const RULES: readonly Rule[] = [...KEYS, ...TOKENS, ...GIVEN];

export function ownFindings(text: string): Finding[] {
  return RULES.flatMap((rule) => found(rule, text));
}

function found({ kind, pattern, judge }: Rule, text: string): Finding[] {
  return [...text.matchAll(pattern)].flatMap((match) => {
    const groups: Groups = match.groups ?? {};
    const name = ['secret', 'quoted', 'bare'].find((each) => groups[each] !== undefined);
    const secret = (name === undefined ? undefined : groups[name]) ?? match[0];
    const [start, end] = (name === undefined ? undefined : match.indices?.groups?.[name]) ?? [
      match.index,
      match.index + match[0].length,
    ];
    const isOne = judge ? judge(secret, groups) : !isPlaceholder(secret);
    return isOne ? [{ kind, start, end }] : [];
  });
}
