import { useSyncExternalStore } from 'react';
import { session, type SessionState, type User } from './session.js';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** Whoever is signed in; undefined in the moment in which the session ends. */
export function useUser(): User | undefined {
  const state = useSession();
  return state.status === 'signed-in' ? state.user : undefined;
}
