import { DownloadIcon, ExclamationTriangleIcon } from '@radix-ui/react-icons';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { Button } from '../components/button.js';
import { CopyButton } from '../components/copy.js';
import { Dialog } from '../components/dialog.js';
import type { ShownSecret } from './secret.js';
import { KEY_SNIPPETS, VARIABLES, type SecretOf, type Snippet } from './snippets.js';

/** Shows a secret, this once: it can be left by Done alone, and Done only once it is said to be stored. */
export function SecretDialog({
  title,
  secret,
  of = 'key',
  snippets = of === 'key' ? KEY_SNIPPETS : [],
  onDone,
}: {
  title: string;
  secret: ShownSecret;
  of?: SecretOf;
  /** What it can be tried with. */
  snippets?: readonly Snippet[];
  onDone: () => void;
}) {
  const text = useRef<HTMLElement>(null);
  const [isStored, setStored] = useState(false);

  function download(): void {
    const url = URL.createObjectURL(
      new Blob([`${VARIABLES[of]}=${secret.reveal()}\n`], { type: 'text/plain' }),
    );
    const link = document.createElement('a');
    link.href = url;
    link.download = 'upblit.env';
    link.click();
    URL.revokeObjectURL(url);
  }

  function done(): void {
    if (text.current !== null) text.current.textContent = '';
    getSelection()?.removeAllRanges();
    secret.wipe();
    onDone();
  }

  return (
    <Dialog title={title} isWide>
      <div className="stack dialog-body">
        <p className="notice warn">
          <ExclamationTriangleIcon aria-hidden="true" />
          <span>
            <strong>This is the only time you see it.</strong> Store it in your password manager or secret
            store now. Nobody can show it again, not even we.
          </span>
        </p>
        <div className="secret">
          {/* Written past React, which would keep it. */}
          <code
            ref={(element) => {
              text.current = element;
              if (element !== null) element.textContent = secret.reveal();
              return () => {
                if (element !== null) element.textContent = '';
              };
            }}
            tabIndex={0}
            role="textbox"
            aria-readonly="true"
            aria-label={of === 'webhook' ? 'The secret' : 'The key'}
          />
        </div>
        <div className="row wrap">
          <CopyButton
            kind="primary"
            label={of === 'webhook' ? 'Copy secret' : 'Copy key'}
            read={() => secret.reveal()}
            source={() => text.current}
          />
          <Button icon={<DownloadIcon aria-hidden="true" />} onClick={download}>
            Download .env
          </Button>
        </div>
        {snippets.length > 0 && <Snippets snippets={snippets} />}
        <label className="check">
          <input
            type="checkbox"
            checked={isStored}
            onChange={({ target }) => {
              setStored(target.checked);
            }}
          />
          I have stored it
        </label>
      </div>
      <footer>
        <Button kind="primary" disabled={!isStored} onClick={done}>
          Done
        </Button>
      </footer>
    </Dialog>
  );
}

/** How the key is used. It is read from the environment: none of the snippets holds it. */
function Snippets({ snippets }: { snippets: readonly Snippet[] }) {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const tabs = useRef<HTMLDivElement>(null);
  const code = snippets[chosen]?.code(location.origin) ?? '';

  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (chosen + step + snippets.length) % snippets.length;
    setChosen(next);
    tabs.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  }

  return (
    <div className="snippets">
      <div ref={tabs} className="tabs" role="tablist" aria-label="How to use the key" onKeyDown={move}>
        {snippets.map(({ name }, index) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`${id}-${index}`}
            aria-selected={index === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => {
              setChosen(index);
            }}
          >
            {name}
          </button>
        ))}
      </div>
      <pre id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${chosen}`} tabIndex={0}>
        {code}
      </pre>
    </div>
  );
}
