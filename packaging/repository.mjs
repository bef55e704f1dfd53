// The URL of the project, read from `repository` in Cargo.toml.
import { readFileSync } from 'node:fs';

const cargo = readFileSync(new URL('../Cargo.toml', import.meta.url), 'utf8');

/** The address of the repository. */
export const repository = /^repository = "(.+)"$/m.exec(cargo)[1];
