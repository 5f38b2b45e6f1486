/** Where the headers of an answer go: a reply of Fastify's is one. */
export interface HeaderSink {
  header(name: string, value: string): unknown;
}
