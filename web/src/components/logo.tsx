import mark from '../favicon.svg';

export function Logo() {
  return (
    <span className="logo">
      <img src={mark} width="24" height="24" alt="" />
      Upblit
    </span>
  );
}
