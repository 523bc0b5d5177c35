"""A server on this machine that answers as the Hugging Face Hub does, as far as models are pushed and fetched."""

import base64
import hashlib
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

NOT_FOUND = {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}


class HubServer(ThreadingHTTPServer):
    """Keeps the commits of repositories in memory.

    Attributes:
        commits: each repository's, by name: the files after each commit, by commit and name.
        tags: of commits, by repository and tag.
        refusal: status and headers of every answer; None: as the Hub would.
        requests: methods and paths, in order.
        private: repositories that were made as such.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.commits: dict[str, dict[str, dict[str, bytes]]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.refusal: tuple[int, dict[str, str]] | None = None
        self.requests: list[str] = []
        self.private: set[str] = set()
        self.uploads: dict[str, bytes] = {}

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def add(self, repository: str, files: dict[str, bytes]) -> str:
        """A commit with these files beside those that are there; gives its id."""
        commits = self.commits.setdefault(repository, {})
        before = list(commits.values())[-1] if commits else {}
        commit = hashlib.sha1(f"{repository} {len(commits)}".encode()).hexdigest()
        commits[commit] = {**before, **files}
        return commit

    def commit_of(self, repository: str, revision: str) -> str | None:
        commits = self.commits.get(repository, {})
        if revision == "main" and commits:
            return list(commits)[-1]
        revision = self.tags.get(repository, {}).get(revision, revision)
        return revision if revision in commits else None


class Handler(BaseHTTPRequestHandler):
    server: HubServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self, status: int, content: object = b"", headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def begin(self) -> str | None:
        """The path, unless the request was answered already."""
        path = unquote(urlsplit(self.path).path)
        self.server.requests.append(f"{self.command} {path}")
        if self.server.refusal:
            self.read()
            self.answer(self.server.refusal[0], b"{}", self.server.refusal[1])
            return None
        return path

    def read(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.begin()
        if path is None:
            return
        if path.startswith("/api/models/"):
            repository, _, revision = path.removeprefix("/api/models/").partition("/revision/")
        else:
            repository, _, place = path[1:].partition("/resolve/")
            revision, _, name = place.partition("/")
        if repository not in self.server.commits:
            self.answer(401, b"", NOT_FOUND)
        elif (commit := self.server.commit_of(repository, revision or "main")) is None:
            self.answer(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
        elif path.startswith("/api/"):
            files = self.server.commits[repository][commit]
            siblings = [{"rfilename": name, "size": len(content)} for name, content in files.items()]
            self.answer(200, {"id": repository, "sha": commit, "siblings": siblings})
        else:
            content = self.server.commits[repository][commit][name]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self.answer(200, content, {"X-Repo-Commit": commit, "ETag": etag, "Accept-Ranges": "none"})

    def do_POST(self) -> None:
        path = self.begin()
        if path is None:
            return
        data = self.read()
        if path == "/api/repos/create":
            self.create(json.loads(data))
        elif path == "/api/validate-yaml":
            errors = problems_of(json.loads(data)["content"])
            self.answer(400 if errors else 200, {"errors": [{"message": error} for error in errors], "warnings": []})
        elif path.endswith("/preupload/main"):
            names = [file["path"] for file in json.loads(data)["files"]]
            self.answer(200, {"files": [{"path": n, "uploadMode": mode(n), "shouldIgnore": False} for n in names]})
        elif path.endswith("/info/lfs/objects/batch"):
            self.answer(200, {"objects": [self.place_for(entry) for entry in json.loads(data)["objects"]]})
        elif path.endswith("/commit/main"):
            self.commit(path.removeprefix("/api/models/").removesuffix("/commit/main"), data.splitlines())
        else:
            self.answer(200, {})

    def do_PUT(self) -> None:
        path = self.begin()
        if path is not None:
            self.server.uploads[path.rpartition("/")[2]] = self.read()
            self.answer(200)

    def create(self, wanted: dict[str, Any]) -> None:
        name = f"{wanted['organization']}/{wanted['name']}" if wanted.get("organization") else wanted["name"]
        if name in self.server.commits:
            self.answer(409, {"error": "You already created this model repo", "url": f"{self.server.endpoint}/{name}"})
            return
        self.server.commits[name] = {}
        if wanted.get("private") or wanted.get("visibility") == "private":
            self.server.private.add(name)
        self.answer(200, {"url": f"{self.server.endpoint}/{name}"})

    def place_for(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, "actions": {"upload": {"href": f"{self.server.endpoint}/upload/{entry['oid']}"}}}

    def commit(self, repository: str, lines: list[bytes]) -> None:
        files = {}
        for line in map(json.loads, lines):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.server.uploads[value["oid"]]
        commit = self.server.add(repository, files)
        page = f"{self.server.endpoint}/{repository}/commit/{commit}"
        self.answer(200, {"success": True, "commitOid": commit, "commitUrl": page})


def mode(name: str) -> str:
    return "lfs" if name.endswith(".safetensors") else "regular"


def problems_of(card: str) -> list[str]:
    """What the Hub would refuse in a card's front matter."""
    begin, _, rest = card.partition("---\n")
    front = yaml.safe_load(rest.partition("\n---\n")[0])
    found = [] if begin == "" and isinstance(front, dict) else ["no front matter"]
    return found + [f'"{key}" must be a string' for key in ("license", "library_name") if type(front[key]) is not str]
