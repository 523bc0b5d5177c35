"""``segnet completion``: print the shell code for completion with the Tab key."""

import argparse

EXAMPLE = """\
example:
  echo 'eval "$(segnet completion bash)"' >> ~/.bashrc
  echo 'eval "$(segnet completion zsh)"' >> ~/.zshrc
  segnet completion fish > ~/.config/fish/completions/segnet.fish

Open a new shell afterwards.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = EXAMPLE
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["segnet"], shell=args.shell))
    return 0
