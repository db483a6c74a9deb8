"""What is packaged beside the program, its manual page and its completion, knows all that the program does."""

import re
import shutil
import subprocess
import unittest

from harness import HERE, PeerTest, wssgate_program

CONF = HERE.parent.parent / "conf"
COMPLETION = CONF / "completion" / "wssgate.bash"


def help_of(*command):
    return subprocess.run([wssgate_program(), *command, "--help"], capture_output=True, text=True, check=True).stdout


def commands():
    listed = help_of().split("Subcommands:\n")[1]
    return re.findall(r"^  ([a-z-]+) ", listed, re.MULTILINE)


def options(text):
    """The long options that a --help lists, each at the beginning of its line."""
    return set(re.findall(r"^  (?:-\w,)?(--[a-z-]+)", text, re.MULTILINE))


def manual_sections():
    """The manual page's text without troff's backslashes, by command; '' is what comes before the first."""
    text = (CONF / "man" / "wssgate.8").read_text().replace("\\-", "-")
    sections = re.split(r'^\.SS "wssgate ([a-z-]+).*$', text, flags=re.MULTILINE)
    return {"": sections[0], **dict(zip(sections[1::2], sections[2::2]))}


def completed(*words):
    """What bash would offer for the last of the words."""
    script = f'source "{COMPLETION}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _wssgate; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", script, "bash", "wssgate", *words], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


class Packaging(PeerTest):
    def test_the_manual_page_has_every_command_and_option(self):
        sections = manual_sections()
        self.assertEqual(set(sections) - {""}, set(commands()))
        self.assertGreater(len(sections), 10)
        for option in options(help_of()):
            self.assertIn(option, sections[""])
        for command in commands():
            documented = set(re.findall(r"^\.BR? .*?(--[a-z-]+)", sections[command], re.MULTILINE))
            self.assertEqual(documented, options(help_of(command)) - {"--help"}, command)

    def test_completion_offers_every_command_and_option(self):
        self.assertEqual(completed(""), set(commands()) | options(help_of()))
        for command in commands():
            self.assertEqual(completed(command, "--"), options(help_of(command)), command)
        self.assertEqual(completed("run", "--log-format", ""), {"text", "json"})

    def test_the_manual_page_is_clean(self):
        page = CONF / "man" / "wssgate.8"
        checks = {"mandoc": ["mandoc", "-T", "lint", "-W", "warning", page],
                  "man": ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page]}
        tried = [command for program, command in checks.items() if shutil.which(program)]
        if not tried:
            self.skipTest("neither man nor mandoc is installed")
        for command in tried:
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.stderr + (done.stdout if command[0] == "mandoc" else ""), "")


if __name__ == "__main__":
    unittest.main()
