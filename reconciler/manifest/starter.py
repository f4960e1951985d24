"""The manifest that `reconciler init` writes."""

from __future__ import annotations

import shlex
from pathlib import Path

from reconciler.manifest.sources import DEFAULT_PATH

STARTER = """\
# The custom domain of each of your Imgwire Environments.
# `reconciler validate` checks this file. `reconciler plan` shows the changes.
# `reconciler apply` makes them.

# The version of this format. There is only version 1.
version: 1

# The URL of the API. This is the default.
# api:
#   base_url: https://api.imgwire.dev

# limits:
#   How many serving hostnames one apply may interrupt. This is the default.
#   max_interruptions: 3
#   Every hostname must be at or below one of these domains.
#   allowed_domains: [example.com]
#   When apply may interrupt hostnames.
#   change_windows:
#     - {days: [mon, tue, wed, thu], from: "22:00", to: "02:00", time_zone: Europe/Berlin}

# Settings for all environments below: any of their keys except `hostname` and
# `environment_id`.
# defaults:
#   protect: false
#   labels: {team: web}

# One entry for each Imgwire Environment, under a name of your choice.
# Environments you do not list are left alone.
environments:
  production:
    # The custom domain of this Environment. Write `null` for none.
    hostname: images.example.com

    # The id of the Environment, from the Imgwire dashboard. Recommended: keys of
    # other Environments are then refused.
    # environment_id: 00000000-0000-4000-8000-000000000000

    # The place of its Server API Key. Never write the key itself here. The default is
    # the variable IMGWIRE_API_KEY_PRODUCTION, then IMGWIRE_API_KEY
    # if there is only one environment.
    # api_key: {env: IMGWIRE_API_KEY_PRODUCTION}
    # api_key: {file: /run/secrets/imgwire}
    # api_key: {dir: /run/secrets}

    # For a credential that opens several Environments: send `environment_id` as the
    # header X-Environment-Id.
    # send_environment_id: false

    # Do not delete or replace this custom domain.
    protect: true

    # For `--selector team=web`.
    # labels: {team: web}

  # The short form is just the hostname.
  # staging: images-staging.example.com

  # No custom domain.
  # sandbox:
  #   hostname: null
"""


def write_starter(path: str) -> None:
    """Write the manifest to a new file. A missing folder is created. Raises OSError, FileExistsError for an existing file."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("x", encoding="utf-8") as file:
        file.write(STARTER)


def next_step(path: str) -> str:
    """What to do with the starter at this path."""
    named = "" if path == DEFAULT_PATH else f" -f {shlex.quote(path)}"
    return f"Wrote {path}. Put your hostnames in, then run `reconciler validate{named}`."
