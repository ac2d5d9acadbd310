"""The control plane under `/_mock`: reads and steers a running mock over HTTP."""

from casavi_mock.control.app import control_app

__all__ = ["control_app"]
