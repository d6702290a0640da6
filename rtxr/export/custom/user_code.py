"""Functions that users register, called so that what they raise says whose they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from rtxr.errors import CustomCodeError, RTXRError
from rtxr.iod.encoding.raw import Predicate
from rtxr.iod.rules import Rule
from rtxr.iod.tables import ModuleUse


def called(where: str, call: Callable[[Any], Any], function: object) -> Any:
    """What a call of a user's function returns.

    Parameters
    ----------
    where : str
        Whose function it is, for the message.
    call : callable
        Calls the function.
    function : callable
        The user's.

    Raises
    ------
    CustomCodeError
        It raised; what it raised is the cause.
    """
    try:
        return call(function)
    except CustomCodeError:
        raise
    except RTXRError as error:
        raise CustomCodeError(f"{where}: {error}; nothing was written") from error
    except Exception as error:
        text = f"{where} raised {type(error).__name__}; nothing was written"
        raise CustomCodeError(text) from error


def guarded(function: Callable[[Any], Any], where: str) -> Callable[[Any], Any]:
    """A function of a data set that says whose it is when it fails."""

    def guard(dataset: Any) -> Any:
        return called(where, lambda own: own(dataset), function)

    return guard


def guarded_conditions(conditions: Mapping[str, Predicate], whose: str) -> dict[str, Predicate]:
    """Conditions by path, each of which says whose it is when it fails."""
    return {
        path: guarded(predicate, f"the condition of {path} ({whose})")
        for path, predicate in conditions.items()
    }


def guarded_rules(rules: Mapping[str, Rule], whose: str) -> dict[str, Rule]:
    """Rules by path, whose functions say whose they are when they fail.

    Raises
    ------
    RTXRError
        One is no rule.
    """
    for path, rule in rules.items():
        if not isinstance(rule, Rule):
            raise RTXRError(
                f"rules={{{path!r}: ...}} ({whose}) is a {type(rule).__name__}; give a rule, such "
                "as constant(...), default(...) or derived(...) of rtxr.iod.rules"
            )
    return {
        path: rule
        if rule.function is None
        else replace(rule, function=guarded(rule.function, f"the rule of {path} ({whose})"))
        for path, rule in rules.items()
    }


def guarded_use(use: ModuleUse) -> ModuleUse:
    """A module in an IOD, whose ``when`` says whose it is when it fails."""
    if use.when is None:
        return use
    return replace(use, when=guarded(use.when, f"when of the module {use.module.name!r}"))
