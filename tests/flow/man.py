#!/usr/bin/env python3
"""The command's man page against what the command says of itself: every verb, no other, and no option that it has not."""
import functools

from net import *

MAN = f"{os.environ['SOURCE']}/packaging/man/tillproof.1"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


@functools.cache
def help_of(verb):
    return tillproof(*verb.split(), "--help")[0]


def verbs_of(text):
    """Each verb with what its entry says, as the command spells it."""
    entries = re.findall(r'^\.TP\n\.BR "([^"]+)" "([^"]*)"\n(.*)$', text, re.M)
    return {name.replace("\\-", "-"): f"{words} {line}".replace("\\-", "-") for name, words, line in entries}


def wrong(text):
    """What the page says that the command does not, or the other way round; empty when they agree."""
    said, found = verbs_of(text), []
    listed = re.findall(r"^  ([a-z]+(?: [a-z-]+)?)  +\S", help_of(""), re.M)
    check("the command lists its verbs", len(listed) > 30)
    found += [f"{v} is missing" for v in listed if v not in said] + [f"{v} is no verb" for v in said if v not in listed]
    for verb in [v for v in listed if v in said]:
        help_text = help_of(verb)
        usage = help_text.split("\n\n")[0]
        while (shorter := re.sub(r"\[[^][]*\]", "", usage)) != usage:
            usage = shorter  # what may be left out
        known, told = set(OPTION.findall(help_text)), set(OPTION.findall(said[verb]))
        found += [f"{verb} has no {o}" for o in told - known] + [f"{verb} needs {o}" for o in set(OPTION.findall(usage)) - told]
        found += [f"{verb}: a line is missing"] if not said[verb].strip().endswith(".") else []
    return found


with open(MAN, encoding="utf-8") as f:
    page = f.read()
same("the man page", wrong(page), [])
out, err = run("groff", "-man", "-ww", "-Tutf8", "-rLL=100n", MAN)
same("groff has nothing to say", err, "")
check("it reads well", "lease write-off --shop DIR" in re.sub(r"\x1b\[[0-9;]*m|.\x08", "", out).replace("\u2010", "-"))
# What is false is seen.
same("a verb that is not there", wrong(page.replace('"till forks"', '"till spoons"')), ["till forks is missing", "till spoons is no verb"])
same("an option that is not there", wrong(page.replace("[\\-\\-all\\-receipts]", "[\\-\\-no\\-receipts]")), ["audit has no --no-receipts"])
same("one that is needed", wrong(page.replace('"log key" " \\-\\-shop DIR"', '"log key" " "')), ["log key needs --shop"])
