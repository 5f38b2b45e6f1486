import { Cross2Icon } from '@radix-ui/react-icons';
import { useId, useLayoutEffect, useRef, type ReactNode } from 'react';

interface Props {
  title: string;
  children: ReactNode;
  /** Called when it is dismissed; one without it can be left only by what is in it. */
  onClose?: () => void;
  isWide?: boolean;
}

/** What somebody is about to fill in. */
const FIRST_FIELD = 'input:not([type=checkbox]), select, textarea';

/** The browser's own modal dialog: the page behind it is inert, and the focus goes back where it came from. */
export function Dialog({ title, children, onClose, isWide = false }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  // Closed while it is still on the page, it gives the focus back.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    // It would choose the button that closes it. (React's `autoFocus` comes too early: before it is shown.)
    opened?.querySelector<HTMLElement>(FIRST_FIELD)?.focus();
    return () => opened?.close();
  }, []);
  return (
    <dialog
      ref={dialog}
      className={isWide ? 'dialog wide' : 'dialog'}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      // A browser closes a dialog on the second Escape, whatever is said about the first.
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ currentTarget }) => {
        if (onClose === undefined && currentTarget.isConnected) currentTarget.showModal();
      }}
    >
      <header>
        <h2 id={titleId}>{title}</h2>
        {onClose && (
          <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
            <Cross2Icon aria-hidden="true" />
          </button>
        )}
      </header>
      {children}
    </dialog>
  );
}
