import type { ServerResponse } from 'node:http';

/** What is to be written after this turn of the event loop, in the order in which it was asked for. */
const waiting: { response: ServerResponse; text: string }[] = [];

/**
 * Ends a response right after all requests that have arrived by now have been dealt with, together with the answers to these.
 *
 * Most of what an answer from memory costs is the kernel's: to wake up whoever waits for it. Written one by one, nearly every
 * answer finds its receiver asleep again; written in one go, they wake it once. Under load that halves the CPU of a
 * verification (bench/RESULTS.md), and an answer that is alone waits for nothing.
 */
export function endWithTheOthers(response: ServerResponse, text: string): void {
  if (waiting.push({ response, text }) === 1) setImmediate(endAll);
}

function endAll(): void {
  for (const { response, text } of waiting.splice(0)) response.end(text);
}
