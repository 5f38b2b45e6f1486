import { DownloadIcon, ExclamationTriangleIcon } from '@radix-ui/react-icons';
import { useId, useRef, useState, type KeyboardEvent } from 'react';
import { Button } from '../components/button.js';
import { CopyButton } from '../components/copy.js';
import { Dialog } from '../components/dialog.js';
import type { ShownSecret } from './secret.js';
import { SNIPPETS, VARIABLE } from './snippets.js';

/** What the secret of a webhook is called in a downloaded file. */
const WEBHOOK_VARIABLE = 'UPBLIT_WEBHOOK_SECRET';

/** Shows a secret, this once: it can be left by Done alone, and Done only once it is said to be stored. */
export function SecretDialog({
  title,
  secret,
  of = 'key',
  onDone,
}: {
  title: string;
  secret: ShownSecret;
  /** Whose it is: a key is used in other ways than what webhooks are signed with. */
  of?: 'key' | 'webhook';
  onDone: () => void;
}) {
  const text = useRef<HTMLElement>(null);
  const [isStored, setStored] = useState(false);

  function download(): void {
    const url = URL.createObjectURL(
      new Blob([`${of === 'key' ? VARIABLE : WEBHOOK_VARIABLE}=${secret.reveal()}\n`], {
        type: 'text/plain',
      }),
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
            aria-label={of === 'key' ? 'The key' : 'The secret'}
          />
        </div>
        <div className="row wrap">
          <CopyButton
            kind="primary"
            label={of === 'key' ? 'Copy key' : 'Copy secret'}
            read={() => secret.reveal()}
            source={() => text.current}
          />
          <Button icon={<DownloadIcon aria-hidden="true" />} onClick={download}>
            Download .env
          </Button>
        </div>
        {of === 'key' && <Snippets />}
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
function Snippets() {
  const id = useId();
  const [chosen, setChosen] = useState(0);
  const tabs = useRef<HTMLDivElement>(null);
  const code = SNIPPETS[chosen]?.code(location.origin) ?? '';

  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const next = (chosen + step + SNIPPETS.length) % SNIPPETS.length;
    setChosen(next);
    tabs.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  }

  return (
    <div className="snippets">
      <div ref={tabs} className="tabs" role="tablist" aria-label="How to use the key" onKeyDown={move}>
        {SNIPPETS.map(({ name }, index) => (
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
