export { IS_PUBLIC, Public } from '../../../shared/http/public.decorator.js';
