"""Runs on the Hugging Face hub: addresses, download and upload, using huggingface_hub.

There are no network requests other than those that the caller asks for; huggingface_hub identifies
the user by HF_TOKEN, or by its own login.
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
PREFIX = re.compile(r"hf:/{1,2}")  # a Path merges the two slashes
NAME = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*/[\w.-]+)(@(?P<revision>[^\s@]+))?")

REFUSALS = {
    401: ("a token that the hub does not know", "Run `hf auth login` again, or correct HF_TOKEN."),
    403: (
        "a token without this permission",
        "Use a token with write permission, or a repository of your own.",
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
        """The address in a text; otherwise InputError."""
        if (found := NAME.fullmatch(PREFIX.sub("", text, count=1))) is None:
            raise InputError(
                "a repository of the hub must be written as user/name",
                repr(text),
                "Write your user name on the hub, a slash, and a name for the model.",
            )
        return cls(found["name"], found["revision"])

    @classmethod
    def of_run(cls, run: Path | str) -> Self | None:
        """The address in RUN, such as "hf://user/name"; None if it is a path."""
        return cls.parse(str(run)) if PREFIX.match(str(run)) else None

    @property
    def short_name(self) -> str:
        """The name without the user name."""
        return self.name.partition("/")[2]

    def url(self, kind: Kind = "model") -> str:
        """The URL of its page; HF_ENDPOINT selects another hub."""
        endpoint = os.environ.get("HF_ENDPOINT", ENDPOINT).rstrip("/")
        return f"{endpoint}/{'spaces/' if kind == 'space' else ''}{self.name}"

    def __str__(self) -> str:
        return f"hf://{self.name}" + (f"@{self.revision}" if self.revision else "")


def fetch(address: Address, folder: Path | None = None) -> Path:
    """Download the archive of a run.

    Args:
        folder: the target folder; None: huggingface_hub's cache, which is used if it has the file.

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
    """Raise InputError if `send` would replace existing files, or publish private ones.

    Args:
        names: names of the files to send.
        private: whether the repository must not be public.
        overwrite: whether existing files may be replaced; the hub keeps earlier revisions.

    Raises:
        InputError: also if nobody is logged in, or there is no network.
    """
    hub = _library()
    from huggingface_hub.errors import RepositoryNotFoundError

    if hub.get_token() is None:
        raise InputError(
            "the hub must know the user",
            "no token",
            "Run `hf auth login`, or set HF_TOKEN to a token with write permission.",
        )
    with _told(f"{address.url(kind)} must be a repository with write permission"):
        try:
            found = hub.HfApi(library_name="condvae").repo_info(address.name, repo_type=kind)
        except RepositoryNotFoundError:  # it will be created
            return
    if private and not found.private:
        raise InputError(
            f"{address.url(kind)} must be private",
            "an existing public repository",
            "Make it private on its page, or choose another name.",
        )
    held = sorted({file.rfilename for file in found.siblings or []} & {*names})
    if held and not overwrite:
        raise InputError(
            f"{address.url(kind)} must not hold {', '.join(names)} yet",
            f"{', '.join(held)} there",
            "Choose another name, or set `overwrite=True`, which creates a new revision.",
        )


def send(address: Address, folder: Path, kind: Kind, private: bool) -> str:
    """Create the repository if needed, and upload the files of a folder in one commit.

    Returns:
        The address of the commit's page.

    Raises:
        InputError: no permission, no network, or an error of the hub.
    """
    hub = _library()
    api = hub.HfApi(library_name="condvae")
    with _told(f"{address.url(kind)} must accept the files, all or none"):
        api.create_repo(
            address.name,
            repo_type=kind,
            private=private or None,  # otherwise the default of the user's organisation
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
    """The module huggingface_hub, configured to send no information about this machine."""
    try:
        import huggingface_hub
        from huggingface_hub import constants
    except ImportError:
        raise InputError(
            "the hub requires huggingface_hub",
            "an installation without it",
            "Install it with: pip install 'condvae[hub]'",
        ) from None
    # otherwise it requests a list of programs from the hub, to report which one started this
    # process
    constants.HF_HUB_DISABLE_TELEMETRY = True
    return huggingface_hub


@contextmanager
def _told(expected: str) -> Iterator[None]:
    """Replace errors of the hub and the network by clear ones.

    The block contains only calls of the library, whose errors have many base classes.
    """
    from huggingface_hub import errors
    from huggingface_hub.utils import disable_progress_bars

    # the first that matches, since some are subclasses of others
    known = (
        (errors.GatedRepoError, "one with restricted access", "Request access on its page."),
        (
            errors.RepositoryNotFoundError,
            "no repository of this name that you may read",
            "Check the name; a private repository requires `hf auth login` or HF_TOKEN.",
        ),
        (errors.RevisionNotFoundError, "no such revision", "Check the text after the @."),
        (
            errors.RemoteEntryNotFoundError,
            f"a repository without {ARCHIVE_NAME}",
            "Use a repository made by `condvae push`.",
        ),
        (
            (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled),
            "no answer from the hub",
            "Check the network, HF_ENDPOINT and HF_HUB_OFFLINE.",
        ),
        (errors.HFValidationError, "a name that the hub does not allow", "Choose another one."),
    )
    try:
        with disable_progress_bars():  # an unfinished bar would precede the error message
            yield
    except Exception as error:
        # errors of uploads are wrapped
        cause = error.__cause__ if type(error) is RuntimeError and error.__cause__ else error
        words = [words for kind, *words in known if isinstance(cause, kind)]
        # the hub's HTTP status, for errors without a class
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if not words and status in REFUSALS:
            words = [REFUSALS[status]]
        remedy = "Check the network, or try again later; nothing here has changed."
        received, remedy = (words or [(reason_of(cause), remedy)])[0]
        raise InputError(expected, received, remedy) from None
