import './session/provider-answer.js';
import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/components.css';
import './styles/pages.css';
import './styles/application.css';
import './styles/people.css';
import './styles/keys.css';
import './styles/hygiene.css';
import './styles/webhooks.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries.js';
import { Toasts } from './components/toast.js';
import { router } from './router.js';
import { session } from './session/session.js';
import { applyTheme, currentTheme } from './session/theme.js';

applyTheme(currentTheme());

// Whoever signs in next sees nothing of whoever was signed in before.
session.subscribe(() => {
  if (session.state().status === 'signed-out') queryClient.clear();
  void router.invalidate();
});

const root = document.getElementById('root');
if (root === null) throw new Error('The page has no #root');
createRoot(root).render(
  <QueryClientProvider client={queryClient}>
    <RouterProvider router={router} />
    <Toasts />
  </QueryClientProvider>,
);
