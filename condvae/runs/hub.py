"""Runs on the Hugging Face hub: their addresses, and how files come and go, by huggingface_hub.

Nothing is asked of the network but what a caller asks for; who the user is, huggingface_hub knows:
by HF_TOKEN, or by its own login.
"""

# pyright: reportMissingImports=false

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from condvae.checks import InputError, reason_of

ARCHIVE_NAME = "model.safetensors"
ENDPOINT = "https://huggingface.co"
PREFIX = re.compile(r"hf:/{1,2}")  # a Path makes one slash of two
NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*/[\w.-]+)(@(?P<revision>[^\s@]+))?")

REFUSALS = {
    401: ("a token that the hub does not know", "Run `hf auth login` again, or correct HF_TOKEN."),
    403: (
        "a token that may not do so",
        "Take a token with the permission to write there, or a name of your own.",
    ),
}

Kind = Literal["model", "space"]


@dataclass(frozen=True)
class Address:
    """A repository of the hub, as "user/name" or "hf://user/name@revision".

    Attributes:
        name: user/name.
        revision: a branch, a tag or a commit; None: the newest.
    """

    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address in a text; else InputError."""
        if (found := NAME.fullmatch(PREFIX.sub("", text, count=1))) is None:
            raise InputError(
                "a repository of the hub must be written as user/name",
                repr(text),
                "Write your name on the hub, a slash, and a name for the model.",
            )
        return cls(found["name"], found["revision"])

    @classmethod
    def of_run(cls, run: Path | str) -> Self | None:
        """The address that RUN is, as "hf://user/name"; None where it is a path."""
        return cls.parse(str(run)) if PREFIX.match(str(run)) else None

    @property
    def short_name(self) -> str:
        """The name without the user's."""
        return self.name.partition("/")[2]

    def url(self, kind: Kind = "model") -> str:
        """Its page in a browser; HF_ENDPOINT names another hub."""
        endpoint = os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
        return f"{endpoint}/{'spaces/' if kind == 'space' else ''}{self.name}"

    def __str__(self) -> str:
        return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")


def fetch(address: Address, folder: Path | None = None) -> Path:
    """The archive of a run, downloaded.

    Args:
        folder: where to; None: huggingface_hub's cache, which is asked first.

    Raises:
        InputError: no such repository, revision or file, no permission, or no network.
    """
    hub = _library()
    with _told(f"{address} must be a run on the hub that you may read"):
        path = hub.hf_hub_download(
            address.name,
            ARCHIVE_NAME,
            revision=address.revision,
            local_dir=folder,
            library_name="condvae",
        )
    return Path(path)


def check_target(
    address: Address, names: list[str], kind: Kind, private: bool, overwrite: bool
) -> None:
    """Raise if `send` would replace what it should not, or show what should be private.

    Args:
        names: of the files to send.
        private: the repository must not be public.
        overwrite: files there may be replaced; the hub keeps earlier revisions.

    Raises:
        InputError: also where nobody is logged in, or there is no network.
    """
    hub = _library()
    from huggingface_hub.errors import RepositoryNotFoundError

    if hub.get_token() is None:
        raise InputError(
            "the hub must know who sends",
            "no token",
            "Run `hf auth login`, or set HF_TOKEN to a token that may write.",
        )
    with _told(f"{address.url(kind)} must be a repository that you may write to"):
        try:
            found = hub.HfApi(library_name="condvae").repo_info(address.name, repo_type=kind)
        except RepositoryNotFoundError:  # it is made
            return
    if private and not found.private:
        raise InputError(
            f"{address.url(kind)} must be private",
            "a public repository, which there is",
            "Make it private on its page, or choose another name.",
        )
    held = sorted({file.rfilename for file in found.siblings or []} & {*names})
    if held and not overwrite:
        raise InputError(
            f"{address.url(kind)} must not hold {', '.join(names)} yet",
            f"{', '.join(held)} there",
            "Choose another name, or `overwrite=True`, which makes a new revision.",
        )


def send(address: Address, folder: Path, kind: Kind, private: bool) -> str:
    """Make the repository where there is none, and send the files of a folder as one commit.

    Returns:
        The address of the commit's page.

    Raises:
        InputError: no permission, no network, or an error of the hub's.
    """
    hub = _library()
    api = hub.HfApi(library_name="condvae")
    with _told(f"{address.url(kind)} must take the files, all or none"):
        api.create_repo(
            address.name,
            repo_type=kind,
            private=private or None,  # else as the user's organisation has it
            exist_ok=True,
            space_sdk="static" if kind == "space" else None,
        )
        files = [
            hub.CommitOperationAdd(path_in_repo=path.name, path_or_fileobj=path)
            for path in sorted(folder.iterdir())
        ]
        made = api.create_commit(
            address.name, files, commit_message="A run, by condvae push", repo_type=kind
        )
    return made.commit_url


def _library() -> Any:
    """huggingface_hub, which is told to send nothing about this machine."""
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError:
        raise InputError(
            "the hub needs huggingface_hub",
            "an installation without it",
            "pip install 'condvae[hub]'",
        ) from None
    # else it asks the hub for a list of programs, to say which one has started this
    constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


@contextmanager
def _told(expected: str) -> Iterator[None]:
    """Say in a sentence what the hub or the way to it did not grant.

    The block holds calls of the library alone, whose errors have many bases.
    """
    from huggingface_hub import errors
    from huggingface_hub.utils import disable_progress_bars

    # the first that fits: some are kinds of others
    known = (
        (errors.GatedRepoError, "one that grants access by name", "Ask for it on its page."),
        (
            errors.RepositoryNotFoundError,
            "none of this name that you may see",
            "Check the name; a private one needs `hf auth login` or HF_TOKEN.",
        ),
        (errors.RevisionNotFoundError, "no such revision", "Check what follows the @."),
        (
            errors.RemoteEntryNotFoundError,
            f"a repository without {ARCHIVE_NAME}",
            "`condvae push` makes such repositories.",
        ),
        (
            (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled),
            "no answer from the hub",
            "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE.",
        ),
        (errors.HFValidationError, "a name that the hub does not allow", "Choose another one."),
    )
    try:
        with disable_progress_bars():  # a bar that ends half way would stand before the sentence
            yield
    except Exception as error:
        # an upload that failed is wrapped
        cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
        words = [words for kind, *words in known if isinstance(cause, kind)]
        # what the hub answered, by its number where it has no class
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if not words and status in REFUSALS:
            words = [REFUSALS[status]]
        remedy = "Check the network, or try again later; nothing here has changed."
        received, remedy = (words or [(reason_of(cause), remedy)])[0]
        raise InputError(expected, received, remedy) from None
