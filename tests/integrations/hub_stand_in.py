"""A server on this machine that speaks the part of the hub's HTTP interface that condvae uses.

As https://huggingface.co/docs/hub/api has it, and as huggingface_hub asks for it: repositories,
preupload, Git LFS, commits as NDJSON, and files by revision.
"""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

TOKENS = {"hf_mine": "me"}  # who may write under which name
REPOSITORY = r"(?P<kind>models|spaces)/(?P<name>[\w.-]+/[\w.-]+)"


@dataclass
class Repository:
    private: bool
    sdk: str | None = None
    revisions: list[dict[str, bytes]] = field(default_factory=lambda: [{}])
    gated: bool = False

    def commit(self, number=-1):
        """The name of a revision, 40 hexadecimal digits."""
        return hashlib.sha1(str(number % len(self.revisions)).encode()).hexdigest()

    def at(self, revision):
        """The commit and the files of a revision; None where there is none."""
        known = {self.commit(n): n for n in range(len(self.revisions))}
        number = known.get(revision, -1 if revision == "main" else None)
        return None if number is None else (self.commit(number), self.revisions[number])


@dataclass
class StandIn:
    """The server.

    Attributes:
        log: method, path and body of each request.
        faults: [(method, pattern of the path, status)] that are answered instead.
        repositories: by kind and name.
        objects: of LFS, by sha256.
    """

    url: str = ""
    log: list[tuple[str, str, bytes]] = field(default_factory=list)
    faults: list[tuple[str, str, int]] = field(default_factory=list)
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)

    def files(self, name, kind="models"):
        return self.repositories[kind, name].revisions[-1]

    @property
    def asked(self):
        """Methods and paths."""
        return [(method, path) for method, path, _ in self.log]

    @property
    def received(self):
        """Everything that was sent, including base64 content, and everything that is stored."""
        stored = [
            content
            for repository in self.repositories.values()
            for revision in repository.revisions
            for content in revision.values()
        ]
        bodies = [body for _, path, body in self.log]
        paths = [path.encode() for _, path, _ in self.log]
        return b"\n".join([*paths, *bodies, *stored, *self.objects.values()])


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stand_in: StandIn

    def log_message(self, *arguments):
        pass

    def answer(self, status, content=None, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content or {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle_any(self):
        body = self.body()
        self.stand_in.log.append((self.command, self.path, body))
        for method, pattern, status in self.stand_in.faults:
            if self.command == method and re.search(pattern, self.path):
                self.answer(status, {"error": "as the test has it"})
                return
        for method, pattern, do in ROUTES:
            if method == self.command and (found := re.fullmatch(pattern, self.path)):
                do(self, body, **found.groupdict())
                return
        self.answer(404, {"error": "no such route"})

    do_GET = do_HEAD = do_POST = do_PUT = handle_any  # noqa: N815

    @property
    def user(self):
        """The user of a request; None: not logged in; False: an unknown token."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return TOKENS.get(token, False) if token else None

    def may_write(self, name):
        if not self.user:
            said = "Invalid credentials in Authorization header"
            self.answer(401, X_Error_Message=said)
        elif self.user != name.partition("/")[0]:
            self.answer(403, X_Error_Message="You don't have the rights")
        return self.user and self.user == name.partition("/")[0]

    def readable(self, kind, name):
        if self.user is False:
            self.answer(401, X_Error_Message="Invalid credentials in Authorization header")
            return None
        found = self.stand_in.repositories.get((kind, name))
        if found is None or (found.private and self.user != name.partition("/")[0]):
            # the hub tells whoever is nobody neither
            self.answer(404 if self.user else 401, X_Error_Code="RepoNotFound")
            return None
        if found.gated:
            self.answer(403, X_Error_Code="GatedRepo")
            return None
        return found

    def create(self, body):
        asked = json.loads(body)
        kind = f"{asked.get('type', 'model')}s"
        name = f"{asked['organization']}/{asked['name']}"
        if not self.may_write(name):
            return
        page = f"{self.stand_in.url}/{'' if kind == 'models' else 'spaces/'}{name}"
        if (kind, name) in self.stand_in.repositories:
            self.answer(409, {"error": "You already created this repo", "url": page})
            return
        private = asked.get("visibility") == "private" or bool(asked.get("private"))
        self.stand_in.repositories[kind, name] = Repository(private, asked.get("sdk"))
        self.answer(200, {"url": page})

    def info(self, body, kind, name):
        if found := self.readable(kind, name):
            siblings = [{"rfilename": path} for path in found.revisions[-1]]
            said = {"id": name, "sha": found.commit(), "private": found.private}
            self.answer(200, {**said, "siblings": siblings, "tags": []})

    def validate(self, body):
        content = json.loads(body)["content"]
        _, front, _ = content.split("---\n", 2)
        try:
            fine = isinstance(yaml.safe_load(front), dict)
        except yaml.YAMLError:
            fine = False
        self.answer(200 if fine else 400, {"errors": [] if fine else [{"message": "no YAML"}]})

    def preupload(self, body, kind, name):
        if self.readable(kind, name) and self.may_write(name):
            modes = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(body)["files"]
            ]
            self.answer(200, {"files": modes})

    def batch(self, body, name):
        if not self.may_write(name):
            return
        objects = []
        for asked in json.loads(body)["objects"]:
            href = f"{self.stand_in.url}/storage/{asked['oid']}"
            actions = {"actions": {"upload": {"href": href}}}
            objects.append(asked | ({} if asked["oid"] in self.stand_in.objects else actions))
        self.answer(200, {"transfer": "basic", "objects": objects})

    def store(self, body, oid):
        assert hashlib.sha256(body).hexdigest() == oid
        self.stand_in.objects[oid] = body
        self.answer(200)

    def commit(self, body, kind, name):
        found = self.readable(kind, name)
        if not (found and self.may_write(name)):
            return
        files = dict(found.revisions[-1])
        for line in body.splitlines():
            operation = json.loads(line)
            value = operation["value"]
            if operation["key"] == "file":
                assert value["encoding"] == "base64"
                files[value["path"]] = base64.b64decode(value["content"])
            elif operation["key"] == "lfsFile":
                files[value["path"]] = self.stand_in.objects[value["oid"]]
        found.revisions.append(files)
        page = f"{self.stand_in.url}/{name}/commit/{found.commit()}"
        self.answer(200, {"commitUrl": page, "commitOid": found.commit()})

    def resolve(self, body, name, revision, path):
        if (found := self.readable("models", name)) is None:
            return
        if (at := found.at(revision)) is None:
            self.answer(404, X_Error_Code="RevisionNotFound")
        elif path not in at[1]:
            self.answer(404, X_Error_Code="EntryNotFound", X_Repo_Commit=at[0])
        else:
            content = at[1][path]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self.answer(200, content, X_Repo_Commit=at[0], ETag=etag)


ROUTES = (
    ("POST", r"/api/repos/create", Handler.create),
    ("GET", rf"/api/{REPOSITORY}", Handler.info),
    ("POST", r"/api/validate-yaml", Handler.validate),
    ("POST", rf"/api/{REPOSITORY}/preupload/main", Handler.preupload),
    ("POST", r"/(?:spaces/)?(?P<name>[\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", Handler.batch),
    ("PUT", r"/storage/(?P<oid>\w+)", Handler.store),
    ("POST", rf"/api/{REPOSITORY}/commit/main", Handler.commit),
    *(
        (
            method,
            r"/(?P<name>[\w.-]+/[\w.-]+)/resolve/(?P<revision>[^/]+)/(?P<path>.+)",
            Handler.resolve,
        )
        for method in ("HEAD", "GET")
    ),
)


@contextmanager
def serving():
    """A stand-in that answers on 127.0.0.1."""
    stand_in = StandIn()
    handler = type("Bound", (Handler,), {"stand_in": stand_in})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        stand_in.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield stand_in
        finally:
            server.shutdown()
            thread.join()
