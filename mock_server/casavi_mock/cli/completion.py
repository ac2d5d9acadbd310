"""`casavi-mock completion`: the script that teaches a shell the verbs and options."""

import click
from click.shell_completion import get_completion_class

from casavi_mock.cli.options import CONTEXT


@click.command(context_settings=CONTEXT)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for a shell.

    \b
    Examples:
      eval "$(casavi-mock completion bash)"
      casavi-mock completion fish > ~/.config/fish/completions/casavi-mock.fish
    """
    cli = click.get_current_context().find_root().command
    script = get_completion_class(shell)
    assert script is not None, "click knows all the shells offered above"
    click.echo(script(cli, {}, "casavi-mock", "_CASAVI_MOCK_COMPLETE").source())
