import { DotsHorizontalIcon } from '@radix-ui/react-icons';
import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react';

export interface MenuItem {
  label: string;
  icon: ReactNode;
  onSelect: () => void;
  isDangerous?: boolean;
}

interface Props {
  label: string;
  items: readonly MenuItem[];
  trigger?: ReactNode;
  className?: string;
  heading?: ReactNode;
}

const GAP = 4;

/** A menu button (ARIA Authoring Practices): arrows move, Escape closes, and the focus goes back to the button. */
export function Menu({ label, items, trigger, className = 'icon-button', heading }: Props) {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const menu = useRef<HTMLDivElement>(null);

  function place(): void {
    const anchor = button.current?.getBoundingClientRect();
    const panel = menu.current;
    if (anchor === undefined || panel === null) return;
    const { offsetWidth: width, offsetHeight: height } = panel;
    const isAbove = anchor.bottom + GAP + height > innerHeight && anchor.top > height;
    panel.style.left = `${Math.max(8, Math.min(anchor.right - width, innerWidth - width - 8))}px`;
    panel.style.top = `${isAbove ? anchor.top - GAP - height : anchor.bottom + GAP}px`;
  }

  function move(event: KeyboardEvent): void {
    const all = [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === 'Tab') menu.current?.hidePopover();
    if (next === undefined) return;
    event.preventDefault();
    all.at(next % all.length)?.focus();
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={false}
        popoverTarget={id}
      >
        {trigger ?? <DotsHorizontalIcon aria-hidden="true" />}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        className="menu"
        onKeyDown={move}
        onToggle={(event) => {
          const isOpen = event.newState === 'open';
          button.current?.setAttribute('aria-expanded', String(isOpen));
          if (!isOpen) return;
          place();
          menu.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
        }}
      >
        {heading}
        <div role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              tabIndex={-1}
              className={item.isDangerous === true ? 'dangerous' : ''}
              onClick={() => {
                menu.current?.hidePopover();
                item.onSelect();
              }}
            >
              {item.icon}
              {item.label}
            </button>
          ))}
        </div>
      </div>
    </>
  );
}
