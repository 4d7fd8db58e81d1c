"""The kept engine and plugin at work: a plain project, the Automation API, and a preview on OpenStack without one."""

import json
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.end_to_end
PROVIDER = """
    provider = pulumi.ProviderResource("openstack", "os", {
        "authUrl": "http://127.0.0.1:9/v3", "userName": "u", "password": "a-password", "tenantName": "t",
    })
    place = pulumi.ResourceOptions(provider=provider)
"""


@pytest.fixture
def pulumi(engine_environment, tmp_path):
    """Runs `pulumi` in a project of one program."""

    def run(program, *arguments, wanted=0):
        folder = tmp_path / "project"
        if not folder.exists():
            folder.mkdir()
            (folder / "Pulumi.yaml").write_text("name: tried\nruntime: python\n")
            command("stack", "init", "dev", folder=folder)
        (folder / "__main__.py").write_text("import pulumi\n" + textwrap.dedent(program))
        return command(*arguments, folder=folder, wanted=wanted)

    def command(*arguments, folder, wanted=0):
        found = subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=folder,
            env=engine_environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert found.returncode == wanted, found.stdout + found.stderr
        return found.stdout

    return run


def test_plain_pulumi_up_runs_a_python_program_and_a_second_one_changes_nothing(pulumi):
    program = 'pulumi.ComponentResource("t:x:Part", "part")\npulumi.export("answer", 42)\n'
    assert "2 created" in pulumi(program, "up", "--yes")
    again = pulumi(program, "up", "--yes")
    assert "2 unchanged" in again
    assert "42" in again
    assert "warning" not in again


def test_the_automation_api_runs_an_inline_program(engine_environment, tmp_path):
    program = """
        import pulumi
        from pulumi import automation
        stack = automation.create_or_select_stack(
            "dev", project_name="inline", program=lambda: pulumi.export("answer", 42), work_dir=".")
        print(stack.up().outputs["answer"].value, stack.preview().change_summary)
        stack.destroy()
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        env=engine_environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "42" in found.stdout, found.stdout + found.stderr
    assert "same" in found.stdout


def test_a_preview_on_openstack_needs_no_server_and_keeps_sensitive_inputs_secret(pulumi):
    program = f"""{PROVIDER}
    pulumi.CustomResource("openstack:networking/network:Network", "net", {{"adminStateUp": True}}, place)
    pulumi.CustomResource("openstack:keymanager/secretV1:SecretV1", "key", {{"payload": "a-payload"}}, place)
    """
    text = pulumi(program, "preview", "--json")
    steps = {step["urn"].rsplit("::", 1)[1]: step["newState"] for step in json.loads(text)["steps"]}
    assert steps["net"]["inputs"]["adminStateUp"] is True
    assert steps["net"]["inputs"]["name"].startswith("net-")
    assert steps["key"]["inputs"]["payload"] == "[secret]"
    assert "a-payload" not in text


def test_an_unknown_property_is_an_error_of_the_preview(pulumi):
    program = f"""{PROVIDER}
    pulumi.CustomResource("openstack:networking/network:Network", "net", {{"nmae": "x"}}, place)
    """
    assert "net.nmae" in pulumi(program, "preview", wanted=1)
