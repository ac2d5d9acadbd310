"""The control plane under `/_mock`: reads and steers a running mock over HTTP.

`openapi.yaml` describes it once: routes, checks, the command line and `docs/reference/control.md` follow.
"""
