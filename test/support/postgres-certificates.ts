/** This module makes certificates for a test with openssl, as nobody keeps keys in a repository. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A certificate is a pair of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** The CA of the server and of the client, and one that has signed nothing. */
  readonly ca: Certificate;
  readonly otherCa: Certificate;
  /** Certificates of the host `localhost`. */
  readonly server: Certificate;
  readonly expired: Certificate;
  readonly selfSigned: Certificate;
  readonly client: Certificate;
}

/** @param folder where the files go. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  const openssl = (...args: readonly string[]) => promisify(execFile)('openssl', args, { cwd: folder });
  const of = (name: string): Certificate => ({ cert: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const own = async (name: string, subject: string): Promise<Certificate> => {
    const { cert, key: file } = of(name);
    const names = ['-subj', `/CN=${subject}`, '-addext', `subjectAltName=DNS:${subject}`];
    await openssl('req', '-x509', ...key, '-keyout', file, '-out', cert, '-days', '2', ...names);
    return of(name);
  };
  const ca = await own('ca', 'test-ca');
  const signed = async (name: string, subject: string, days: number): Promise<Certificate> => {
    const { cert, key: file } = of(name);
    const [request, names] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
    await writeFile(names, `subjectAltName=DNS:${subject}\n`);
    await openssl('req', ...key, '-keyout', file, '-out', request, '-subj', `/CN=${subject}`);
    const signing = ['-CA', ca.cert, '-CAkey', ca.key, '-CAcreateserial', '-days', String(days), '-extfile', names];
    await openssl('x509', '-req', '-in', request, '-out', cert, ...signing);
    return of(name);
  };
  return {
    ca,
    otherCa: await own('other-ca', 'other-ca'),
    server: await signed('server', 'localhost', 2),
    expired: await signed('expired', 'localhost', -1),
    selfSigned: await own('self-signed', 'localhost'),
    client: await signed('client', 'bridge_worker', 2),
  };
}
