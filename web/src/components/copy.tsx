import { CheckIcon, CopyIcon } from '@radix-ui/react-icons';
import { useEffect, useState } from 'react';
import { Button } from './button.js';

/**
 * Copies a text that `read` gives when it is needed. Says that it did; where the clipboard is refused, marks the text
 * of `source` for the person to copy.
 */
export function CopyButton({
  read,
  source,
  label = 'Copy',
  kind = 'plain',
}: {
  read: () => string;
  source?: () => HTMLElement | null;
  label?: string;
  kind?: 'primary' | 'plain';
}) {
  const [outcome, setOutcome] = useState<'copied' | 'refused'>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => {
      setOutcome(undefined);
    }, 4000);
    return () => {
      clearTimeout(timer);
    };
  }, [outcome]);

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(read());
      setOutcome('copied');
    } catch {
      const marked = source?.();
      if (marked) getSelection()?.selectAllChildren(marked);
      setOutcome('refused');
    }
  }

  const icon = outcome === 'copied' ? <CheckIcon aria-hidden="true" /> : <CopyIcon aria-hidden="true" />;
  return (
    <>
      <Button
        kind={kind}
        className={outcome === 'copied' ? 'copied' : ''}
        icon={icon}
        onClick={() => void copy()}
      >
        {outcome === 'copied' ? 'Copied' : outcome === 'refused' ? 'Press Ctrl-C' : label}
      </Button>
      <span className="visually-hidden" role="status">
        {outcome === 'copied' && 'Copied to the clipboard.'}
        {outcome === 'refused' &&
          'The browser refused the clipboard. The text is selected: press Control and C.'}
      </span>
    </>
  );
}
