#!/usr/bin/env bash
# Verifies the files of a release: `verify.sh FOLDER`. Every file is in `SHA256SUMS` and is as it says, and
# every one has provenance, signed by the release workflow of this tag. Needs `gh`.
set -euo pipefail

folder=${1:?folder}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
repository=$(sed -n 's/^repository = "https:\/\/github.com\/\(.*\)"/\1/p' "$root/Cargo.toml")
cd "$folder"
sha256sum --check --strict --quiet SHA256SUMS
for file in *; do
  [[ $file == SHA256SUMS ]] || grep -qF -- "  $file" SHA256SUMS ||
    { echo "error: \`$file\` is not in SHA256SUMS" >&2; exit 1; }
  gh attestation verify "$file" --repo "$repository" ${GITHUB_REF:+--source-ref "$GITHUB_REF"} \
    --signer-workflow "$repository/.github/workflows/release.yml"
done
