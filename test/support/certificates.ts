/** This module makes certificates with openssl, in a folder of the caller's. No key is in the repository. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const openssl = async (...args: string[]): Promise<void> => {
  await promisify(execFile)('openssl', args);
};

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** The paths of a certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate authority. */
export async function makeAuthority(folder: string, name: string): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  await openssl('req', '-x509', ...NEW_KEY, '-keyout', key, '-out', cert, '-days', '2', '-subj', `/CN=${name}`);
  return { cert, key };
}

export interface CertificateOptions {
  /** The hosts that it is for, as openssl writes them; default: this machine by name and by address. */
  readonly hosts?: string;
  /** Whether it has expired already; default false. */
  readonly expired?: boolean;
}

/** Makes a certificate that an authority has signed. */
export async function makeCertificate(
  folder: string,
  authority: Certificate,
  name: string,
  { hosts = 'DNS:localhost,IP:127.0.0.1', expired = false }: CertificateOptions = {},
): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const [request, extensions] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)];
  await openssl('req', ...NEW_KEY, '-keyout', key, '-out', request, '-subj', `/CN=${name}`);
  await writeFile(extensions, `subjectAltName=${hosts}\n`);
  const signed = ['-req', '-in', request, '-CA', authority.cert, '-CAkey', authority.key, '-CAcreateserial'];
  // A certificate of no days has expired when it is made.
  const days = ['-days', expired ? '0' : '2'];
  await openssl('x509', ...signed, ...days, '-extfile', extensions, '-out', cert);
  return { cert, key };
}
