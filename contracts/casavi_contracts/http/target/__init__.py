"""What is judged: a server at an address, or an application in this process."""

from casavi_contracts.http.target.asgi import InProcess
from casavi_contracts.http.target.control import ControlPlane
from casavi_contracts.http.target.target import Capability, Clock, Credentials, Target

__all__ = ["Capability", "Clock", "ControlPlane", "Credentials", "InProcess", "Target"]
