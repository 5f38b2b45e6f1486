import { useEffect, useId, useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';
import { ApplicationDialog } from '../dialogs/application.js';
import { CreateKeyDialog } from '../dialogs/create-key.js';
import { SecretDialog } from '../dialogs/secret-dialog.js';
import type { ShownSecret } from '../dialogs/secret.js';
import '../styles/palette.css';
import { GROUPS, matching, type Command } from './commands.js';
import { useCommands, type Opening } from './use-commands.js';

/**
 * Finds applications, pages, keys and actions by their names: a combobox with a list (ARIA Authoring Practices), in which
 * the focus stays in the field while arrows move.
 */
export function Palette({ onClose }: { onClose: () => void }) {
  const [opening, setOpening] = useState<Opening>();
  const [secret, setSecret] = useState<ShownSecret>();
  if (secret !== undefined) return <SecretDialog title="Your new key" secret={secret} onDone={onClose} />;
  if (opening?.dialog === 'application') return <ApplicationDialog onClose={onClose} />;
  if (opening?.dialog === 'key') {
    return <CreateKeyDialog application={opening.application} onClose={onClose} onCreated={setSecret} />;
  }
  return <Finder onClose={onClose} onOpen={setOpening} />;
}

function Finder({ onClose, onOpen }: { onClose: () => void; onOpen: (opening: Opening) => void }) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const [q, setQ] = useState('');
  const [chosen, setChosen] = useState(0);
  const found = matching(useCommands(onOpen), q);
  const at = Math.min(chosen, Math.max(0, found.length - 1));

  // Closed while it is still on the page, it gives the focus back.
  useLayoutEffect(() => {
    const opened = dialog.current;
    opened?.showModal();
    return () => opened?.close();
  }, []);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at, q]);

  function run(command: Command | undefined): void {
    if (command === undefined) return;
    // What it opens takes the place of the palette.
    const stays = command.id.startsWith('create-');
    if (!stays) onClose();
    command.run();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = found.length - 1;
    const next = {
      ArrowDown: at === last ? 0 : at + 1,
      ArrowUp: at === 0 ? last : at - 1,
      PageDown: Math.min(last, at + 8),
      PageUp: Math.max(0, at - 8),
    }[event.key];
    if (next !== undefined) {
      event.preventDefault();
      setChosen(next);
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      run(found[at]);
    }
  }

  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search and commands"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={({ target, currentTarget }) => {
        if (target === currentTarget) onClose();
      }}
    >
      <div className="palette-frame">
        <input
          className="palette-input"
          role="combobox"
          aria-label="Search applications, pages, keys and actions"
          aria-expanded={found.length > 0}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={found.length === 0 ? undefined : `${id}-${at}`}
          placeholder="Search applications, pages, keys and actions"
          autoComplete="off"
          spellCheck={false}
          autoFocus
          value={q}
          onChange={({ target }) => {
            setQ(target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
        />
        <div ref={list} id={`${id}-list`} role="listbox" aria-label="Commands" className="palette-list">
          {GROUPS.map((group) => {
            const members = found.flatMap((command, index) =>
              command.group === group ? [{ command, index }] : [],
            );
            if (members.length === 0) return null;
            return (
              <div key={group} role="group" aria-labelledby={`${id}-${group}`}>
                <p id={`${id}-${group}`} className="palette-group soft">
                  {group}
                </p>
                {members.map(({ command, index }) => (
                  <div
                    key={command.id}
                    id={`${id}-${index}`}
                    role="option"
                    aria-selected={index === at}
                    className="palette-option"
                    onMouseMove={() => {
                      setChosen(index);
                    }}
                    onClick={() => {
                      run(command);
                    }}
                  >
                    <span className="truncate">{command.label}</span>
                    {command.note !== undefined && (
                      <span className="soft small truncate">{command.note}</span>
                    )}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
        <p className={found.length === 0 ? 'palette-nothing soft' : 'visually-hidden'} role="status">
          {found.length === 0 ? `Nothing is called “${q}”.` : `${found.length} found`}
        </p>
      </div>
    </dialog>
  );
}
