import os

import pytest

from condvae.files.atomic import atomic_path, write_text


def test_a_file_is_replaced_whole(tmp_path):
    path = tmp_path / "new" / "a.txt"
    write_text(path, "one")
    write_text(path, "two")
    assert path.read_text() == "two"
    assert list(tmp_path.rglob("*")) == [path.parent, path]


def test_an_error_leaves_everything_as_it_was(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "one")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half \udc00")
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_written_whole_and_replaces_none(tmp_path):
    path = tmp_path / "new" / "set"

    def write(name):
        with atomic_path(path) as fresh:
            fresh.mkdir()
            (fresh / name).touch()

    write("one")
    with pytest.raises(OSError, match="not empty"):
        write("two")
    assert [entry.name for entry in path.iterdir()] == ["one"]
    assert list(tmp_path.iterdir()) == [path.parent]


def test_all_is_on_the_disk_before_it_has_its_name(tmp_path, monkeypatch):
    path, flushed, replaced = tmp_path / "set", [], []
    fsync, replace = os.fsync, os.replace

    def note(descriptor):
        flushed.append(os.fstat(descriptor).st_ino)
        fsync(descriptor)

    def put(source, target):
        replaced.extend(flushed)
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "replace", put)
    with atomic_path(path) as fresh:
        (fresh / "folder").mkdir(parents=True)
        (fresh / "one").write_text("1")
        (fresh / "folder" / "two").write_text("2")
    written = [path, path / "folder", path / "one", path / "folder" / "two"]
    assert {entry.stat().st_ino for entry in written} == set(replaced)
    assert flushed[len(replaced) :] == [tmp_path.stat().st_ino]


def test_folders_made_for_nothing_are_removed(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a" / "b" / "c.txt", "\udc00")
    assert list(tmp_path.iterdir()) == []


def test_folders_made_for_nothing_stay_where_another_writes(tmp_path):
    def fail():
        with atomic_path(tmp_path / "a" / "b.txt"):
            (tmp_path / "a" / "c.txt").touch()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    assert list(tmp_path.rglob("*")) == [tmp_path / "a", tmp_path / "a" / "c.txt"]
