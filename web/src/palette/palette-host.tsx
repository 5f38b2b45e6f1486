import { MagnifyingGlassIcon } from '@radix-ui/react-icons';
import { lazy, Suspense, useEffect, useState } from 'react';

/** Comes when it is first asked for. */
const Palette = lazy(() => import('./palette.js').then(({ Palette: component }) => ({ default: component })));

/** Opens the command palette: by its button, and by Control and K, or Command and K, from everywhere. */
export function PaletteHost() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.altKey) return;
      // What a modal dialog is about comes first: a secret that is shown once, above all.
      if (document.querySelector('dialog:modal') !== null) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
    };
  }, []);
  return (
    <>
      <button
        type="button"
        className="palette-button"
        aria-haspopup="dialog"
        aria-keyshortcuts="Control+K"
        onClick={() => {
          setOpen(true);
        }}
      >
        <MagnifyingGlassIcon aria-hidden="true" />
        <span className="palette-button-label">
          Search <kbd>Ctrl K</kbd>
        </span>
      </button>
      {isOpen && (
        <Suspense>
          <Palette
            onClose={() => {
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
