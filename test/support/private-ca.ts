import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate authority that nobody else trusts, and one certificate of it, for `localhost` and 127.0.0.1. */
export class PrivateCa {
  private constructor(readonly directory: string) {}

  /** Needs `openssl` on the path. */
  static async make(): Promise<PrivateCa> {
    const ca = new PrivateCa(await mkdtemp(join(tmpdir(), 'upblit-ca-')));
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    await run('openssl', [
      ...['req', '-x509', ...curve, '-days', '2', '-subj', '/CN=A private authority'],
      ...['-keyout', join(ca.directory, 'ca.key'), '-out', ca.certificate],
    ]);
    const request = join(ca.directory, 'server.csr');
    await run('openssl', [
      ...['req', ...curve, '-subj', '/CN=localhost', '-keyout', ca.serverKey, '-out', request],
    ]);
    const extensions = join(ca.directory, 'extensions');
    await writeFile(extensions, 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    await run('openssl', [
      ...['x509', '-req', '-in', request, '-CA', ca.certificate, '-CAkey', join(ca.directory, 'ca.key')],
      ...['-CAcreateserial', '-days', '2', '-extfile', extensions, '-out', ca.serverCertificate],
    ]);
    return ca;
  }

  /** Path of the authority's certificate. */
  get certificate(): string {
    return join(this.directory, 'ca.crt');
  }

  get serverCertificate(): string {
    return join(this.directory, 'server.crt');
  }

  get serverKey(): string {
    return join(this.directory, 'server.key');
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }
}
