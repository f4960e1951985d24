"""What `reconciler init` writes."""

from __future__ import annotations

STARTER = """\
# Which custom domain each of your Imgwire Environments must have. `reconciler validate` checks this file without a key and
# without the network, `reconciler plan` shows what would change, `reconciler apply` changes it.

# The version of this language. There is one.
version: 1

# Where the API is. This is the default.
# api:
#   base_url: https://api.imgwire.dev

# How many hostnames that serve traffic now one apply may interrupt. This is the default.
# limits:
#   max_interruptions: 3

# What the environments below share: any of their keys but `hostname` and `environment_id`. Their own keys win.
# defaults:
#   protect: false
#   labels: {team: web}

# One entry for each Imgwire Environment, under a name of your choice. What is not listed is never read and never touched.
environments:
  production:
    # The custom domain that this Environment must have. Write `null` if it must have none.
    hostname: images.example.com

    # The id of the Environment, from the Imgwire dashboard. Recommended: a key of another Environment is then refused.
    # environment_id: 00000000-0000-4000-8000-000000000000

    # Where its Server API Key is; the key itself is never written here. Left out, it is the variable
    # IMGWIRE_API_KEY_PRODUCTION, and IMGWIRE_API_KEY while there is only one environment.
    # api_key: {env: IMGWIRE_API_KEY_PRODUCTION}
    # api_key: {file: /run/secrets/imgwire}

    # For a credential that opens several Environments: send `environment_id` as the header X-Environment-Id.
    # send_environment_id: false

    # Neither delete nor replace this domain while this stands.
    protect: true

    # For `--selector team=web`.
    # labels: {team: web}

  # The short form is just the hostname.
  # staging: images-staging.example.com

  # Must have no custom domain.
  # sandbox:
  #   hostname: null
"""
