import { CheckCircledIcon, ExclamationTriangleIcon } from '@radix-ui/react-icons';
import { useSyncExternalStore } from 'react';

/** Milliseconds that a message stays. */
const STAY = 5000;

interface Message {
  id: number;
  text: string;
  isWarning: boolean;
}

let message: Message | undefined;
const listeners = new Set<() => void>();

function set(next: typeof message): void {
  message = next;
  for (const listener of listeners) listener();
}

/** Says what has been done, for eyes and screen readers. */
export function say(text: string): void {
  show(text, false);
}

/** Says what could not be done. */
export function warn(text: string): void {
  show(text, true);
}

function show(text: string, isWarning: boolean): void {
  const id = (message?.id ?? 0) + 1;
  set({ id, text, isWarning });
  setTimeout(
    () => {
      if (message?.id === id) set(undefined);
    },
    isWarning ? 2 * STAY : STAY,
  );
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
        // A warning that comes again stands as it was, and is not read aloud again.
        <p key={shown.isWarning ? shown.text : shown.id} className="toast">
          {shown.isWarning ? (
            <ExclamationTriangleIcon aria-hidden="true" />
          ) : (
            <CheckCircledIcon aria-hidden="true" />
          )}
          {shown.text}
        </p>
      )}
    </div>
  );
}
