import { createContext, useContext } from 'react';
import type { Application } from '../api/client.js';

export const ApplicationContext = createContext<Application | undefined>(undefined);

/** The application that a page is of: the frame around the pages shows none of them before it is known. */
export function useApplication(): Application {
  const application = useContext(ApplicationContext);
  if (application === undefined) throw new Error('A page of an application stands outside of its frame');
  return application;
}
