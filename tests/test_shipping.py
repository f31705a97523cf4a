"""What is shipped beside the code: the image, the units, the locks, and whose work all of it stands on.

The image itself is tried where `FOREWARN_TEST_IMAGE` names one; Docker needs its compose plugin for that.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions, requires
from pathlib import Path

import promql_parser
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.bot.conversation import sample

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
TOOLS = Path(sys.executable).parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMAGE = os.environ.get("FOREWARN_TEST_IMAGE")
IN_IMAGE = ("offline", "offline-ru", "traces")
"""Extras that the image has."""


def run(*command: str | Path, **how) -> str:
    """What a command says; an AssertionError with it if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, **how
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_dockerfile_is_as_dockerfiles_should_be():
    assert run(TOOLS / "hadolint", "--failure-threshold", "info", "Dockerfile") == ""


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_docker_asks_how_it_is_where_it_listens(status, code):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_):
            pass

    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    _, *check = json.loads(re.search(r"^HEALTHCHECK .*\\\n +CMD (.+)$", dockerfile, re.MULTILINE)[1])
    with HTTPServer(("127.0.0.1", 0), Page) as pages:
        threading.Thread(target=pages.serve_forever, daemon=True).start()
        listen = {"FOREWARN_METRICS_LISTEN": f"0.0.0.0:{pages.server_port}"}
        asked = subprocess.run([sys.executable, *check], env=os.environ | listen, timeout=20)
        pages.shutdown()
    assert asked.returncode == code


@pytest.mark.parametrize("file", ["compose.yaml", "compose.scale.yaml"])
def test_the_compose_files_give_the_bot_no_more_than_it_needs(tmp_path, file):
    services = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))["services"]
    for name, service in services.items():
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert {"mem_limit", "pids_limit", "stop_grace_period"} <= set(service)
        assert not {"privileged", "ports", "network_mode", "user"} & set(service)
        if name != "database":
            assert [volume.partition(":")[2] for volume in service["volumes"]] == ["/data"]
            assert "cap_add" not in service
    compose = shutil.which("docker") and subprocess.run(["docker", "compose", "version"], capture_output=True)
    if compose and not compose.returncode:
        (tmp_path / ".env").write_text("FOREWARN_DATABASE_PASSWORD=secret\n", encoding="utf-8")
        run("docker", "compose", "--project-directory", tmp_path, "-f", file, "config", "--quiet")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_unit(tmp_path):
    program = tmp_path / "opt" / "forewarn" / "bin" / "forewarn"
    program.parent.mkdir(parents=True)
    program.touch(0o755)
    unit = (DEPLOY / "forewarn.service").read_text(encoding="utf-8")
    (tmp_path / "forewarn.service").write_text(unit.replace("/opt/forewarn/", f"{program.parents[1]}/"))
    assert run("systemd-analyze", "verify", "--man=no", tmp_path / "forewarn.service") == ""


def expressions() -> list[str]:
    alerts = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))
    dashboard = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
    return [rule["expr"] for group in alerts["groups"] for rule in group["rules"]] + [
        target["expr"].replace("$__rate_interval", "1m").replace("$__range", "1h")
        for panel in dashboard["panels"]
        for target in panel.get("targets", ())
    ]


@pytest.mark.parametrize("expression", expressions())
def test_prometheus_understands_what_is_asked(expression):
    promql_parser.parse(expression)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="no Prometheus here")
def test_prometheus_understands_the_alerts():
    run("promtool", "check", "rules", "--lint-fatal", DEPLOY / "alerts.yaml")


