import { useRef } from 'react';

/**
 * Names a request, so that it is done once however often it is sent. The same request keeps its name, and gets the
 * same secret when the answer was lost; another one gets another name.
 */
export function useIdempotencyKey(): (body: unknown) => string {
  const last = useRef<{ body: string; key: string }>(undefined);
  return (body) => {
    const text = JSON.stringify(body);
    if (last.current?.body !== text) last.current = { body: text, key: randomName() };
    return last.current.key;
  };
}

/** 128 random bits. `crypto.randomUUID` is for pages that came over HTTPS. */
function randomName(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}
