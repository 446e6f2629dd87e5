"""What is run on a worker to copy a volume: shell text over coreutils, find and tar. Pure."""

from __future__ import annotations

from shlex import quote

from hardway.components.storage import VOLUMES

_DIGEST = r"""
digest() {
  ( cd -- "$1" && {
    find . -xdev ! -type s -printf '%y %m %U %G %l %p\0' | sort -z
    find . -xdev -type f -print0 | sort -z | xargs -0 -r sha256sum -z --
  } | sha256sum | cut -c 1-64 )
}
"""
"""A digest over names, kinds, modes, owners, links and contents; not over times, which reading may change, nor over
sockets, which no archive holds."""


def digest_script(directory: str) -> str:
    """Prints the digest of a volume, and on a second line how many files it has."""
    where = quote(directory)
    return f"set -eu\n{_DIGEST}\ndigest {where}\nfind {where} -xdev -type f -printf x | wc -c\n"


def pack_script(directory: str) -> str:
    """Prints the volume as a tar archive, owners by number."""
    how = "--numeric-owner --xattrs --acls --sparse --one-file-system --warning=no-file-ignored"
    return f"exec tar --create {how} -C {quote(directory)} .\n"


def copy_of(volume: str) -> str:
    """Where a copy of a volume lies while that is packed."""
    return f"{VOLUMES}/.copy-{volume}"


def copy_script(volume: str) -> str:
    """Copies a volume that is being written to, at once where the file system can share blocks (cp(1), --reflink)."""
    copy = quote(copy_of(volume))
    return f"set -eu\nrm -rf -- {copy}\ncp --archive --reflink=auto -- {quote(f'{VOLUMES}/{volume}')} {copy}\n"


def drop_copy_script(volume: str) -> str:
    """Removes that copy."""
    return f"rm -rf -- {quote(copy_of(volume))}\n"


def unpack_script(volume: str, digest: str) -> str:
    """Reads an archive and puts it in the place of a volume's content, whole and verified, or not at all."""
    return f"""set -eu
{_DIGEST}
place={quote(f"{VOLUMES}/{volume}")}
new={quote(f"{VOLUMES}/.restore-{volume}")}
old={quote(f"{VOLUMES}/.replaced-{volume}")}
# Cut off between the last two steps, an earlier one left the volume beside.
[ -d "$place" ] || [ ! -d "$old" ] || mv -T -- "$old" "$place"
[ -d "$place" ] || {{ echo 'the volume is not there' >&2; exit 1; }}
rm -rf -- "$new" "$old"
mkdir -m 0700 -- "$new"
trap 'rm -rf -- "$new"' EXIT
tar --extract --numeric-owner --same-owner --same-permissions --xattrs --acls -C "$new"
found=$(digest "$new")
[ "$found" = {quote(digest)} ] || {{ echo "what arrived is not what was packed: $found" >&2; exit 1; }}
sync -f "$new" 2>/dev/null || sync
mv -T -- "$place" "$old"
mv -T -- "$new" "$place"
sync -f "$place" 2>/dev/null || sync
rm -rf -- "$old"
"""


def is_empty_script(directory: str) -> str:
    """Ends with 0 where nothing is in the volume; `lost+found` is nothing."""
    return f'[ -z "$(ls -A --ignore=lost+found -- {quote(directory)})" ]\n'
