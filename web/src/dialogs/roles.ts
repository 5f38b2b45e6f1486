import type { Role } from '../api/people.js';

export const ROLES: readonly Role[] = ['viewer', 'admin', 'owner'];

export const ROLE_LABEL: Readonly<Record<Role, string>> = {
  viewer: 'Viewer',
  admin: 'Admin',
  owner: 'Owner',
};

export const ROLE_HINT: Readonly<Record<Role, string>> = {
  viewer: 'Sees the application, its keys without their secrets, and its members.',
  admin: 'Issues, changes and revokes keys, too.',
  owner: 'May do everything: change and delete the application, and say who its members are.',
};
