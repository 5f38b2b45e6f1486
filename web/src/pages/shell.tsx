import { DesktopIcon, ExitIcon, MoonIcon, PersonIcon, ReaderIcon, SunIcon } from '@radix-ui/react-icons';
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Logo } from '../components/logo.js';
import { Menu } from '../components/menu.js';
import { say, warn } from '../components/toast.js';
import { PaletteHost } from '../palette/palette-host.js';
import { session } from '../session/session.js';
import { applyTheme, currentTheme, THEMES, type Theme } from '../session/theme.js';
import { useUser } from '../session/use-session.js';

const THEME: Readonly<Record<Theme, { label: string; icon: React.ReactNode }>> = {
  system: { label: 'Theme: as the system', icon: <DesktopIcon aria-hidden="true" /> },
  light: { label: 'Theme: light', icon: <SunIcon aria-hidden="true" /> },
  dark: { label: 'Theme: dark', icon: <MoonIcon aria-hidden="true" /> },
};

/** What is around every page of somebody who is signed in. */
export function Shell() {
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <header className="topbar">
        <Link to="/" className="home" aria-label="Upblit: your applications">
          <Logo />
        </Link>
        <nav aria-label="Main">
          <Link to="/">Applications</Link>
          <a href="/docs">API reference</a>
        </nav>
        <PaletteHost />
        <AccountMenu />
      </header>
      <main id="content" tabIndex={-1} className="content">
        <Outlet />
      </main>
    </>
  );
}

function AccountMenu() {
  const user = useUser();
  const [theme, setTheme] = useState(currentTheme);
  const navigate = useNavigate();
  if (user === undefined) return null;

  const nextTheme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
  return (
    <Menu
      label="Your account"
      className="avatar"
      trigger={<span aria-hidden="true">{(user.name ?? user.email ?? user.id).charAt(0).toUpperCase()}</span>}
      heading={
        <p className="menu-heading">
          <PersonIcon aria-hidden="true" />
          <span>
            {user.name !== null && <strong className="truncate">{user.name}</strong>}
            <span className="soft small truncate">{user.email ?? user.id}</span>
          </span>
        </p>
      }
      items={[
        {
          label: 'Account and sessions',
          icon: <PersonIcon aria-hidden="true" />,
          onSelect: () => void navigate({ to: '/account' }),
        },
        {
          ...THEME[theme],
          onSelect: () => {
            applyTheme(nextTheme);
            setTheme(nextTheme);
            say(THEME[nextTheme].label);
          },
        },
        {
          label: 'API reference',
          icon: <ReaderIcon aria-hidden="true" />,
          onSelect: () => {
            location.assign('/docs');
          },
        },
        {
          label: 'Sign out',
          icon: <ExitIcon aria-hidden="true" />,
          onSelect: () => {
            session.signOut().catch(() => {
              warn('You are still signed in: the service could not be reached. Try again.');
            });
          },
        },
      ]}
    />
  );
}
