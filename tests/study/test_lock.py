"""Who has a folder: one process at a time, whatever lies where the lock is kept."""

import errno
import fcntl
import os
import stat
import subprocess
import sys

import pytest

from archrank.errors import FileError, RunFolderError
from archrank.study import RunFolder
from archrank.study.lock import FolderLock


def test_what_taking_made_is_gone_afterwards(tmp_path):
    with FolderLock(tmp_path / "a" / "b" / "c"):
        assert (tmp_path / "a/b/c/.lock").read_text() == str(os.getpid())
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/.lock").write_text("1")
    with FolderLock(tmp_path / "a"):
        (tmp_path / "a/mine").touch()
    assert (tmp_path / "a/.lock").read_text() == "1"
    with FolderLock(tmp_path / "b" / "c"):
        (tmp_path / "b/c/mine").touch()
    assert sorted(p.name for p in (tmp_path / "b/c").iterdir()) == ["mine"]


def test_closing_keeps_the_folder_and_says_who_had_it(tmp_path):
    FolderLock(tmp_path / "a").close()
    assert (tmp_path / "a/.lock").read_text() == str(os.getpid())
    FolderLock(tmp_path / "a").close()


@pytest.mark.parametrize("left", [True, False])
def test_a_lock_that_is_deleted_lets_nobody_in(tmp_path, left):
    with RunFolder.open(tmp_path / "run", {}) as owner:
        (tmp_path / "run/.lock").unlink()
        if left:
            (tmp_path / "run/.lock").write_text("not a number")
        with pytest.raises(RunFolderError, match="in use by another process"):
            RunFolder.open(tmp_path / "run", {}, resume=True)
        owner.write_result({})
    RunFolder.open(tmp_path / "run", {}, resume=True).close()


def test_where_folders_cannot_be_locked_the_file_is(tmp_path, monkeypatch):
    def flock(handle, how, real=fcntl.flock):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EBADF, "a network")
        real(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with FolderLock(tmp_path), pytest.raises(RunFolderError, match=f"in use by process {os.getpid()}"):
        FolderLock(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_removed_while_it_is_taken_is_taken_anew(tmp_path, monkeypatch):
    taken = []

    def flock(handle, how, real=fcntl.flock):
        real(handle, how)
        taken.append(handle)
        if len(taken) == 2:  # the folder, then the file that its last owner removes
            (tmp_path / ".lock").unlink()

    monkeypatch.setattr(fcntl, "flock", flock)
    with FolderLock(tmp_path):
        assert len(taken) == 4
        assert (tmp_path / ".lock").read_text() == str(os.getpid())


def test_a_link_is_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.lock").symlink_to(precious)
    with pytest.raises(
        RunFolderError, match=r"\.lock is a link, a folder or a device, expected a file: remove it"
    ):
        RunFolder.open(tmp_path / "run", {})
    assert precious.read_text() == "kept"
    assert [p.name for p in (tmp_path / "run").iterdir()] == [".lock"]
    assert (tmp_path / "run/.lock").is_symlink()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_refused_at_once(tmp_path, make):
    make(tmp_path / ".lock")
    with pytest.raises(RunFolderError, match="expected a file"):
        FolderLock(tmp_path)


def test_a_file_in_the_way_is_explained(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError, match=r"cannot write in .*file"):
        FolderLock(tmp_path / "file")
    with pytest.raises(FileError, match=r"cannot write in .*deeper"):
        FolderLock(tmp_path / "file" / "deeper")


def test_names_need_not_be_text(tmp_path):
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/run-\xff")
    config = {"out": folder}
    with RunFolder.open(folder, config, {"command": f"--out {folder}"}) as opened:
        opened.write_result({"folder": folder})
    with RunFolder.open(folder, config, resume=True) as again:
        assert again.resumed
    with pytest.raises(RunFolderError, match=r"already holds a run"):
        RunFolder.open(folder, config)


RACE = """
import sys
from pathlib import Path
from archrank.errors import RunFolderError
from archrank.study.lock import FolderLock

won = 0
for _ in range(200):
    try:
        with FolderLock(Path(sys.argv[1]) / "deep" / "er"):
            mark = Path(sys.argv[1], "inside")
            mark.mkdir()  # fails where another one is inside
            won += 1
            mark.rmdir()
    except RunFolderError:
        pass
print(won)
"""


def test_processes_that_make_and_remove_the_folder_exclude_one_another(tmp_path):
    words = [sys.executable, "-c", RACE, str(tmp_path)]
    both = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate() for process in both]
    assert [error for _, error in said] == ["", ""]
    assert sum(int(won) for won, _ in said) > 0
    # Where one took what the other had made, an empty folder may stay.
    assert [path for path in tmp_path.rglob("*") if not path.is_dir()] == []
