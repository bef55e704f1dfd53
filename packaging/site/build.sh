#!/usr/bin/env bash
# Builds README and `docs/` into a searchable site: packaging/site/build.sh FOLDER
# A link or an anchor that leads nowhere is an error. Installs mkdocs into a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/../.."
to=$(realpath -m "${1:?the folder to write the site into}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/python"
"$work/python/bin/pip" install --quiet 'mkdocs==1.6.1'

# All pages at their places, so that links between them need no rewriting; links to other files lead
# to copies.
git ls-files '*.md' '*.svg' LICENSE-MIT LICENSE-APACHE .ci/run packaging/client-metadata.json |
  while read -r file; do
    mkdir -p "$work/pages/$(dirname "$file")"
    cp "$file" "$work/pages/$file"
  done
cp packaging/site/mkdocs.yml "$work/mkdocs.yml"
cd "$work"
python/bin/mkdocs build --strict --quiet --site-dir "$to"
test -s "$to/docs/faq.html"
test -s "$to/search/search_index.json"
echo "site: $(find "$to" -name '*.html' | wc -l) pages in $to"
