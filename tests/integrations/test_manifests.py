"""The manifest of examples/ as a reader of YAML has it."""

from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.integration


def test_the_manifest_is_whole():
    path = Path(__file__).parents[2] / "examples" / "jobset.yaml"
    kinds = {
        document["kind"]: document
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    }
    assert set(kinds) == {"ServiceAccount", "Role", "RoleBinding", "JobSet", "Job"}
    (workers,) = kinds["JobSet"]["spec"]["replicatedJobs"]
    job = workers["template"]["spec"]
    pod = job["template"]["spec"]
    assert pod["serviceAccountName"] == kinds["ServiceAccount"]["metadata"]["name"]
    assert job["parallelism"] == job["completions"] == 4
    (container,) = pod["containers"]
    # what was asked for is what is started
    assert container["command"][container["command"].index("--processes") + 1] == "4"
    for spec in (pod, kinds["Job"]["spec"]["template"]["spec"]):
        mounted = {mount["name"] for c in spec["containers"] for mount in c["volumeMounts"]}
        assert mounted == {volume["name"] for volume in spec["volumes"]}
