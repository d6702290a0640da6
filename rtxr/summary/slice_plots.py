"""The picture of a slice of a case, with what its plan says of the dose."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, cast

import xarray as xr

from rtxr.summary.viewing import full_dose
from rtxr.view import slices

if TYPE_CHECKING:
    from matplotlib.axes import Axes

P = ParamSpec("P")


def _prescribed(
    function: Callable[Concatenate[xr.Dataset, P], Axes],
) -> Callable[Concatenate[xr.Dataset, P], Axes]:
    """A picture for which the plan says what 100 % of the dose are, unless the caller does."""

    @wraps(function)
    def picture(ds: xr.Dataset, *args: P.args, **kwargs: P.kwargs) -> Axes:
        dose = kwargs.get("dose", True)
        if dose is not False and kwargs.get("prescription") is None:
            named = dose if isinstance(dose, str) and dose in ds.data_vars else None
            full = full_dose(ds, None, named)
            kwargs["prescription"] = full.gray if full else None
        return function(ds, *args, **kwargs)

    return cast("Callable[Concatenate[xr.Dataset, P], Axes]", picture)


plot_slice = _prescribed(slices.plot_slice)
