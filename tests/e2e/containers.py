"""An image built and run without a registry: buildah, podman, and a base of Debian packages."""

import json
import os
import shutil
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from exporter import __version__

ROOT = Path(__file__).parents[2]
PROGRAMS = ("buildah", "podman", "mmdebstrap", "runc", "make")
IMAGE = f"ukc-certificate-exporter:{__version__}"

_BASE = "localhost/base:local"
_PACKAGES = "ca-certificates,python3-minimal,python3-venv"
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
_SECONDS = 600.0
_ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith("UKC_")}

#: What a cluster's restricted profile asks for, and the limits that a nested runtime may set.
LOCKED_DOWN = (
    "--read-only",
    "--read-only-tmpfs=false",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--network=host",
    "--ulimit=nofile=4096:4096",
    "--ulimit=nproc=4096:4096",
)


def run(*command: str, cwd: Path = ROOT, **variables: str) -> str:
    """The standard output of a command; AssertionError with all it said where it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**_ENVIRONMENT, **variables},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
    return done.stdout


class Store(NamedTuple):
    """A folder of images and containers of our own, beside those of the machine."""

    folder: Path

    @property
    def _where(self) -> tuple[str, ...]:
        root, state = self.folder / "images", self.folder / "state"
        return ("--root", str(root), "--runroot", str(state), "--storage-driver", "overlay")

    def buildah(self, *arguments: str) -> str:
        """What buildah says."""
        return run("buildah", *self._where, *arguments)

    def podman(self, *arguments: str) -> str:
        """What podman says."""
        runtime = ("--runtime", "runc", "--cgroup-manager", "cgroupfs")
        return run("podman", *self._where, *runtime, *arguments)

    def base(self) -> None:
        """A Debian with Python, in place of the Python image that a registry would give."""
        if _BASE in self.buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
            return
        context = self.folder / "base"
        context.mkdir(exist_ok=True)
        rootfs = context / "rootfs.tar"
        # Documentation, translations and the package lists are in no Python image either.
        run(
            "mmdebstrap",
            "--quiet",
            "--variant=minbase",
            f"--include={_PACKAGES}",
            "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--dpkgopt=path-exclude=/usr/share/man/*",
            "trixie",
            str(rootfs),
        )
        (context / "Dockerfile").write_text("FROM scratch\nADD rootfs.tar /\n")
        self.buildah("bud", "--isolation", "chroot", "--tag", _BASE, str(context))
        rootfs.unlink()

    def build(self, source: Path, **variables: str) -> None:
        """`make image` in a copy of this repository."""
        certificates = str(_CERTIFICATES)
        build = (
            *("buildah", *self._where, "bud", "--isolation", "chroot", "--format", "docker"),
            *("--volume", f"{certificates}:{certificates}:ro"),
            *("--build-arg", f"SSL_CERT_FILE={certificates}"),
            *("--build-arg", f"PIP_CERT={certificates}"),
        )
        run("make", "image", f"BASE={_BASE}", f"BUILD={' '.join(build)}", cwd=source, **variables)

    def inspect(self) -> dict[str, Any]:
        """What the image says of itself."""
        inspected: dict[str, Any] = json.loads(self.podman("image", "inspect", IMAGE))[0]
        return inspected

    def size(self, image: str = IMAGE) -> int:
        """Bytes of an image, uncompressed, its base included."""
        return int(json.loads(self.podman("image", "inspect", image))[0]["Size"])

    def own_bytes(self) -> int:
        """Bytes of the image without its base."""
        return self.size() - self.size(_BASE)

    def save(self, archive: Path) -> None:
        """The image with its layers and its history as a tar file."""
        self.podman("save", "--quiet", "--output", str(archive), IMAGE)

    def start(self, name: str, *arguments: str, options: Sequence[str] = ()) -> None:
        """Start a locked-down container."""
        self.podman("run", "--detach", f"--name={name}", *LOCKED_DOWN, *options, IMAGE, *arguments)

    def stop(self, name: str) -> int:
        """Stop a container as an orchestrator does; its exit code."""
        self.podman("stop", "--time=10", name)
        return int(self.podman("inspect", "--format", "{{.State.ExitCode}}", name))

    def remove(self, name: str) -> None:
        """Remove a container, running or not."""
        self.podman("rm", "--force", "--ignore", name)


def source_tree(folder: Path) -> Path:
    """A copy of what is, or would be, committed here."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
    return folder


def layer_files(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of every layer of a saved image, and its history, by name."""
    with tarfile.open(archive) as image:
        for member in image:
            content = image.extractfile(member)
            if content is None:
                continue
            if not member.name.endswith(".tar"):
                yield member.name, content.read()
                continue
            with tarfile.open(fileobj=content) as layer:
                for file in layer:
                    inside = layer.extractfile(file) if file.isreg() else None
                    if inside is not None:
                        yield file.name, inside.read()


def seconds_since(start: float) -> float:
    """Seconds on the monotonic clock."""
    return time.monotonic() - start
