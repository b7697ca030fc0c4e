/** What agents send each other all day, with everything in it that only looks like a secret; made from a seed. */
import { Seeded } from '../faults/support/seeded.ts';

const HEX = '0123456789abcdef';
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
const BASE64 = `${LETTERS}${LETTERS.toUpperCase()}0123456789+/`;

class Writer {
  readonly #random: Seeded;

  constructor(random: Seeded) {
    this.#random = random;
  }

  of(alphabet: string, count: number): string {
    return Array.from({ length: count }, () => alphabet[this.#random.below(alphabet.length)]).join('');
  }

  hex(count: number): string {
    return this.of(HEX, count);
  }

  base64(bytes: number): string {
    return Buffer.from(this.#random.bytes(bytes)).toString('base64');
  }

  number(most: number): number {
    return this.#random.below(most);
  }

  pick(...words: [string, ...string[]]): string {
    return this.#random.pick(words);
  }

  get uuid(): string {
    return `${this.hex(8)}-${this.hex(4)}-4${this.hex(3)}-a${this.hex(3)}-${this.hex(12)}`;
  }

  get word(): string {
    return this.pick('relay', 'outbox', 'journal', 'client', 'session', 'build', 'parser', 'widget', 'invoice', 'cart');
  }

  get name(): string {
    return `${this.word}${this.pick('Id', 'Store', 'List', 'Options', 'Handler')}`;
  }

  get version(): string {
    return `${this.number(20)}.${this.number(40)}.${this.number(10)}`;
  }

  lines(count: number, line: () => string): string {
    return Array.from({ length: count }, line).join('\n');
  }
}

type Template = (w: Writer) => string;

const PLAIN: readonly Template[] = [
  (w) =>
    `commit ${w.hex(40)}\nAuthor: Anna <anna@acme.io>\nDate: Sun Nov 22 08:12:33 2026\n\n    ${w.word}: flush before ok\n\n    Reviewed in ${w.hex(7)}.`,
  (w) =>
    `diff --git a/src/${w.word}.ts b/src/${w.word}.ts\nindex ${w.hex(7)}..${w.hex(7)} 100644\n--- a/src/${w.word}.ts\n+++ b/src/${w.word}.ts\n@@ -${w.number(90)},6 +1,7 @@\n-  const token = await readToken(path);\n+  const token = (await readToken(path)) ?? config.token;\n   const password = options.password ?? env.DB_PASSWORD;\n+  if (secret.length < 32) throw new Error('The secret is too short.');`,
  (w) =>
    `TypeError: Cannot read properties of undefined (reading 'token')\n${w.lines(6, () => `    at ${w.name}.${w.word} (/srv/app/node_modules/@acme/${w.word}/dist/index-${w.of(BASE64.slice(0, 62), 8)}.js:${w.number(900)}:${w.number(80)})`)}`,
  (w) => w.lines(12, () => `${w.hex(64)}  dist/${w.word}-${w.hex(8)}.js`),
  (w) =>
    w.lines(
      8,
      () =>
        `2026-11-22T08:12:33.${w.number(900)}Z INFO request=${w.uuid} trace_id=${w.hex(32)} span=${w.hex(16)} ${w.word} took ${w.number(90)} ms`,
    ),
  (w) => `![logo](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA${w.base64(900)})`,
  (w) => `The icon as it is now:\n${w.base64(1_200).replace(/(.{76})/g, '$1\n')}`,
  (w) =>
    w.lines(
      5,
      () =>
        `    "node_modules/${w.word}": {\n      "version": "${w.version}",\n      "integrity": "sha512-${w.base64(64)}",\n      "dev": true\n    },`,
    ),
  (w) =>
    w.lines(
      4,
      () =>
        `${w.word}@^${w.version}:\n  version "${w.version}"\n  resolved "https://registry.yarnpkg.com/${w.word}/-/${w.word}-${w.version}.tgz#${w.hex(40)}"\n  integrity sha512-${w.base64(64)}`,
    ),
  (w) => w.lines(6, () => `github.com/acme/${w.word} v${w.version} h1:${w.base64(32)}`),
  (w) => w.lines(4, () => `[[package]]\nname = "${w.word}"\nversion = "${w.version}"\nchecksum = "${w.hex(64)}"`),
  (w) =>
    `!function(e,t){"object"==typeof exports?module.exports=t():e.${w.of(LETTERS, 2)}=t()}(this,(()=>{${w.lines(40, () => `var ${w.of(LETTERS, 2)}=function(e,t){return e[${w.number(900)}]^t.${w.of(LETTERS, 1)}(0x${w.hex(4)})};`).replaceAll('\n', '')}}));\n//# sourceMappingURL=${w.word}.${w.hex(20)}.min.js.map`,
  (w) =>
    `{"version":3,"sources":["${w.word}.ts"],"mappings":"${w.of('ACEGIKMOQSUWYacegikmoqsuwyBDFHJLNPRTVXZbdfhjlnprtvxz,;', 600)}"}`,
  (w) =>
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA${w.of(BASE64, 44)} anna@acme\nhost ${w.of(LETTERS, 6)}.acme.io ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ${w.base64(380)}`,
  (w) => `-----BEGIN CERTIFICATE-----\nMIID${w.base64(700).replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----`,
  (w) =>
    `-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A${w.base64(250)}\n-----END PUBLIC KEY-----\nThe SSH fingerprint is SHA256:${w.base64(32).slice(0, 43)}.`,
  (w) => `FROM node:20@sha256:${w.hex(64)}\nCOPY --from=ghcr.io/acme/${w.word}:${w.version}@sha256:${w.hex(64)} / /`,
  (w) =>
    w.lines(
      10,
      () =>
        `dist/assets/${w.word}-${w.of(BASE64.slice(0, 62), 8)}.js   ${w.number(300)}.${w.number(99)} kB │ gzip: ${w.number(90)}.12 kB`,
    ),
  (w) =>
    `.${w.word}_${w.of(BASE64.slice(0, 62), 5)} { background: url("/img/${w.hex(32)}.webp"); }\n<link rel="preload" href="/_next/static/${w.of(BASE64.slice(0, 62), 21)}/_buildManifest.js">`,
  (w) =>
    `<svg viewBox="0 0 24 24"><path d="M${w.lines(40, () => `${w.number(24)}.${w.number(99)} ${w.number(24)}.${w.number(999)}L`).replaceAll('\n', '')}z"/></svg>`,
  (w) =>
    `INSERT INTO ${w.word} VALUES ('${w.uuid}', '${w.uuid}', ${w.number(900)}, '2026-11-22');\nALTER TABLE users ADD COLUMN password_hash varchar(60) NOT NULL, ADD COLUMN reset_token_expires_at timestamptz;`,
  (w) =>
    `exports[\`${w.word} 1\`] = \`\n<div class="css-${w.of(LETTERS, 7)}" data-id="${w.uuid}" id=":r${w.number(90)}:">\`;`,
  (w) =>
    `QmYwAPJzv5CZsnA${w.of(BASE64.slice(0, 62), 31)} is pinned; the contract is 0x${w.hex(40)}, in tx 0x${w.hex(64)}.`,
  (w) =>
    `ETag: W/"${w.hex(10)}-${w.of(BASE64, 27)}"\nCache-Control: max-age=0\nX-Request-Id: ${w.uuid}\nCF-Ray: ${w.hex(16)}-FRA\nContent-Security-Policy: script-src 'sha256-${w.base64(32)}' 'nonce-${w.base64(16)}'`,
  (w) =>
    `I read ${w.name} in src/${w.word}/${w.word}.ts:${w.number(400)}. The pump claims before it delivers; see ${w.hex(7)}. Shall I go on with ${w.word}?`,
  (w) =>
    `message m${w.of(`${LETTERS}0123456789`, 11)} to CC-${w.number(9)}: seen; position ${w.number(90_000)}, epoch i${w.of(LETTERS, 10)}`,
  (w) => `%PDF-1.7 as hex: ${w.lines(4, () => w.lines(16, () => w.hex(2)).replaceAll('\n', ' '))}`,
  (w) =>
    `buildInputs = [ (fetchurl { url = "https://acme.io/${w.word}-${w.version}.tar.gz"; hash = "sha256-${w.base64(32)}"; }) ];\n/nix/store/${w.of('0123456789abcdfghijklmnpqrsvwxyz', 32)}-${w.word}-${w.version}`,
];

/** These talk of secrets, and hold none. */
const ABOUT_SECRETS: readonly Template[] = [
  (w) =>
    `const ${w.word}Token = await getAccessToken({ scope: '${w.word}.read' });\nconst apiKey = process.env.${w.word.toUpperCase()}_API_KEY;\nif (!apiKey) throw new Error('Set ${w.word.toUpperCase()}_API_KEY.');`,
  (w) =>
    `# .env.example\nDB_PASSWORD=changeme\nAPI_KEY=your-api-key-here\nJWT_SECRET=<generate with openssl rand -base64 32>\nSTRIPE_KEY=sk_test_xxxxxxxxxxxxxxxxxxxxxxxx\nPORT=${w.number(9_000)}`,
  (w) =>
    `env:\n  GITHUB_TOKEN: \${{ secrets.GITHUB_TOKEN }}\n  NPM_TOKEN: \${{ secrets.NPM_TOKEN }}\n  PASSWORD: \${PASSWORD:?}\nuses: actions/checkout@${w.hex(40)}`,
  (w) =>
    `      - name: DB_PASSWORD\n        valueFrom:\n          secretKeyRef:\n            name: ${w.word}-db-credentials\n            key: password\n      - name: TOKEN_TTL_SECONDS\n        value: "${w.number(9_000)}"`,
  (w) =>
    `resource "aws_db_instance" "${w.word}" {\n  password = var.db_password\n  kms_key_id = "arn:aws:kms:eu-west-1:${w.of('0123456789', 12)}:key/${w.uuid}"\n}\nsecret_arn = "arn:aws:secretsmanager:eu-west-1:${w.of('0123456789', 12)}:secret:${w.word}-${w.of(BASE64.slice(0, 52), 6)}"`,
  (w) =>
    `const schema = z.object({ password: z.string().min(12), token: z.string().uuid(), apiKey: z.string().regex(/^[a-z0-9]{${w.number(40)}}$/) });`,
  (w) =>
    `test('refuses a wrong password', async () => {\n  const user = await signIn({ name: 'anna', password: 'wrong-password' });\n  expect(user.token).toBe('test-token-${w.number(90)}');\n  expect(hash).toBe('$2b$10$${w.of(BASE64.slice(0, 62), 53)}');\n});`,
  (w) =>
    `DATABASE_URL=postgres://postgres:postgres@localhost:5432/${w.word}\nREDIS_URL=redis://localhost:6379/${w.number(9)}\nAMQP=amqp://guest:guest@rabbitmq:5672/`,
  (w) =>
    `git clone https://\${GITHUB_TOKEN}@github.com/acme/${w.word}.git\ngit remote add up git@github.com:acme/${w.word}.git\ncurl -H "Authorization: Bearer $TOKEN" -u "$USER:$PASSWORD" https://api.acme.io/v1/${w.word}`,
  (w) =>
    `{"nextPageToken":"${w.of(BASE64.slice(0, 62), 40)}","items":[{"id":"${w.uuid}","etag":"${w.base64(20)}"}],"continuation_token": "${w.base64(30)}"}`,
  (w) =>
    `en.json: "password": "Password", "passwordHint": "Your password must have at least 8 characters, 1 number and 1 symbol.", "token": "Token", "apiKeys": "API keys of ${w.word}"`,
  (w) =>
    `The secret lies in the vault at secret/data/${w.word}/prod. The password is in 1Password, the token comes from \`gh auth token\`; I have not read either.`,
  (w) =>
    `prompt_tokens=${w.number(9_000)} completion_tokens=${w.number(900)} max_tokens: 4096, tokenizer: "cl100k_base", token_count = ${w.number(9_000)}`,
  (w) =>
    `/** @param {string} token The access token. @param password - The user's password: at least ${w.number(20)} characters. */\nexport function ${w.name}(token: string, password: string): Promise<SecretKeyHandle> {`,
  (w) =>
    `Password: ********\nToken: [REDACTED]\napi_key="***${w.hex(4)}"\nAuthorization: Bearer <token>\nsecret: (hidden, ${w.number(40)} characters)`,
  (w) =>
    `AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY # of the documentation, page ${w.number(90)}`,
  (w) =>
    `const key = crypto.createHash('sha256').update(secret).digest('hex'); // ${w.hex(64)}\nconst cacheKey = '${w.word}:${w.hex(32)}';\nconst primaryKey = "${w.uuid}";\nkeyframes["${w.hex(8)}"]`,
  (w) =>
    `openssl rand -hex 32 > ~/.claude-relay/token && chmod 600 ~/.claude-relay/token\nssh -i ~/.ssh/id_ed25519 deploy@${w.word}.acme.io\n--token-file /run/secrets/${w.word}_token --password-file=/etc/${w.word}/password.txt`,
  (w) =>
    `secretName: ${w.word}-tls-${w.hex(10)}\nimagePullSecrets: [{ name: regcred }]\nserviceAccountToken: { path: token, expirationSeconds: 3600 }\nsecret: ${w.word}-credentials-v2`,
  (w) =>
    `PASS test/auth/token.test.ts (${w.number(90)} tests)\n  ✓ a token that ran out is refused (${w.number(90)} ms)\n  ✓ the secret of a join is burnt after 5 failures\n  ✓ password: too short`,
  (w) =>
    `token = lexer.next(); // TokenKind::Identifier\nif token.kind == TokenKind::StringLiteral && token.text.len() > ${w.number(90)} { self.secret = Secret::new(token.into()); }`,
  (w) =>
    `Authorization: Basic realm="${w.word}"\nWWW-Authenticate: Bearer error="invalid_token", error_description="The access token expired"\nSet-Cookie: csrftoken=${w.of(BASE64.slice(0, 62), 32)}; SameSite=Lax`,
];

/** Two of three are plain; one of three talks of secrets. */
export function codeMessages(seed: number, count: number): readonly string[] {
  const random = new Seeded(seed);
  const writer = new Writer(random);
  return Array.from({ length: count }, (_, i) => {
    const templates = i % 3 === 2 ? ABOUT_SECRETS : PLAIN;
    return templates[random.below(templates.length)]?.(writer) ?? '';
  });
}
