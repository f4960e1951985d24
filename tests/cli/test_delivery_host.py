"""`status --format dotenv`: the hostname that deployments should use now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from samples import uid

from cli.stage import key

if TYPE_CHECKING:
    from cli.stage import Stage

DEFAULT = "cdn.imgwire.dev"


def test_a_ready_hostname_is_used_and_any_other_is_not(stage: Stage) -> None:
    stage.environment("web", "images.example.com")
    stage.environment("new", "new.example.com", status="PENDING", certificate_status="PENDING")
    stage.environment("none")
    stage.manifest(web="images.example.com", new="new.example.com", none="later.example.com")
    ended = stage.run("status", "--format", "dotenv")
    assert (ended.code, ended.out) == (
        0,
        "# new: new.example.com status PENDING, certificate PENDING\n"
        f"IMGWIRE_HOST_NEW={DEFAULT}\n"
        "# none: no custom domain\n"
        f"IMGWIRE_HOST_NONE={DEFAULT}\n"
        "# web: CONNECTED and ACTIVE\n"
        "IMGWIRE_HOST_WEB=images.example.com\n",
    )
    hosts = [item["delivery_host"] for item in stage.run("status", "--format", "json").document["environments"]]
    assert hosts == [DEFAULT, DEFAULT, "images.example.com"]


def test_an_environment_that_cannot_be_read_gets_the_default(stage: Stage) -> None:
    stage.manifest(unknown="images.example.com")
    ended = stage.run("status", "--format", "dotenv")
    assert ended.code == 7
    assert ended.out.splitlines()[-1] == f"IMGWIRE_HOST_UNKNOWN={DEFAULT}"


def test_a_hostname_of_the_wrong_environment_is_not_used(stage: Stage) -> None:
    stage.environment("web", "images.example.com")
    stage.manifest(web={"hostname": "images.example.com", "environment_id": uid("another")})
    ended = stage.run("status", "--format", "dotenv")
    assert (ended.code, ended.out.splitlines()[-1]) == (5, f"IMGWIRE_HOST_WEB={DEFAULT}")


def test_environments_that_share_a_variable_get_none(stage: Stage) -> None:
    for name, variable in (("web-a", "IMGWIRE_KEY_1"), ("web_a", "IMGWIRE_KEY_2")):
        stage.environment(name, f"{name[-1]}{variable[-1]}.example.com")
        stage.set(variable, key(name))
    stage.manifest(
        **{
            "web-a": {"hostname": "a1.example.com", "api_key": {"env": "IMGWIRE_KEY_1"}},
            "web_a": {"hostname": "a2.example.com", "api_key": {"env": "IMGWIRE_KEY_2"}},
        }
    )
    ended = stage.run("status", "--format", "dotenv")
    assert ended.code == 0
    assert "IMGWIRE_HOST_WEB_A=" not in ended.out
    assert ended.out.count("# IMGWIRE_HOST_WEB_A is left out: several environments share this variable\n") == 2


def test_text_of_the_api_stays_in_its_comment(stage: Stage) -> None:
    stage.environment("web", "images.example.com", status="PENDING\nIMGWIRE_HOST_WEB=evil.example.net")
    stage.manifest(web="images.example.com")
    ended = stage.run("status", "--format", "dotenv")
    assert [line for line in ended.out.splitlines() if not line.startswith("#")] == [f"IMGWIRE_HOST_WEB={DEFAULT}"]
