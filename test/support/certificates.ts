/** This module makes certificates with openssl while tests run. So no key is in the repository. */
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
  /** Whether the certificate expired yesterday; default: it is good for two days. */
  readonly expired?: boolean;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

export class Certificates {
  readonly folder: string;
  #made = 0;

  /** @param folder where the files go; default: a new one. */
  constructor(folder = mkdtempSync(join(tmpdir(), 'bridge-certificates-'))) {
    this.folder = folder;
  }

  /** Makes an authority that signs its own certificate. */
  authority(name: string): Certificate {
    return this.#make(name, ({ certFile, keyFile }) => {
      openssl('req', '-x509', ...KEY, '-keyout', keyFile, '-out', certFile, '-days', '2', '-subj', `/CN=${name}`);
    });
  }

  /** Makes a certificate of an authority, for a server as well as for a client. */
  issue(
    authority: Certificate,
    name: string,
    { names = ['localhost', '127.0.0.1'], expired = false }: Wanted = {},
  ): Certificate {
    const alternatives = names.map((one) => `${/^[\d.]+$/.test(one) ? 'IP' : 'DNS'}:${one}`);
    const extension = ['-addext', `subjectAltName=${alternatives.join()}`];
    const signer = ['-CA', authority.certFile, '-CAkey', authority.keyFile, '-CAcreateserial'];
    const signing = [...signer, '-copy_extensions', 'copy', '-days', expired ? '-1' : '2'];
    return this.#make(name, ({ certFile, keyFile }) => {
      const request = `${certFile}.csr`;
      openssl('req', ...KEY, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`, ...extension);
      openssl('x509', '-req', '-in', request, '-out', certFile, ...signing);
    });
  }

  /** Returns a path in the folder. */
  path(name: string): string {
    return join(this.folder, name);
  }

  /** Removes the folder. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #make(name: string, make: (files: Pick<Certificate, 'certFile' | 'keyFile'>) => void): Certificate {
    this.#made += 1;
    const base = this.path(`${this.#made}-${name.replaceAll(/\W+/g, '-')}`);
    const files = { certFile: `${base}.crt`, keyFile: `${base}.key` };
    make(files);
    return { ...files, cert: readFileSync(files.certFile, 'utf8'), key: readFileSync(files.keyFile, 'utf8') };
  }
}

/** Returns a sentence about TLS without the reason at its end, whose words differ by version of OpenSSL. */
export const withoutReason = (sentence: string): string => sentence.replace(/(?<=\)): .*$/, '');

const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
