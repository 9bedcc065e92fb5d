"""The command line: ``ntksym derive | dual | emit | fit | graph | list | check``.

Results go to stdout, progress and errors to stderr.  Exit status: 0 done, 1 a check failed, 2 wrong use or bad input, 130 interrupted.
A command's module is loaded when it is called, so that ``ntksym --help`` loads no SymPy and nothing that needs no numbers loads JAX.
"""

from __future__ import annotations

import difflib
import sys
from importlib import import_module
from types import MappingProxyType, ModuleType

import click

from ntksym import __version__
from ntksym.errors import CheckError, NtksymError

# Command -> (module, what it does).  The module holds a click command of the command's name.
_COMMANDS = MappingProxyType(
    {
        "check": ("ntksym.commands.check", "Derive every theorem anew, check each step, and say what failed."),
        "derive": ("ntksym.commands.derive", "Derive the kernels of a network, show the derivation, write and run the code."),
        "dual": ("ntksym.commands.dual", "Derive the dual activation E[phi(u) phi(v)] and its derivative."),
        "emit": ("ntksym.commands.emit", "Write the derived kernel as one Python module that imports jax only."),
        "fit": ("ntksym.commands.fit", "Fit the infinitely wide network to data: NNGP posterior, NTK at several times."),
        "graph": ("ntksym.commands.graph", "Show the chain-rule graph of a network: tree, Mermaid, TikZ, SVG, PNG, JSON."),
        "list": ("ntksym.commands.list", "List the activations and the derivations there are."),
    }
)

# Loaded only where numbers are computed: these need JAX.
_LATER = MappingProxyType({"experiment": "ntksym.evaluate.experiment", "fit_picture": "ntksym.evaluate.fitting.picture", "fitting": "ntksym.evaluate.fitting"})


def load(name: str) -> ModuleType:
    """The module of the table above."""
    return import_module(_LATER[name])


class LazyGroup(click.Group):
    """A group whose commands are loaded from the table when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return getattr(import_module(_COMMANDS[cmd_name][0]), f"{cmd_name}_command")

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" The commands are {', '.join(sorted(_COMMANDS))}."
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, prog_name="ntksym", message="%(prog)s %(version)s")
def group() -> None:
    """Derive the kernels of wide neural networks, check every step, and run what was derived."""


def main(args: list[str] | None = None) -> None:
    """Run the command line on ``args`` (default: ``sys.argv``) and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # What the terminal cannot show is replaced, never a reason to stop.
            stream.reconfigure(errors="replace")
    try:
        group.main(args=args, prog_name="ntksym", standalone_mode=False)
    except click.exceptions.Exit as leave:
        sys.exit(leave.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted; nothing half written is left.", err=True)
        sys.exit(130)
    except NtksymError as error:
        click.echo(_told(error), err=True)
        sys.exit(1 if isinstance(error, CheckError) else 2)
    except BrokenPipeError:
        # The reader of our output left (`ntksym list | head`): close quietly.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)


def _told(error: NtksymError) -> str:
    """An error on up to three lines: what was seen and where; what it means; what to do."""
    first = f"{error.where}: {error.what}" if error.where else error.what
    lines = [f"Error: {first}"]
    if error.why:
        lines.append(f"  {error.why}")
    if error.fix:
        lines.append(f"  What to do: {error.fix}")
    return "\n".join(lines)
