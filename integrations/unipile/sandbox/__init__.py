"""A simulated Unipile: the same HTTP API over a made-up population, seeded, in its own time, and able to misbehave."""

from integrations.unipile.sandbox.app import Sandbox as Sandbox
from integrations.unipile.sandbox.transport import SandboxAdapter as SandboxAdapter
