/** What a key is called in an environment. */
const KEY = 'UPBLIT_API_KEY';
const SERVICE_KEY = 'UPBLIT_SERVICE_KEY';

/** Whose secret is shown: each is stored under a name of its own, and used in another way. */
export type SecretOf = 'key' | 'service-key' | 'webhook';

export const VARIABLES: Readonly<Record<SecretOf, string>> = {
  key: KEY,
  'service-key': SERVICE_KEY,
  webhook: 'UPBLIT_WEBHOOK_SECRET',
};

export interface Snippet {
  name: string;
  code: (origin: string) => string;
}

/** The holder of a key asks what it is good for: the first thing to try with it. */
export const KEY_SNIPPETS: readonly Snippet[] = [
  {
    name: 'curl',
    code: (origin) => `curl ${origin}/apikey/self \\\n  -H "x-api-key: $${KEY}"`,
  },
  {
    name: 'Node',
    code: (origin) =>
      `const answer = await fetch('${origin}/apikey/self', {\n` +
      `  headers: { 'x-api-key': process.env.${KEY} },\n});\nconsole.log(await answer.json());`,
  },
  {
    name: 'Python',
    code: (origin) =>
      `import json, os, urllib.request\n\nrequest = urllib.request.Request(\n    "${origin}/apikey/self",\n` +
      `    headers={"x-api-key": os.environ["${KEY}"]},\n)\nprint(json.load(urllib.request.urlopen(request)))`,
  },
  {
    name: 'Go',
    code: (origin) =>
      `request, _ := http.NewRequest("GET", "${origin}/apikey/self", nil)\n` +
      `request.Header.Set("x-api-key", os.Getenv("${KEY}"))\n` +
      `answer, err := http.DefaultClient.Do(request)`,
  },
];

/** A service asks about a key that it was shown. To try it, that one is in the environment, too. */
export const VERIFY_SNIPPETS: readonly Snippet[] = [
  {
    name: 'curl',
    code: (origin) =>
      `curl ${origin}/apikey/verify \\\n  -H "Authorization: Bearer $${SERVICE_KEY}" \\\n` +
      `  -H "Content-Type: application/json" \\\n  -d "{\\"key\\":\\"$${KEY}\\"}"`,
  },
  {
    name: 'Node',
    code: (origin) =>
      `const answer = await fetch('${origin}/apikey/verify', {\n  method: 'POST',\n  headers: {\n` +
      `    authorization: \`Bearer \${process.env.${SERVICE_KEY}}\`,\n    'content-type': 'application/json',\n  },\n` +
      `  body: JSON.stringify({ key: process.env.${KEY} }),\n});\nconsole.log(await answer.json());`,
  },
  {
    name: 'Python',
    code: (origin) =>
      `import json, os, urllib.request\n\nrequest = urllib.request.Request(\n    "${origin}/apikey/verify",\n` +
      `    data=json.dumps({"key": os.environ["${KEY}"]}).encode(),\n    headers={\n` +
      `        "Authorization": "Bearer " + os.environ["${SERVICE_KEY}"],\n        "Content-Type": "application/json",\n    },\n` +
      `)\nprint(json.load(urllib.request.urlopen(request)))`,
  },
  {
    name: 'Go',
    code: (origin) =>
      `body, _ := json.Marshal(map[string]string{"key": os.Getenv("${KEY}")})\n` +
      `request, _ := http.NewRequest("POST", "${origin}/apikey/verify", bytes.NewReader(body))\n` +
      `request.Header.Set("Authorization", "Bearer "+os.Getenv("${SERVICE_KEY}"))\n` +
      `request.Header.Set("Content-Type", "application/json")\n` +
      `answer, err := http.DefaultClient.Do(request)`,
  },
];
