/** This module makes certificates with openssl while tests run, so that no key is kept anywhere. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate is two PEM files and their texts. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

interface Wanted {
  /** The names of a server; default: localhost and 127.0.0.1. */
  readonly names?: readonly string[];
  /** Whether the certificate expired yesterday. */
  readonly expired?: boolean;
}

export class Certificates {
  readonly folder = mkdtempSync(join(tmpdir(), 'bridge-certificates-'));
  #made = 0;

  /** Makes an authority that signs its own certificate. */
  authority(name: string): Certificate {
    const files = this.#files(name);
    openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      files.keyFile,
      '-out',
      files.certFile,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
    return withTexts(files);
  }

  /** Makes a certificate of an authority, for a server as well as for a client. */
  issue(
    authority: Certificate,
    name: string,
    { names = ['localhost', '127.0.0.1'], expired }: Wanted = {},
  ): Certificate {
    const files = this.#files(name);
    const request = `${files.certFile}.csr`;
    const alternatives = names.map((one) => `${/^[\d.]+$/.test(one) ? 'IP' : 'DNS'}:${one}`).join();
    const extension = `subjectAltName=${alternatives}`;
    openssl('req', ...KEY, '-keyout', files.keyFile, '-out', request, '-subj', `/CN=${name}`, '-addext', extension);
    const signer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial'];
    const days = expired === true ? '-1' : '2';
    openssl(
      'x509',
      '-req',
      '-in',
      request,
      '-out',
      files.certFile,
      ...signer,
      '-copy_extensions',
      'copy',
      '-days',
      days,
    );
    return withTexts(files);
  }

  /** Returns a path in the folder that is removed at the end. */
  path(name: string): string {
    return join(this.folder, name);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #files(name: string): Pick<Certificate, 'certFile' | 'keyFile'> {
    this.#made += 1;
    const base = this.path(`${this.#made}-${name.replaceAll(/\W+/g, '-')}`);
    return { certFile: `${base}.crt`, keyFile: `${base}.key` };
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });

const withTexts = ({ certFile, keyFile }: Pick<Certificate, 'certFile' | 'keyFile'>): Certificate => ({
  certFile,
  keyFile,
  cert: readFileSync(certFile, 'utf8'),
  key: readFileSync(keyFile, 'utf8'),
});
