export { GithubLeaksModule } from './github-leaks.module.js';
export { LeaksModule } from './leaks.module.js';
