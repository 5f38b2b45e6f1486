/** What the key is called in an environment. */
export const VARIABLE = 'UPBLIT_API_KEY';

interface Snippet {
  name: string;
  code: (origin: string) => string;
}

/** The holder of a key asks what it is good for: the first thing to try with it. */
export const SNIPPETS: readonly Snippet[] = [
  {
    name: 'curl',
    code: (origin) => `curl ${origin}/apikey/self \\\n  -H "x-api-key: $${VARIABLE}"`,
  },
  {
    name: 'Node',
    code: (origin) =>
      `const answer = await fetch('${origin}/apikey/self', {\n` +
      `  headers: { 'x-api-key': process.env.${VARIABLE} },\n});\nconsole.log(await answer.json());`,
  },
  {
    name: 'Python',
    code: (origin) =>
      `import json, os, urllib.request\n\nrequest = urllib.request.Request(\n    "${origin}/apikey/self",\n` +
      `    headers={"x-api-key": os.environ["${VARIABLE}"]},\n)\nprint(json.load(urllib.request.urlopen(request)))`,
  },
  {
    name: 'Go',
    code: (origin) =>
      `request, _ := http.NewRequest("GET", "${origin}/apikey/self", nil)\n` +
      `request.Header.Set("x-api-key", os.Getenv("${VARIABLE}"))\n` +
      `answer, err := http.DefaultClient.Do(request)`,
  },
];
