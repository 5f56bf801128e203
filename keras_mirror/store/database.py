"""The SQLite database of an index: its tables, and opening it safely."""

import contextlib
import errno
import os
from collections.abc import Iterator

import apsw

from keras_mirror.store.keywords import TABLES as KEYWORD_TABLES

DATABASE = "documents.sqlite"
# One row of `texts` for every different text. Its slot is the place of its
# vector; texts of white space have negative slots and no vector. Older versions
# used `equal_vectors`; it stays, so that all indexes have the same tables.
_TABLES = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE texts (
    slot INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, text TEXT NOT NULL
);
CREATE TABLE documents (
    row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    slot INTEGER NOT NULL, metadata TEXT NOT NULL
);
CREATE INDEX documents_of_texts ON documents (slot);
CREATE TABLE removed (slot INTEGER PRIMARY KEY);
CREATE TABLE equal_vectors (slot INTEGER PRIMARY KEY, node INTEGER NOT NULL);
"""
_TIMEOUT = 60_000  # milliseconds to wait for another process that writes
_MAX_TEXT = 2**28
_CACHE_KIB = 2**15


def create_database(path: str | os.PathLike = ":memory:") -> apsw.Connection:
    """Makes a new database, in memory or in a file.

    Args:
        path: String or path. Defaults to `":memory:"`.

    Returns:
        An `apsw.Connection` for all threads: only one may use it at a time.
    """
    connection = _connect(path, apsw.SQLITE_OPEN_CREATE)
    with database_errors(path, connection):
        connection.execute(_TABLES + KEYWORD_TABLES)
    return connection


def open_database(path: str | os.PathLike) -> apsw.Connection:
    """Opens the database of an index after checking its tables.

    It is not trusted: SQLite runs nothing that its tables define.

    Raises:
        ValueError: It is damaged, or the database of something else.
    """
    if not os.path.isfile(path):
        raise ValueError(f"there is no {DATABASE}")
    with open(path, "rb"):  # its error has a reason, unlike SQLite's
        pass
    connection = _connect(path)
    try:
        _check_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def database_errors(
    path: str | os.PathLike, connection: apsw.Connection
) -> Iterator[None]:
    """A context that turns errors of SQLite into clear errors of an index.

    Args:
        path: String or path of the index.
        connection: The `apsw.Connection` in use.

    Raises:
        ValueError: SQLite found damage.
        BlockingIOError: Another process writes for too long.
        PermissionError: The database cannot be written.
        MemoryError, OSError: The machine failed.
    """
    try:
        yield
    except apsw.BusyError as error:
        raise BlockingIOError(
            "The index is being written by another process. Wait until it ends"
        ) from error
    except apsw.ReadOnlyError as error:
        raise PermissionError("The index cannot be written") from error
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
        raise ValueError(
            f"'{os.fspath(path)}' is not a readable index of keras-mirror: "
            f"{error}"
        ) from error
    except apsw.NoMemError as error:
        raise MemoryError(str(error)) from error
    except (apsw.IOError, apsw.FullError) as error:
        number = connection.system_errno or errno.EIO
        if isinstance(error, apsw.FullError):
            number = errno.ENOSPC
        raise OSError(number, os.strerror(number), os.fspath(path)) from error


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """A context whose changes are made completely or not at all.

    Use it inside `database_errors`.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _connect(path: str | os.PathLike, flags: int = 0) -> apsw.Connection:
    # If TensorFlow is loaded first, its SQLite, without full-text search, hides
    # that of Python.
    is_fixed = os.path.exists(path) and not os.access(path, os.W_OK)
    flags |= (
        apsw.SQLITE_OPEN_READONLY if is_fixed else apsw.SQLITE_OPEN_READWRITE
    )
    connection = apsw.Connection(os.fspath(path), flags=flags)
    connection.set_busy_timeout(_TIMEOUT)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_VIEW, 0)
    connection.limit(apsw.SQLITE_LIMIT_LENGTH, _MAX_TEXT)
    connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute(
        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; "
        f"PRAGMA synchronous = FULL; PRAGMA cache_size = -{_CACHE_KIB}"
    )
    return connection


def _check_tables(connection: apsw.Connection) -> None:
    sql = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
    found = dict(connection.execute(sql))
    fresh = create_database()
    expected = dict(fresh.execute(sql))
    fresh.close()
    if found != expected:
        other = sorted(found.keys() ^ expected.keys()) or sorted(
            name for name in found if found[name] != expected[name]
        )
        raise ValueError(
            f"it must have the tables of an index, but has others: {other}"
        )
