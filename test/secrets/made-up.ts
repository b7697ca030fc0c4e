/** Secrets that nobody ever had, in the forms that services document, within messages as agents write them. */
import { Seeded } from '../faults/support/seeded.ts';

export interface MadeUp {
  readonly kind: string;
  readonly secret: string;
  readonly message: string;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const UPPER = LOWER.toUpperCase();
const DIGITS = '0123456789';
const HEX = `${DIGITS}abcdef`;
const WORD = LOWER + UPPER + DIGITS;
const BASE64 = `${WORD}+/`;
const URL64 = `${WORD}-_`;

type Make = (count: number, from?: string) => string;

function maker(random: Seeded): Make {
  return (count, from = WORD) => Array.from({ length: count }, () => from[random.below(from.length)]).join('');
}

/** As `openssl genpkey` writes it, of random bytes. */
function pem(make: Make, label: string, begin: string): string {
  const lines = Array.from({ length: 12 }, () => make(64, BASE64));
  return [
    `-----BEGIN ${label}-----`,
    `${begin}${make(64 - begin.length, BASE64)}`,
    ...lines,
    `-----END ${label}-----`,
  ].join('\n');
}

function jwt(make: Make): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: make(10, DIGITS), iat: 1_795_420_800 })}.${make(43, URL64)}`;
}

/** A password as a manager makes it: of every kind of character. */
function password(make: Make): string {
  return `${make(3, LOWER)}${make(3, UPPER)}${make(2, DIGITS)}${make(2, '!@%^*_+=')}${make(4)}`;
}

type Variants = readonly [(make: Make) => string, (make: Make) => string, (make: Make) => string];

const FORMS: Readonly<Record<string, Variants>> = {
  'AWS keys': [
    (make) => `AKIA${make(16, `${UPPER}234567`)}`,
    (make) => `aws_secret_access_key = ${make(40, BASE64)}`,
    (make) => `export AWS_SECRET_ACCESS_KEY=${make(40, BASE64)}`,
  ],
  'GitHub tokens': [
    (make) => `ghp_${make(36)}`,
    (make) => `github_pat_${make(22)}_${make(59)}`,
    (make) => `https://x-access-token:ghs_${make(36)}@github.com/acme/app.git`,
  ],
  'GitLab tokens': [
    (make) => `glpat-${make(20, URL64.replace('-', ''))}`,
    (make) => `GITLAB_TOKEN=gldt-${make(20)}`,
    (make) => `glrt-${make(20)}`,
  ],
  'Google keys': [
    (make) => `AIza${make(35, WORD)}`,
    (make) => `client_secret: "GOCSPX-${make(28)}"`,
    (make) => `ya29.${make(80, WORD)}`,
  ],
  'Google service accounts': [
    (make) =>
      JSON.stringify({
        type: 'service_account',
        private_key_id: make(40, HEX),
        private_key: `${pem(make, 'PRIVATE KEY', 'MIIEvQ')}\n`,
      }),
    (make) => `"private_key": ${JSON.stringify(pem(make, 'PRIVATE KEY', 'MIIEvA'))}`,
    (make) => `GOOGLE_CREDENTIALS='{"private_key":${JSON.stringify(pem(make, 'PRIVATE KEY', 'MIIEvg'))}}'`,
  ],
  'Azure keys': [
    (make) =>
      `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${make(86, BASE64)}==;EndpointSuffix=core.windows.net`,
    (make) => `AZURE_CLIENT_SECRET=${make(3)}8Q~${make(34)}`,
    (make) =>
      `Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${make(43, BASE64)}=`,
  ],
  'Slack tokens': [
    (make) => `xoxb-${make(12, DIGITS)}-${make(13, DIGITS)}-${make(24)}`,
    (make) => `https://hooks.slack.com/services/T${make(8, UPPER + DIGITS)}/B${make(8, UPPER + DIGITS)}/${make(24)}`,
    (make) => `xapp-1-A${make(10, UPPER + DIGITS)}-${make(13, DIGITS)}-${make(64, HEX)}`,
  ],
  'Stripe keys': [
    (make) => `sk_live_${make(24)}`,
    (make) => `stripe.api_key = "rk_live_${make(99)}"`,
    (make) => `whsec_${make(32)}`,
  ],
  'OpenAI keys': [
    (make) => `sk-${make(20)}T3BlbkFJ${make(20)}`,
    (make) => `OPENAI_API_KEY=sk-proj-${make(74, URL64)}T3BlbkFJ${make(73, URL64)}a`,
    (make) => `sk-svcacct-${make(58, WORD)}T3BlbkFJ${make(58, WORD)}`,
  ],
  'Anthropic keys': [
    (make) => `sk-ant-api03-${make(93, WORD)}AA`,
    (make) => `ANTHROPIC_API_KEY="sk-ant-api03-${make(93, WORD)}AA"`,
    (make) => `sk-ant-oat01-${make(90, WORD)}`,
  ],
  'npm and PyPI tokens': [
    (make) => `npm_${make(36)}`,
    (make) =>
      `//registry.npmjs.org/:_authToken=${make(8, HEX)}-${make(4, HEX)}-4${make(3, HEX)}-${make(4, HEX)}-${make(12, HEX)}`,
    (make) => `pypi-AgEIcHlwaS5vcmc${make(120, WORD)}`,
  ],
  'mail and message services': [
    (make) => `SG.${make(22)}.${make(43)}`,
    (make) => `key-${make(32, HEX)}`,
    (make) => `TWILIO_AUTH_TOKEN=${make(32, HEX)}`,
  ],
  'bot tokens': [
    (make) => `${make(10, '123456789')}:AA${make(33, WORD)}`,
    (make) => `M${make(23, WORD)}.${make(6)}.${make(38, WORD)}`,
    (make) => `https://discord.com/api/webhooks/${make(18, '123456789')}/${make(68, WORD)}`,
  ],
  'private keys': [
    (make) => pem(make, 'RSA PRIVATE KEY', 'MIIEow'),
    (make) => pem(make, 'OPENSSH PRIVATE KEY', 'b3BlbnNzaC1rZXktdjE'),
    (make) => pem(make, 'ENCRYPTED PRIVATE KEY', 'MIIFHD').split('\n').slice(0, 6).join('\n'),
  ],
  'JSON web tokens': [
    (make) => jwt(make),
    (make) => `Authorization: Bearer ${jwt(make)}`,
    (make) => `session=${jwt(make)}; Path=/`,
  ],
  'connection strings': [
    (make) => `postgres://app:${make(16)}@db.acme.io:5432/app`,
    (make) => `mongodb+srv://svc:${password(make).replaceAll('@', '%40')}@cluster0.ab1cd.mongodb.net/prod`,
    (make) => `redis://:${make(24)}@cache.internal.acme.io:6379/0`,
  ],
  'passwords in files': [
    (make) => `DB_PASSWORD=${password(make)}`,
    (make) => `  password: "${password(make)}"`,
    (make) => `<add key="SmtpPassword" value="x" />\nsmtp.password=${password(make)}`,
  ],
  'passwords in words': [
    (make) => `The admin password is ${password(make)}`,
    (make) => `mysqldump --password ${password(make)} app`,
    (make) => `curl -u deploy:${password(make)} https://ci.acme.io/job`,
  ],
  'nameless keys': [
    (make) => `api_key: "${make(32)}"`,
    (make) => `const secretKey = '${make(40, HEX)}';`,
    (make) => `X-Auth-Token: ${make(40, URL64.replace('-', ''))}`,
  ],
  'keys of platforms': [
    (make) => `dop_v1_${make(64, HEX)}`,
    (make) => `hvs.${make(94, WORD)}`,
    (make) => `dapi${make(32, HEX)}`,
  ],
};

/** Where in a message it stands. */
const AROUND: readonly ((secret: string) => string)[] = [
  (secret) => secret,
  (secret) => `Here is what you need for the deploy:\n\n${secret}\n\nTell me when it is done.`,
  (secret) => `The test fails with:\n\`\`\`\n${secret}\n\`\`\`\nAny idea?`,
  (secret) =>
    `diff --git a/.env b/.env\n--- a/.env\n+++ b/.env\n@@ -1,2 +1,3 @@\n PORT=3000\n+${secret.replaceAll('\n', '\n+')}\n`,
  (secret) => `I ran it again. 2026-11-22T08:12:33Z INFO start\n  ${secret}\n2026-11-22T08:12:34Z INFO ready`,
];

/** Three of each of twenty kinds. */
export function madeUpSecrets(seed: number): readonly MadeUp[] {
  const random = new Seeded(seed);
  const make = maker(random);
  return Object.entries(FORMS).flatMap(([kind, variants]) =>
    variants.map((variant) => {
      const secret = variant(make);
      const around = AROUND[random.below(AROUND.length)] ?? String;
      return { kind, secret, message: around(secret) };
    }),
  );
}
