import { CheckCircledIcon, LockClosedIcon } from '@radix-ui/react-icons';
import type { ReactNode } from 'react';
import { Logo } from '../components/logo.js';

/** What is around every page of somebody who is not signed in. */
export function Entrance({ children }: { children: ReactNode }) {
  return (
    <div className="sign-in">
      <main>
        <Logo />
        <div className="sign-in-form">
          {children}
          {!isSecureContext && (
            <p className="notice warn">
              This page came over plain HTTP, so you will be signed out when you leave it. Serve it over
              HTTPS.
            </p>
          )}
        </div>
      </main>
      <Showcase />
    </div>
  );
}

/** What the service is about, at one sight, for whoever has room for it. */
function Showcase() {
  return (
    <aside className="showcase" aria-label="What Upblit does">
      <div className="showcase-inner">
        <p className="showcase-title">Keys your customers can trust, and you can take back.</p>
        <div className="specimen">
          <p className="specimen-bar">
            <LockClosedIcon aria-hidden="true" />
            <span>POST /apikey/verify</span>
          </p>
          <pre>
            <span className="soft">{'{ '}</span>&quot;key&quot;
            <span className="soft">: </span>
            <b>&quot;upblit_live_9fK…a1B2&quot;</b>
            <span className="soft">{' }'}</span>
            {'\n\n'}
            <span className="soft">{'{ '}</span>&quot;valid&quot;<span className="soft">: </span>
            <em>true</em>
            <span className="soft">,</span>
            {'\n  '}&quot;code&quot;<span className="soft">: </span>
            <em>&quot;VALID&quot;</em>
            <span className="soft">,</span>
            {'\n  '}&quot;scopes&quot;<span className="soft">: [</span>
            <b>&quot;orders:read&quot;</b>
            <span className="soft">{'] }'}</span>
          </pre>
        </div>
        <ul>
          {[
            'Revoked means revoked, on every node, once it says so.',
            'Only a keyed hash is stored: a stolen database holds no key.',
            'Scopes, expiry, rate limits and credits, for each key.',
          ].map((text) => (
            <li key={text}>
              <CheckCircledIcon aria-hidden="true" />
              {text}
            </li>
          ))}
        </ul>
      </div>
    </aside>
  );
}