def test_make_benchmark_prints_figures_alone_also_when_all_has_to_be_installed_first(tmp_path):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / "python"
    python.write_text(
        """#!/bin/sh
        case "$*" in
            -c*) ;;
            scripts/*) echo "{}" ;;
            "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && cp "$0" .venv/bin/pip ;;
            *) echo "Collecting packages" ;;
        esac
        """
    )
    python.chmod(0o755)
    command = ["make", "--directory", tmp_path, "--no-print-directory", f"PYTHON={python}", "benchmark"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{}\n{}\n"
    assert "Collecting packages" in done.stderr


def wanted(extras: tuple[str, ...] = ()) -> list[Requirement]:
    named = PROJECT["dependencies"] + [
        one for extra in extras for one in PROJECT["optional-dependencies"][extra]
    ]
    return [Requirement(one) for one in named]


def locked() -> dict[str, list[tuple[str, Requirement]]]:
    """Package → what the lock says of it, for this and other machines: version, and the whole line."""
    found: dict[str, list[tuple[str, Requirement]]] = {}
    for block in re.split(r"\n(?=\S)", (DEPLOY / "requirements.lock").read_text(encoding="utf-8")):
        if block.startswith("#"):
            continue
        one = Requirement(block.partition(" \\\n")[0])
        assert block.count("--hash=sha256:") >= 1, one.name
        version = re.fullmatch("==(.+)", str(one.specifier))
        assert version, one
        found.setdefault(canonicalize_name(one.name), []).append((version[1], one))
    return found


def test_the_lock_is_what_pyproject_asks_for():
    lock = locked()
    for one in wanted(IN_IMAGE):
        versions = lock[canonicalize_name(one.name)]
        assert all(one.specifier.contains(version) for version, _ in versions), f"{one}: run deploy/lock.sh"


def test_the_lock_leaves_nothing_to_chance():
    """What the packages of the image require in their turn is locked too."""
    lock = {name for name, versions in locked().items() if any(applies(one) for _, one in versions)}
    seen: set[tuple[str, str]] = set()
    waiting = [(one.name, extra) for one in wanted(IN_IMAGE) for extra in ("", *one.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        assert canonicalize_name(name) in lock, f"{name}: run deploy/lock.sh"
        for needed in map(Requirement, requires(name) or ()):
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, more) for more in ("", *needed.extras)]
    assert len({name for name, _ in seen}) > len(wanted(IN_IMAGE))


def applies(one: Requirement) -> bool:
    return one.marker is None or one.marker.evaluate()


def test_every_package_that_is_named_is_used_and_the_other_way_round():
    homes = packages_distributions()
    imported = {
        module: {canonicalize_name(home) for home in homes[module]}  # several where they share a namespace
        for folder in ("bot", "models")
        for file in (ROOT / folder).rglob("*.py")
        for module in modules(ast.parse(file.read_text(encoding="utf-8")))
        if module in homes
    }
    named = {canonicalize_name(one.name) for one in wanted()}
    optional = {
        canonicalize_name(Requirement(one).name)
        for extra in PROJECT["optional-dependencies"].values()
        for one in extra
    }
    # SQLAlchemy finds two of these by the database's URL, httpcore imports the third. python-telegram-bot
    # brings httpx and, by its extra, tornado; fluent.runtime its parser; gradio what it stands on.
    assert named - set().union(*imported.values()) == {"aiosqlite", "psycopg", "sniffio"}
    brought = {"forewarn", "httpx", "tornado", "fluent-syntax"}
    brought |= {"fastapi", "jinja2", "markupsafe", "starlette", "uvicorn"}
    known = named | optional | brought
    assert [module for module, packages in imported.items() if not packages & known] == []


def modules(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_whose_work_it_is_stands_in_the_table():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    table = {}
    for names, licence in re.findall(
        r"^\| ([\w., -]+?)(?: \([^|]*\))? \|[^|]*\| (.+) \|$", page, re.MULTILINE
    ):
        table |= {canonicalize_name(name): licence for name in names.split(", ")}
    del table["package"]
    bench = {"train", "voices", "test"}
    extras = tuple(set(PROJECT["optional-dependencies"]) - bench)
    run_time = {canonicalize_name(one.name) for one in wanted(extras)}
    assert set(table) == run_time
    for name, licence in table.items():
        assert licence in declared(name), name


def declared(package: str) -> set[str]:
    """The licence, in each way in which a package may name it."""
    try:
        about = metadata(package)
    except PackageNotFoundError:
        pytest.skip(f"{package} is not installed")
    classes = (one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or () if "License ::" in one)
    return {about.get("License-Expression"), about.get("License"), *classes}


def assert_complete(bill: dict, packages: set[str]) -> None:
    """Every package is in the bill with version, purl and licence; nothing there leads to this machine."""
    components = {canonicalize_name(one["name"]): one for one in bill["components"]}
    assert packages - set(components) == set()
    for name in packages:
        one = components[name]
        assert one["purl"].lower().replace("_", "-").replace(".", "-").startswith(f"pkg:pypi/{name}@"), name
        assert one.get("licenses") or name == "protobuf", name  # which does not name its own well enough
    refs = {one["ref"] for one in bill["dependencies"]}
    assert {one["bom-ref"] for one in components.values()} <= refs


def test_the_bill_of_materials_is_complete(tmp_path):
    path = {"PATH": f"{TOOLS}:{os.environ['PATH']}"}
    bill = tmp_path / "sbom.json"
    run(DEPLOY / "sbom.sh", sys.executable, bill, env=os.environ | path)
    names = {name for name, versions in locked().items() if any(applies(one) for _, one in versions)}
    assert_complete(json.loads(bill.read_text(encoding="utf-8")), names)


@pytest.mark.skipif(IMAGE is None, reason="FOREWARN_TEST_IMAGE names no image")
class TestImage:
    """The image as compose.yaml runs it, with a Telegram of its own on this machine."""

    def test_it_holds_what_runs_and_nothing_else(self):
        config = json.loads(run("docker", "inspect", "--format", "{{json .Config}}", IMAGE))
        assert config["User"] == "10001:10001"
        assert "/healthz" in " ".join(config["Healthcheck"]["Test"])
        assert not [one for one in config["Env"] if "TOKEN" in one]
        look = "cd /opt/forewarn/lib/python3*/site-packages && ls -d pip setuptools torch tests 2>/dev/null"
        look += "; command -v gcc cc make git; find / -xdev -user 10001 -not -path '/proc/*' 2>/dev/null"
        assert run("docker", "run", "--rm", "--entrypoint", "sh", IMAGE, "-c", f"{look}; true") == "/data\n"

    def test_its_bill_of_materials_is_complete(self):
        bill = run("docker", "run", "--rm", "--entrypoint", "cat", IMAGE, "/opt/forewarn/sbom.cdx.json")
        listed = "from importlib.metadata import distributions as d; print(*{one.name for one in d()})"
        installed = run("docker", "run", "--rm", "--entrypoint", "python", IMAGE, "-c", listed).split()
        names = {canonicalize_name(name) for name in installed} - {"forewarn"}
        assert_complete(json.loads(bill), names)
        assert len(json.loads(bill)["components"]) - len(names) in (0, 1)

    async def test_it_answers(self, telegram, tmp_path):
        environment = {
            "FOREWARN_TOKEN": telegram.token,
            "FOREWARN_API_URL": telegram.url,
            "FOREWARN_ENGINE": "whisper",
        }
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
        here = {"network_mode": "host", "image": IMAGE, "healthcheck": {"interval": "1s"}}
        (tmp_path / "here.yaml").write_text(json.dumps({"services": {"bot": here}}))
        compose = ["docker", "compose", "--project-directory", tmp_path, "--project-name", "forewarn-test"]
        compose += ["-f", "compose.yaml", "-f", tmp_path / "here.yaml"]
        anna = telegram.user("Anna", language_code="en")
        try:
            await asyncio.to_thread(run, *compose, "up", "--detach", "--no-build", "--wait")
            note = telegram.private(anna).voice(anna, sample("negative"))
            assert "negative" in (await note.reply(within=60)).text
            inside = [*compose, "exec", "bot"]
            status = await asyncio.to_thread(run, *inside, "cat", "/proc/1/status")
            assert re.search(r"^Uid:\t10001\t", status, re.MULTILINE)
            assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE)
            assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
            for place in ("/", "/opt/forewarn"):
                with pytest.raises(AssertionError, match="Read-only"):
                    await asyncio.to_thread(run, *inside, "touch", f"{place}/x")
            doctor = await asyncio.to_thread(run, *inside, "forewarn", "doctor")
            assert {line[0] for line in doctor.splitlines() if line[0] in "✓✗"} == {"✓"}, doctor
            await asyncio.to_thread(run, *compose, "stop")
            log = await asyncio.to_thread(run, *compose, "logs", "bot")
            assert "stopped" in log
            assert "Traceback" not in log
        finally:
            await asyncio.to_thread(run, *compose, "down", "--volumes")
