import { CheckCircledIcon } from '@radix-ui/react-icons';
import { useSyncExternalStore } from 'react';

/** Milliseconds that a message stays. */
const STAY = 5000;

let message: { id: number; text: string } | undefined;
const listeners = new Set<() => void>();

function set(next: typeof message): void {
  message = next;
  for (const listener of listeners) listener();
}

/** Says what has been done, for eyes and screen readers. */
export function say(text: string): void {
  const id = (message?.id ?? 0) + 1;
  set({ id, text });
  setTimeout(() => {
    if (message?.id === id) set(undefined);
  }, STAY);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => message,
  );
  return (
    <div className="toasts" role="status">
      {shown && (
        <p key={shown.id} className="toast">
          <CheckCircledIcon aria-hidden="true" />
          {shown.text}
        </p>
      )}
    </div>
  );
}
